/** `eigensketch launch`: a run on many processes or machines. */
import { choice, described, integer, optional, text, withDefault } from '../core/parse.ts';
import { FINAL_CERTIFICATE_FIELDS } from './certificate-options.ts';
import { type Command, defineCommand, list } from './command.ts';
import { MODEL_USAGE } from './operator-source.ts';
import { CREATION_FIELDS } from './storing.ts';

const ENGINES = ['slurm', 'local'] as const;

export const launchCommand: Command = defineCommand({
  name: 'launch',
  usage: [
    'launch --engine slurm --operator FILE --dims K --out DIR --shards M [options]',
    `launch --engine local ${MODEL_USAGE} --dims K --out DIR -j 2 [options]`,
    'launch --engine local --out DIR (--operator FILE | --trust) -j 2',
  ],
  about: 'A second launch submits only what is missing.',
  short: { j: 'shards' },
  fields: {
    engine: described(choice(ENGINES), 'where the processes run'),
    shards: described(withDefault(integer(1), 2), 'jobs of an array, or processes'),
    partition: described(optional(text), 'passed to sbatch for every job'),
    time: described(optional(text), 'likewise'),
    gpus: described(optional(text), 'likewise'),
    sbatch: described(list, 'any further option of sbatch, such as --sbatch=--mem=8G; may be repeated'),
    ...CREATION_FIELDS,
    ...FINAL_CERTIFICATE_FIELDS,
  },
  examples: ['launch --engine slurm --operator hessian.js --dims 1000 --out hessian.sketch --shards 16 --gpus 1'],
  run: async (args, context) => (await import('./directories/launch.ts')).launchShards(args, context),
});
