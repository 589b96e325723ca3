/** `eigensketch verify`: every file of a directory of run or eigsh against its checksum. */
import { holds, SEARCH } from '../store/directory.ts';
import { openSearchDirectory } from '../store/search/directory.ts';
import { verifySearch } from '../store/search/verify.ts';
import { openDirectory } from '../store/sketch/directory.ts';
import { verifyDirectory } from '../store/sketch/verify.ts';
import { type Command, defineCommand, json } from './command.ts';
import { EXIT } from './exit.ts';
import { directoryOf } from './storing.ts';

export const verifyCommand: Command = defineCommand({
  name: 'verify',
  usage: ['verify DIR'],
  about:
    'A damaged block of a sketch is measured again once its file is deleted; a search of eigsh needs all of its own.',
  fields: { json },
  examples: ['verify hessian.sketch'],
  async run({ values, words }, { signal }) {
    const path = directoryOf({}, words);
    const { files, damaged } = (await holds(SEARCH, path))
      ? await verifySearch(await openSearchDirectory(path), signal)
      : await verifyDirectory(await openDirectory(path), signal);
    if (values.json) console.log(JSON.stringify({ directory: path, files, damaged }, null, 2));
    else {
      for (const { message } of damaged) console.error(message);
      console.log(`${files} files, ${damaged.length === 0 ? 'all as they were written' : `${damaged.length} damaged`}`);
    }
    return damaged.length === 0 ? EXIT.done : EXIT.file;
  },
});
