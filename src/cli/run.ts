/** `eigensketch run`: a sketch in a directory from the first product to the certificate, on this machine. */
import { FINAL_CERTIFICATE_FIELDS } from './certificate-options.ts';
import { type Command, defineCommand } from './command.ts';
import { MODEL_USAGE } from './operator-source.ts';
import { CREATION_FIELDS } from './storing.ts';

export const runCommand: Command = defineCommand({
  name: 'run',
  usage: [
    'run --operator FILE --dims K --out DIR [options]',
    `run ${MODEL_USAGE} --dims K --out DIR [options]`,
    'run --out DIR (--operator FILE | --trust)',
  ],
  fields: { ...CREATION_FIELDS, ...FINAL_CERTIFICATE_FIELDS },
  examples: [
    'run --operator hessian.js --dims 200 --out hessian.sketch --memory 2GB',
    'run --model model.json --data x.npy --labels y.npy --loss softmaxCrossEntropy --dims 200 --out model.sketch',
  ],
  run: async (args, context) => (await import('./directories/run.ts')).runDirectory(args, context),
});
