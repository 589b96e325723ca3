/** Keeping the event loop alive, and telling the caller how far a long computation is. */
import { host } from '#host';

/**
 * One report of a long computation: `done` of `total` columns of stage `stage`; iterations for `'solve'`, eigenpairs for `'krylov'`.
 * `'product'`: of one product of a remote operator, as its program counts.
 */
export interface Progress {
  /** What is under way. */
  stage: 'sketch' | 'recovery' | 'certificate' | 'solve' | 'trace' | 'krylov' | 'product';
  /** Of `total`. */
  done: number;
  /** All of this stage. */
  total: number;
  /** Of `eigsh`, where `done` counts pairs: products with single columns so far. */
  numMatvecs?: number;
  /** Of `eigsh`: largest ||A v - w v|| / |w| of the wanted pairs that are there. */
  worstResidual?: number;
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
    await host.nextTask();
    lastPause = performance.now();
  }
  signal?.throwIfAborted();
}

/**
 * Runs a long computation with its caller's `onProgress` and `signal`. A callback may be asynchronous: where its promise
 * rejects, or it throws, the computation ends at its next step with that error.
 */
export async function supervise<T>(
  { onProgress, signal }: Control,
  body: (control: Control) => Promise<T>,
): Promise<T> {
  if (onProgress === undefined) return body({ onProgress, signal });
  const failure = new AbortController();
  const waiting = new Set<Promise<unknown>>();
  const report = (progress: Progress): void => {
    const answer = onProgress(progress) as unknown;
    if (typeof (answer as Promise<unknown> | undefined)?.then !== 'function') return;
    const heard: Promise<unknown> = Promise.resolve(answer as Promise<unknown>)
      .catch((error: unknown) => failure.abort(error))
      .finally(() => waiting.delete(heard));
    waiting.add(heard);
  };
  const both = signal === undefined ? failure.signal : AbortSignal.any([signal, failure.signal]);
  const result = await body({ onProgress: report, signal: both });
  await Promise.all(waiting);
  failure.signal.throwIfAborted();
  return result;
}
