/** Finding a usable library. Nothing here throws: what does not work is a reason, and the caller goes on without. */
import { types } from 'node:util';
import { copyLargeWith } from '../../../core/block.ts';
import { type Candidate, candidates, LIBRARY_VARIABLE } from './candidates.ts';
import { findFault } from './check.ts';
import { faultInChild } from './child-trial.ts';
import { type Ffi, importFfi } from './ffi.ts';
import { identify } from './identify.ts';
import { type NativeKernels, nativeKernels } from './kernels.ts';
import { type BlasLibrary, NotBlasError, openLibrary } from './library.ts';

/** The provider, or why there is none. */
export interface NativeLoad {
  kernels?: NativeKernels;
  /** For a person to read, e.g. `/etc/hostname: Failed to load shared library: file too short`. */
  reason?: string;
}

/** Not by `instanceof`: koffi's errors come from another realm when this module runs in a VM context. */
const messageOf = (error: unknown): string => (types.isNativeError(error) ? error.message : String(error));

/** A candidate's outcome; `absent` when a file could not even be loaded. */
interface Attempt extends NativeLoad {
  absent?: boolean;
}

async function attempt(ffi: Ffi, files: Candidate, isNamed: boolean): Promise<Attempt> {
  if (isNamed) {
    // whatever it is: what runs while it is loaded must not run here
    const fault = await faultInChild(files);
    if (fault !== undefined) return { reason: fault };
  }
  let library: BlasLibrary;
  try {
    library = openLibrary(ffi, files);
  } catch (error) {
    return { reason: messageOf(error), absent: !(error instanceof NotBlasError) };
  }
  try {
    const fault = isNamed ? undefined : await faultInChild(files);
    if (fault !== undefined) return { reason: fault };
    const kernels = nativeKernels(library, identify(library));
    // Once more here, where koffi's stacks and the library's threads may be set up differently.
    const faultHere = await findFault(kernels);
    if (faultHere !== undefined) return { reason: faultHere };
    copyLargeWith(kernels.copyColumns.bind(kernels));
    return { kernels };
  } catch (error) {
    return { reason: messageOf(error) };
  }
}

/** Tries the libraries of an environment, not remembering the outcome. */
export async function findNativeKernels(
  environment: Readonly<Record<string, string | undefined>>,
): Promise<NativeLoad> {
  let ffi: Ffi;
  try {
    ffi = await importFfi();
  } catch (error) {
    return { reason: `the optional package koffi cannot be loaded: ${messageOf(error)}` };
  }
  const isNamed = Boolean(environment[LIBRARY_VARIABLE]);
  const absent: string[] = [];
  const faults: string[] = [];
  for (const files of candidates(environment, process.platform)) {
    const { kernels, reason, absent: notThere = false } = await attempt(ffi, files, isNamed);
    if (kernels !== undefined) return { kernels };
    if (notThere && !isNamed) absent.push(files.join(' + '));
    else faults.push(`${files.join(' + ')}: ${reason}`);
  }
  if (absent.length > 0) faults.push(`found none of ${absent.join(', ')}; ${LIBRARY_VARIABLE} can name a library`);
  return { reason: faults.join('; ') };
}

let loaded: Promise<NativeLoad> | undefined;

/**
 * The native provider of this process: OpenBLAS, MKL, BLIS, Accelerate or the reference BLAS under its usual name, or
 * the file in the environment variable `EIGENSKETCH_BLAS`. The first call decides, later ones get the same answer.
 *
 * @example
 * const { kernels, reason } = await loadNativeKernels();
 * console.log(kernels?.name ?? `no native kernels: ${reason}`);
 */
export function loadNativeKernels(): Promise<NativeLoad> {
  loaded ??= findNativeKernels(process.env);
  return loaded;
}
