/** Keeping short calls on one thread of the library. */
import type { ForeignLibrary } from './ffi.ts';
import { findFunction } from './symbols.ts';

/**
 * Up to this much work (50 microseconds at 100 GFLOP/s) a second thread gains at most a tenth, and costs a wait for it that is
 * often longer than the call: 43 microseconds became 70 to 120 for a product 784 x 50 x 50 on two cores.
 */
const SHORT_FLOPS = 5e6;

/**
 * The guard of a library's calls. OpenBLAS is told how many threads to use, by a number that it reads when a call begins; a
 * library without such a number decides for itself.
 */
export function aloneWith(handles: readonly ForeignLibrary[]): <T>(flops: number, call: () => T) => T {
  const find = (name: string, result: string, args: string[]) =>
    findFunction(handles, [name, `${name}64_`, `${name}_64_`], result, args);
  const setThreads = find('openblas_set_num_threads', 'void', ['int']);
  const threads = Number(find('openblas_get_num_threads', 'int', [])?.() ?? 1);
  if (setThreads === undefined || threads < 2) return (_flops, call) => call();
  return (flops, call) => {
    if (flops > SHORT_FLOPS) return call();
    setThreads(1);
    try {
      return call();
    } finally {
      setThreads(threads);
    }
  };
}
