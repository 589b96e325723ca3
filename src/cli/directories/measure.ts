/** What `eigensketch measure` does. */
import type { Fields } from '../../core/parse.ts';
import { KERNELS } from '../../linalg/kernels/choice.ts';
import { selectKernels } from '../../linalg/kernels/select.ts';
import { CERTIFICATE } from '../../store/folders.ts';
import { workerOf } from '../../store/record.ts';
import { parseShard, shardName, WHOLE } from '../../store/shard.ts';
import type { SketchDirectory } from '../../store/sketch/directory.ts';
import { measureStage } from '../../store/sketch/measure.ts';
import { nextMeasured, progressOf } from '../../store/sketch/progress.ts';
import { measuredStageNamed } from '../../store/sketch/stages.ts';
import { certificateProgress, measureTestProducts } from '../../store/sketch/test-products.ts';
import type { Arguments, CommandContext } from '../command.ts';
import { EXIT } from '../exit.ts';
import { reporterOf } from '../progress.ts';
import { directoryOf, operatorAgain, resumable } from '../storing.ts';
import { openRun } from './opening.ts';

/** The first stage with missing blocks. */
async function nextStage(directory: SketchDirectory): Promise<string | undefined> {
  const next = await nextMeasured(directory);
  if (next) return next.name;
  const progress = await certificateProgress(directory);
  return progress.find((each) => each.kind === 'measured' && each.missing.length > 0)?.stage;
}

/** The products of one shard. */
export async function measureShard(
  { given, values, words }: Arguments<Fields>,
  { signal }: CommandContext,
): Promise<number> {
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
}
