/** `eigensketch verify`: every file of a directory of run or eigsh against its checksum, and its numbers against each other. */
import { verifySearch } from '../store/search/verify.ts';
import { verifyDirectory } from '../store/sketch/verify.ts';
import { type Command, defineCommand, json } from './command.ts';
import { EXIT } from './exit.ts';
import { givenSource, MODEL_USAGE, operatorOf, SOURCE_FIELDS } from './operator-source.ts';
import { isSearch, openStored } from './stored-analysis.ts';
import { directoryOf } from './storing.ts';

export const verifyCommand: Command = defineCommand({
  name: 'verify',
  usage: ['verify DIR', 'verify DIR --operator FILE', `verify DIR ${MODEL_USAGE}`],
  about: `A damaged block of a sketch is measured again once its file is deleted; a search of eigsh needs all of its own.
Samples of bases and eigenvectors must be orthonormal. With --operator or --model, whose products are then made again for a few
columns, products must be its own and eigenpairs have the residuals that they are said to have.`,
  fields: {
    ...SOURCE_FIELDS,
    json,
  },
  examples: ['verify hessian.sketch --operator hessian.js'],
  async run({ given, values, words }, { signal }) {
    const source = givenSource(given);
    const path = directoryOf({}, words);
    const directory = await openStored(path);
    const op = source && (await operatorOf(source));
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
