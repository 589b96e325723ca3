/** Keeping short calls on one thread of the library. */
import type { ForeignLibrary } from './ffi.ts';
import { findFunction } from './symbols.ts';

/**
 * Up to this much work, about 50 microseconds, a second thread gains next to nothing, and the wait for it is often longer than
 * the call itself.
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
