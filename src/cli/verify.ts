/** `eigensketch verify`: every file of a directory of run or eigsh against its checksum, and its numbers against each other. */
import { type Command, defineCommand, json } from './command.ts';
import { MODEL_USAGE, SOURCE_FIELDS } from './operator-source.ts';

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
  run: async (args, context) => (await import('./directories/verify.ts')).verifyFiles(args, context),
});
