/** `eigensketch verify`: every file of a directory of run or eigsh against its checksum, and its numbers against each other. */
import { described, optional } from '../core/parse.ts';
import { verifySearch } from '../store/search/verify.ts';
import { verifyDirectory } from '../store/sketch/verify.ts';
import { type Command, defineCommand, json } from './command.ts';
import { EXIT } from './exit.ts';
import { loadOperator } from './operator-file.ts';
import { operatorField } from './sketching.ts';
import { isSearch, openStored } from './stored-analysis.ts';
import { directoryOf } from './storing.ts';

export const verifyCommand: Command = defineCommand({
  name: 'verify',
  usage: ['verify DIR', 'verify DIR --operator FILE'],
  about: `A damaged block of a sketch is measured again once its file is deleted; a search of eigsh needs all of its own.
Samples of bases and eigenvectors must be orthonormal. With --operator, whose products are then made again for a few
columns, products must be its own and eigenpairs have the residuals that they are said to have.`,
  fields: {
    operator: described(optional(operatorField), `${operatorField.help}, to make a few products again`),
    json,
  },
  examples: ['verify hessian.sketch --operator hessian.js'],
  async run({ values, words }, { signal }) {
    const path = directoryOf({}, words);
    const directory = await openStored(path);
    const op = values.operator === undefined ? undefined : await loadOperator(values.operator);
    const { files, damaged } = isSearch(directory)
      ? await verifySearch(directory, op, signal)
      : await verifyDirectory(directory, op, signal);
    if (values.json) console.log(JSON.stringify({ directory: path, files, damaged }, null, 2));
    else {
      for (const { message } of damaged) console.error(message);
      const products = op ? ", and the products are the operator's" : '';
      const well = `all as they were written, bases are orthonormal${products}`;
      console.log(`${files} files, ${damaged.length === 0 ? well : `${damaged.length} damaged`}`);
    }
    return damaged.length === 0 ? EXIT.done : EXIT.file;
  },
});
