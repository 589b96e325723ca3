/** Asking a library for its name, version and number of threads. */
import { basename } from 'node:path';
import type { ForeignLibrary } from './ffi.ts';
import type { BlasLibrary } from './library.ts';
import { findFunction } from './symbols.ts';

/** What one implementation answers; absent when the library is another one. */
type Identity = (handles: readonly ForeignLibrary[]) => { product: string; threads: number } | undefined;

const VERSION = /\d+(\.\d+)+/;

/** `OpenBLAS` and `OpenBLAS 0.3.21 NO_LAPACKE ...` become `OpenBLAS 0.3.21`. */
function withVersion(product: string, text: string): string {
  const version = VERSION.exec(text)?.[0];
  return version === undefined ? product : `${product} ${version}`;
}

const openblas: Identity = (handles) => {
  const find = (name: string, result: string) =>
    findFunction(handles, [name, `${name}64_`, `${name}_64_`], result, [])?.();
  const config = find('openblas_get_config', 'str');
  if (config === undefined) return undefined;
  // The processor that its kernels are for: an early one where the library does not know this one.
  const core = find('openblas_get_corename', 'str');
  const product = withVersion('OpenBLAS', String(config)) + (core === undefined ? '' : ` for ${core}`);
  return { product, threads: Number(find('openblas_get_num_threads', 'int')) };
};

const mkl: Identity = (handles) => {
  const version = findFunction(handles, ['MKL_Get_Version_String'], 'void', ['void *', 'int']);
  if (version === undefined) return undefined;
  const text = new Uint8Array(256);
  version(text, text.length);
  const threads = findFunction(handles, ['MKL_Get_Max_Threads'], 'int', [])?.();
  return { product: withVersion('MKL', Buffer.from(text).toString('latin1')), threads: Number(threads) };
};

const blis: Identity = (handles) => {
  const version = findFunction(handles, ['bli_info_get_version_str'], 'str', [])?.();
  if (version === undefined) return undefined;
  const threads = findFunction(handles, ['bli_thread_get_num_threads'], 'int', [])?.();
  return { product: withVersion('BLIS', String(version)), threads: Number(threads) };
};

/** For example `native (OpenBLAS 0.3.21 for Haswell, 2 threads)`, or `native (libblas.so.3)` when the library does not say. */
export function identify({ handles, files }: BlasLibrary): string {
  // Only the first file, which has the products: the LAPACK beside it may bring a BLAS of its own.
  for (const ask of [openblas, mkl, blis]) {
    const known = ask(handles.slice(0, 1));
    if (known === undefined) continue;
    // BLIS answers -1 when nothing was set: it then works on one thread.
    const threads = Math.max(1, known.threads || 1);
    return `native (${known.product}, ${threads} ${threads === 1 ? 'thread' : 'threads'})`;
  }
  return `native (${basename(files[0]!)})`;
}
