/** The Fortran routines of a BLAS and LAPACK, bound by name. */
import type { Candidate } from './candidates.ts';
import type { Ffi, ForeignFunction, ForeignLibrary } from './ffi.ts';
import { findFunction } from './symbols.ts';
import { type Alone, aloneWith } from './threads.ts';

/** Pointers each routine takes, and how many of them are characters, whose lengths gfortran expects by value at the end. */
const SIGNATURES = {
  sgemm: [13, 2],
  dgemm: [13, 2],
  sgemv: [11, 1],
  dgemv: [11, 1],
  ssyrk: [10, 2],
  dsyrk: [10, 2],
  strsm: [11, 4],
  dtrsm: [11, 4],
  dsyevd: [11, 2],
  slacpy: [7, 1],
  dlacpy: [7, 1],
} as const;
type RoutineName = keyof typeof SIGNATURES;

/** A bound library. Integers may be 32 or 64 bits wide: see `integer` in arguments.ts. */
export interface BlasLibrary extends Record<RoutineName, ForeignFunction> {
  /** The files it was loaded from. */
  files: Candidate;
  /** The same files, for asking them who they are. */
  handles: ForeignLibrary[];
  /** Whether routines may run off this thread. */
  offThread: boolean;
  /** Runs a call of so many floating-point operations, on one of the library's threads where more would not help. */
  alone: Alone;
}

/** How compilers and builders decorate a Fortran name; the last two mark 64-bit integers. */
const decorated = (name: string): string[] => [`${name}_`, name, `${name}_64_`, `${name}64_`];

/** Thrown by `openLibrary` when the files could be loaded, so what is wrong is inside them. */
export class NotBlasError extends Error {}

/** Loads the files and binds the routines. @throws Error when a file cannot be loaded, NotBlasError for lack of a routine. */
export function openLibrary(ffi: Ffi, files: Candidate): BlasLibrary {
  const handles = files.map((file) => ffi.load(file));
  const bind = (name: RoutineName): ForeignFunction => {
    const [pointers, characters] = SIGNATURES[name];
    const args = [...Array<string>(pointers).fill('void *'), ...Array<string>(characters).fill('size_t')];
    const routine = findFunction(handles, decorated(name), 'void', args);
    if (routine === undefined) throw new NotBlasError(`has no routine ${decorated(name).join(', ')}`);
    return routine;
  };
  return {
    files,
    handles,
    offThread: ffi.offThread,
    alone: aloneWith(handles),
    sgemm: bind('sgemm'),
    dgemm: bind('dgemm'),
    sgemv: bind('sgemv'),
    dgemv: bind('dgemv'),
    ssyrk: bind('ssyrk'),
    dsyrk: bind('dsyrk'),
    strsm: bind('strsm'),
    dtrsm: bind('dtrsm'),
    dsyevd: bind('dsyevd'),
    slacpy: bind('slacpy'),
    dlacpy: bind('dlacpy'),
  };
}
