/** From a parsed call to eigenpairs in memory: measure, then recover. */
import type { Control } from '../core/schedule.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { hostSpace } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { prepareBlocks } from '../sketch/block-size.ts';
import type { Recovered, Run } from './method.ts';
import { METHODS } from './methods.ts';
import type { SketchCall } from './options.ts';

/** The run of a parsed call: the operator calibrated, the block size and the kernels chosen. */
export async function prepareRun(
  { op, n, dims, method, settings, own }: SketchCall,
  { onProgress, signal }: Control = settings,
): Promise<Run> {
  const { rank, which, testMatrix, seed, blockSize } = settings;
  const cols = (blockSize === undefined ? METHODS[method].blockColumns?.(dims) : undefined) ?? dims;
  return {
    ...own,
    ...{ op, n, dims, rank, which, testMatrix, seed, onProgress, signal },
    blockSize: await prepareBlocks(op, cols, blockSize),
    kernels: await selectKernels(settings.kernels),
    space: hostSpace(n, op.dtype),
  };
}

/** What a method hands back: its eigenpairs, the products it spent and when those with random columns ended. */
export interface Outcome extends Recovered {
  numMatvecs: number;
  sketchedAt: number;
}

/** Eigenpairs by a method; all other tall blocks that were made are given back, also after an error. */
export async function decompose({ method }: Pick<SketchCall, 'method'>, run: Run): Promise<Outcome> {
  const descriptor = METHODS[method];
  const space = run.space.scope();
  let kept: Multivector[] = [];
  try {
    const scoped = { ...run, space };
    const { measured, numMatvecs, sketchedAt } = await descriptor.measure(scoped);
    const recovered = await descriptor.recover(measured, scoped);
    kept = [recovered.pairs.vectors];
    return { ...recovered, numMatvecs, sketchedAt };
  } finally {
    await space.close(kept);
  }
}
