/** `eigensketch measure`: the products of one shard. */
import { described, optional, text } from '../core/parse.ts';
import { CERTIFICATE } from '../store/folders.ts';
import { type Command, defineCommand } from './command.ts';
import { MODEL_USAGE } from './operator-source.ts';
import { CREATION_FIELDS } from './storing.ts';

export const measureCommand: Command = defineCommand({
  name: 'measure',
  usage: [
    'measure DIR (--operator FILE | --trust) --shard I/M [options]',
    'measure --operator FILE --dims K --out DIR --shard I/M [options]',
    `measure ${MODEL_USAGE} --dims K --out DIR --shard I/M [options]`,
  ],
  about: `A shard I/M is every M-th block from the I-th on, I in 1..M. In place of I may stand the name of an environment
variable: --shard SLURM_ARRAY_TASK_ID/8`,
  fields: {
    shard: described(optional(text), 'the shard to measure (default 1/1)'),
    stage: described(
      optional(text),
      `the pass to measure, or ${CERTIFICATE} (default: the first one with missing blocks)`,
    ),
    ...CREATION_FIELDS,
  },
  examples: ['measure hessian.sketch --trust --shard SLURM_ARRAY_TASK_ID/8'],
  run: async (args, context) => (await import('./directories/measure.ts')).measureShard(args, context),
});
