/**
 * The trial of a library, in a process of its own. Some libraries end the process they are called in: a BLAS built for another
 * processor, MKL without its companions, a file that only looks like a BLAS. `node trial.js FILE...` writes one line of
 * JSON, `{ "fault": string | null }`.
 */
import { findFault } from './check.ts';
import { importFfi } from './ffi.ts';
import { identify } from './identify.ts';
import { nativeKernels } from './kernels.ts';
import { openLibrary } from './library.ts';

async function faultOf(files: readonly string[]): Promise<string | null> {
  try {
    const library = openLibrary(await importFfi(), files);
    return (await findFault(nativeKernels(library, identify(library)))) ?? null;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

process.stdout.write(`${JSON.stringify({ fault: await faultOf(process.argv.slice(2)) })}\n`);
