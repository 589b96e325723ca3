/** `eigensketch measure`: the products of one shard. */
import { described, optional, text } from '../core/parse.ts';
import { KERNELS } from '../linalg/kernels/choice.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { CERTIFICATE } from '../store/certificate.ts';
import { workerOf } from '../store/record.ts';
import { parseShard, shardName, WHOLE } from '../store/shard.ts';
import type { SketchDirectory } from '../store/sketch/directory.ts';
import { measureStage } from '../store/sketch/measure.ts';
import { nextMeasured, progressOf, type StageProgress } from '../store/sketch/progress.ts';
import { measuredStageNamed } from '../store/sketch/stages.ts';
import { measureTestProducts, testsProgress } from '../store/sketch/test-products.ts';
import { readTests } from '../store/test-vectors.ts';
import { type Command, defineCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE } from './operator-source.ts';
import { reporterOf } from './progress.ts';
import { CREATION_FIELDS, directoryOf, openRun, operatorAgain, resumable } from './storing.ts';

/** Test vectors of a certificate, where they are there, and the products with them. */
async function certificateProgress(directory: SketchDirectory): Promise<StageProgress[]> {
  const tests = await readTests(directory);
  return tests ? testsProgress(directory, tests, tests) : [];
}

/** The first stage with missing blocks. */
async function nextStage(directory: SketchDirectory): Promise<string | undefined> {
  const next = await nextMeasured(directory);
  if (next) return next.name;
  const progress = await certificateProgress(directory);
  return progress.find((each) => each.kind === 'measured' && each.missing.length > 0)?.stage;
}

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
  async run({ given, values, words }, { signal }) {
    const path = directoryOf(given, words);
    const { shard: named, stage: wanted } = values as { shard?: string; stage?: string };
    const shard = named === undefined ? WHOLE : parseShard(named);
    return resumable(
      signal,
      `eigensketch measure ${path} --shard ${shardName(shard)}${operatorAgain(given)}`,
      async () => {
        const { op, directory } = await openRun(path, given);
        const stage = wanted ?? (await nextStage(directory));
        const measured =
          stage === undefined || stage === CERTIFICATE ? undefined : measuredStageNamed(directory.plan, stage);
        if (stage) {
          const kernels = await selectKernels(KERNELS.parse(given.kernels, 'kernels'));
          const worker = workerOf(op, kernels.name, shardName(shard));
          const measuring = { op, shard, worker, onProgress: reporterOf(given), signal };
          if (measured) await measureStage(directory, measured, measuring);
          else await measureTestProducts(directory, measuring);
        }
        const progress = measured ? await progressOf(directory) : await certificateProgress(directory);
        const own = progress.find((each) => each.stage === stage);
        const left = own?.kind === 'measured' ? own.missing.length : 0;
        const said = stage
          ? `stage ${stage}: shard ${shardName(shard)} is measured, ${left} blocks of all shards are missing`
          : 'every block is measured';
        const summary = { directory: path, stage: stage ?? null, shard: shardName(shard), missing: left };
        console.log(given.json ? JSON.stringify(summary) : said);
        return EXIT.done;
      },
    );
  },
});
