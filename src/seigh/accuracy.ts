/** Searches for an accuracy, by method. */
import type { Control } from '../core/schedule.ts';
import { hostSpace } from '../multivector/host.ts';
import { prepareBlocks } from '../sketch/block-size.ts';
import { adaptiveSeigh } from './adaptive.ts';
import { adaptiveKrylov } from './adaptive-krylov.ts';
import type { AdaptiveResult, Workplace } from './certified-search.ts';
import type { AdaptiveCall } from './options.ts';

const DRIVERS = { krylov: adaptiveKrylov, hmt: adaptiveSeigh };

/** Grows what the method grows until the accuracy is certified, or cannot be. */
export const reachAccuracy = (call: AdaptiveCall, place: Workplace, control: Control): Promise<AdaptiveResult> =>
  DRIVERS[call.settings.method](call, place, control);

/** {@link reachAccuracy} in memory. */
export async function reachAccuracyInMemory(call: AdaptiveCall, control: Control): Promise<AdaptiveResult> {
  const { op, n, settings } = call;
  const widest = await prepareBlocks(op, settings.maxDims, settings.blockSize);
  return reachAccuracy(call, { space: hostSpace(n, op.dtype), widest }, control);
}
