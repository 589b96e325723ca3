/** The Fortran routines of a BLAS and LAPACK, bound by name. */
import type { Candidate } from './candidates.ts';
import type { Ffi, ForeignFunction, ForeignLibrary } from './ffi.ts';

/** Pointers each routine takes; two of them are characters, whose lengths gfortran expects by value at the end. */
const POINTERS = { sgemm: 13, dgemm: 13, dsyrk: 10, dsyevd: 11 } as const;
type RoutineName = keyof typeof POINTERS;

/** A bound library. Integers may be 32 or 64 bits wide: see `integer` in arguments.ts. */
export interface BlasLibrary extends Record<RoutineName, ForeignFunction> {
  /** The files it was loaded from. */
  files: Candidate;
  /** The same files, for asking them who they are. */
  handles: ForeignLibrary[];
  /** Whether routines may run off this thread. */
  offThread: boolean;
}

/** How compilers and builders decorate a Fortran name; the last two mark 64-bit integers. */
const decorated = (name: string): string[] => [`${name}_`, name, `${name}_64_`, `${name}64_`];

/** The first of several symbols that one of the libraries has. */
export function findFunction(
  handles: readonly ForeignLibrary[],
  symbols: readonly string[],
  result: string,
  args: string[],
): ForeignFunction | undefined {
  for (const handle of handles) {
    for (const symbol of symbols) {
      try {
        return handle.func(symbol, result, args);
      } catch {
        // koffi has no other way to ask whether a symbol exists.
      }
    }
  }
  return undefined;
}

/** Thrown by `openLibrary` when the files could be loaded, so what is wrong is inside them. */
export class NotBlasError extends Error {}

/** Loads the files and binds the routines. @throws Error when a file cannot be loaded, NotBlasError for lack of a routine. */
export function openLibrary(ffi: Ffi, files: Candidate): BlasLibrary {
  const handles = files.map((file) => ffi.load(file));
  const bind = (name: RoutineName): ForeignFunction => {
    const args = [...Array<string>(POINTERS[name]).fill('void *'), 'size_t', 'size_t'];
    const routine = findFunction(handles, decorated(name), 'void', args);
    if (routine === undefined) throw new NotBlasError(`has no routine ${decorated(name).join(', ')}`);
    return routine;
  };
  return {
    files,
    handles,
    offThread: ffi.offThread,
    sgemm: bind('sgemm'),
    dgemm: bind('dgemm'),
    dsyrk: bind('dsyrk'),
    dsyevd: bind('dsyevd'),
  };
}
