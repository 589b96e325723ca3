/** Calls of a library on other threads, and keeping short ones on one thread of the library. */
import type { ForeignArgument, ForeignLibrary } from './ffi.ts';
import { findFunction } from './symbols.ts';

/**
 * Arguments of the calls that are queued or running off this thread. It keeps the memory that they work on from being
 * collected: koffi holds on to no argument of a call in flight. It does not move either, as passing even a small array takes
 * its entries off V8's heap for good.
 */
export const inFlight: Map<readonly ForeignArgument[], Promise<void>> = new Map();

let held: Promise<void> | undefined;

/** Resolves when no process is about to be started by `betweenCalls`. */
export async function whenFree(): Promise<void> {
  while (held) await held;
}

/**
 * Runs `start`, which starts a process, between two calls off this thread, and holds new ones back until then. OpenBLAS
 * ends its threads before a fork (pthread_atfork): a call that they work on never returns, or the fork itself waits for ever.
 */
export function betweenCalls<T>(start: () => T): Promise<T> {
  const turn = (held ?? Promise.resolve()).then(async () => {
    while (inFlight.size > 0) await Promise.allSettled(inFlight.values());
    return start();
  });
  const done = (): void => {
    if (held === over) held = undefined;
  };
  const over: Promise<void> = turn.then(done, done);
  held = over;
  return turn;
}

/** Up to this much work a second thread gains next to nothing, and the wait for it is often longer than the call itself. */
const SHORT_FLOPS = 5e6;

/** What `openblas_get_parallel` answers for OpenBLAS's own threads; OpenMP's are another matter. */
const OWN_THREADS = 1;

/** Runs a call of at most `short` operations on one thread of the library. */
export type Alone = <T>(flops: number, call: () => T, short?: number) => T;

/**
 * The guard of a library's calls. OpenBLAS is told how many threads to use, by a number that it reads when a call begins, so
 * that number stays as it is while a call of another thread may be about to read it. A library without such a number
 * decides for itself.
 */
export function aloneWith(handles: readonly ForeignLibrary[]): Alone {
  // only the first file, which has the products: the LAPACK beside it may bring a BLAS of its own
  const find = (name: string, result: string, args: string[] = []) =>
    findFunction(handles.slice(0, 1), [name, `${name}64_`, `${name}_64_`], result, args);
  const setThreads = find('openblas_set_num_threads', 'void', ['int']);
  const threads = Number(find('openblas_get_num_threads', 'int')?.() ?? 1);
  const kind = find('openblas_get_parallel', 'int')?.();
  if (setThreads === undefined || threads < 2 || kind !== OWN_THREADS) return (_flops, call) => call();
  return (flops, call, short = SHORT_FLOPS) => {
    if (flops > short || inFlight.size > 0) return call();
    setThreads(1);
    try {
      return call();
    } finally {
      setThreads(threads);
    }
  };
}
