/** `seigh` in a directory: each step leaves files, and what is there is not done again. */
import { ArgumentError } from '../../core/errors.ts';
import type { Run } from '../../seigh/methods.ts';
import type { SeighOptions } from '../../seigh/options.ts';
import type { EighResult, Method } from '../../spectrum/result.ts';
import { shardName, WHOLE } from '../cluster/shard.ts';
import { workerOf } from '../record.ts';
import { deriveStage } from './derive.ts';
import type { SketchDirectory } from './directory.ts';
import { measureStage } from './measure.ts';
import { planOf } from './plan.ts';
import { stageIsThere } from './progress.ts';
import { loadResult } from './result.ts';
import { openForOperator } from './session.ts';
import { stagesOf } from './stages.ts';

const WHERE = 'seigh';

/** Does what is missing, stage by stage. */
export async function finishDirectory(
  where: string,
  directory: SketchDirectory,
  run: Pick<Run, 'op' | 'kernels' | 'onProgress' | 'signal'>,
): Promise<EighResult> {
  const { op, kernels, onProgress, signal } = run;
  const worker = workerOf(op, kernels.name, shardName(WHOLE));
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'measured') {
      await measureStage(directory, stage, { where, op, shard: WHOLE, worker, onProgress, signal });
    } else if (!(await stageIsThere(directory, stage))) {
      await deriveStage(directory, stage, { where, kernels, worker, onProgress, signal });
    }
  }
  return loadResult(where, directory, kernels);
}

/**
 * The decomposition of a checked run in the directory `store`, which is made or gone on with.
 * @throws StoreError when the directory belongs to another run or operator, is damaged or cannot be written.
 */
export async function storedSeigh(
  run: Run,
  method: Method,
  store: string,
  options: Pick<SeighOptions, 'memory' | 'blockSize'>,
): Promise<EighResult> {
  if (store === '') throw new ArgumentError(`${WHERE}: store must name a directory, got ''`);
  const plan = planOf(WHERE, run, method, options);
  const free = options.blockSize === undefined ? (['blockSize'] as const) : [];
  const directory = await openForOperator(WHERE, store, run.op, { plan, free, operator: '' });
  return finishDirectory(WHERE, directory, run);
}
