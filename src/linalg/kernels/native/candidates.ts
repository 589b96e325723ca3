/** Where a BLAS and LAPACK may be: the usual names on each system, or exactly what the user says. */
import { delimiter, join } from 'node:path';

/** The environment variable that names the library (or BLAS and LAPACK, joined by the system's path delimiter). */
export const LIBRARY_VARIABLE = 'EIGENSKETCH_BLAS';

/** Files that together hold the routines, first match wins; what the dynamic linker can search for has no folder. */
export type Candidate = readonly string[];

type Environment = Readonly<Record<string, string | undefined>>;

/** Files of one library under a folder given by the environment, if it is set. */
const under = (root: string | undefined, folders: readonly string[], files: readonly string[]): Candidate[] =>
  root ? folders.flatMap((folder) => files.map((file) => [join(root, folder, file)])) : [];

function linux(environment: Environment): Candidate[] {
  const mkl = ['libmkl_rt.so.3', 'libmkl_rt.so.2', 'libmkl_rt.so.1', 'libmkl_rt.so'];
  return [
    ['libopenblas.so.0'],
    ['libopenblasp.so.0'],
    ['libopenblas.so'],
    ...mkl.map((file) => [file]),
    ...under(environment.MKLROOT ?? '/opt/intel/oneapi/mkl/latest', ['lib', 'lib/intel64'], mkl.slice(0, 2)),
    ...under(environment.CONDA_PREFIX, ['lib'], ['libopenblas.so.0', ...mkl.slice(0, 2)]),
    ['libopenblas64.so.0'],
    ['libopenblas64_.so.0'],
    ['libflexiblas.so.3'],
    ['libblis.so.4', 'liblapack.so.3'],
    ['libblis.so.3', 'liblapack.so.3'],
    ['libblas.so.3', 'liblapack.so.3'],
  ];
}

function macos(environment: Environment): Candidate[] {
  const openblas = 'libopenblas.dylib';
  return [
    ['/System/Library/Frameworks/Accelerate.framework/Accelerate'],
    [`/opt/homebrew/opt/openblas/lib/${openblas}`],
    [`/usr/local/opt/openblas/lib/${openblas}`],
    [`/opt/local/lib/${openblas}`],
    ...under(environment.CONDA_PREFIX, ['lib'], [openblas, 'libmkl_rt.2.dylib']),
    [openblas],
  ];
}

function windows(environment: Environment): Candidate[] {
  const mkl = ['mkl_rt.3.dll', 'mkl_rt.2.dll', 'mkl_rt.1.dll', 'mkl_rt.dll'];
  const openblas = ['libopenblas.dll', 'openblas.dll'];
  return [
    ...openblas.map((file) => [file]),
    ...mkl.map((file) => [file]),
    ...under(environment.MKLROOT, ['bin', 'redist/intel64'], mkl.slice(0, 2)),
    ...under(environment.CONDA_PREFIX, ['Library/bin'], [...openblas, ...mkl.slice(0, 2)]),
  ];
}

/** The libraries to try, best first. `platform` is one of `process.platform`. */
export function candidates(environment: Environment, platform: NodeJS.Platform): Candidate[] {
  const named = environment[LIBRARY_VARIABLE];
  if (named) return [named.split(delimiter)];
  if (platform === 'darwin') return macos(environment);
  return platform === 'win32' ? windows(environment) : linux(environment);
}
