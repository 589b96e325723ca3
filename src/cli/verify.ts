/** `eigensketch verify`: every file of a directory of run or eigsh against its checksum. */

import { holdsSearch, openSearchDirectory } from '../store/search/directory.ts';
import { verifySearch } from '../store/search/verify.ts';
import { openDirectory } from '../store/sketch/directory.ts';
import { verifyDirectory } from '../store/sketch/verify.ts';
import { type Command, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { directoryOf } from './storing.ts';

const WHERE = 'eigensketch verify';

export const verifyCommand: Command = {
  summary: 'every file of a directory of run or eigsh against its checksum',
  help: `Usage: eigensketch verify DIR

  --json                  print JSON instead of text
  --help                  this text

A damaged block of a sketch is measured again once its file is deleted; a search of eigsh needs all of its own.

Example
  eigensketch verify hessian.sketch

${EXIT_HELP}`,
  async run(args, { signal }) {
    const { flags, positionals } = parse(args, { json: { type: 'boolean' }, help: { type: 'boolean', short: 'h' } });
    const path = directoryOf(WHERE, flags, positionals);
    const { files, damaged } = (await holdsSearch(path))
      ? await verifySearch(await openSearchDirectory(WHERE, path), signal)
      : await verifyDirectory(WHERE, await openDirectory(WHERE, path), signal);
    if (flags.json) console.log(JSON.stringify({ directory: path, files, damaged }, null, 2));
    else {
      for (const { message } of damaged) console.error(message);
      console.log(`${files} files, ${damaged.length === 0 ? 'all as they were written' : `${damaged.length} damaged`}`);
    }
    return damaged.length === 0 ? EXIT.done : EXIT.file;
  },
};
