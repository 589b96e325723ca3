/** Keeping the event loop alive, and telling the caller how far a long computation is. */
import { setImmediate } from 'node:timers/promises';

/** One report of a long computation: `done` of `total` columns of stage `stage`: iterations for `'solve'`, eigenpairs for `'krylov'`. */
export interface Progress {
  stage: 'sketch' | 'orthonormalise' | 'recovery' | 'certificate' | 'solve' | 'trace' | 'krylov';
  done: number;
  total: number;
  /** Of the stage `'krylov'`: products with single columns so far. */
  numMatvecs?: number;
}

/** What every long function of the library accepts. */
export interface Control {
  /** Called after each block with the columns done so far. */
  onProgress?: ((progress: Progress) => void) | undefined;
  /** Aborting it rejects the computation with the signal's reason at the next block. */
  signal?: AbortSignal | undefined;
}

const SLICE_MS = 25;
let lastPause = performance.now();

/** Gives timers, I/O and Ctrl-C a turn if this thread has been busy for a while; call it between slices of work. */
export async function breathe(signal?: AbortSignal): Promise<void> {
  if (performance.now() - lastPause > SLICE_MS) {
    await setImmediate();
    lastPause = performance.now();
  }
  signal?.throwIfAborted();
}
