/** Running a foreign routine: short ones on this thread, long ones off it, so timers, progress and Ctrl-C go on. */
import { breathe } from '../../../core/schedule.ts';
import type { ForeignArgument, ForeignFunction } from './ffi.ts';
import type { BlasLibrary } from './library.ts';
import { inFlight, whenFree } from './threads.ts';

/**
 * A call off this thread costs about 35 microseconds more than one on it; from this much work on (a millisecond at
 * 20 GFLOP/s) that is lost in the noise, and below it nobody notices the pause.
 */
const OFF_THREAD_FLOPS = 2e7;

/** Calls a routine of the library that takes about `flops` floating-point operations. */
export async function run(
  { alone, offThread }: Pick<BlasLibrary, 'alone' | 'offThread'>,
  routine: ForeignFunction,
  args: readonly ForeignArgument[],
  flops: number,
): Promise<void> {
  if (!offThread || flops < OFF_THREAD_FLOPS) {
    alone(flops, () => routine(...args));
    return breathe();
  }
  await whenFree();
  const call = new Promise<void>((resolve, reject) => {
    routine.async(...args, (error) => (error ? reject(error) : resolve()));
  });
  inFlight.set(args, call);
  try {
    await call;
  } finally {
    inFlight.delete(args);
  }
}
