/** LAPACK's divide and conquer eigensolver (dsyevd), in these sizes up to twice as fast as dsyevr. */
import { checkBlock, type Matrix, zeroMatrix } from '../../../core/block.ts';
import { NumericalError, UnsupportedError } from '../../../core/errors.ts';
import type { SmallEigh } from '../provider.ts';
import { answer, integer, ONE_CHARACTER, UPPER, VECTORS } from './arguments.ts';
import type { ForeignArgument } from './ffi.ts';
import type { BlasLibrary } from './library.ts';
import { run } from './run.ts';
import { symmetricLower, transposeInPlace } from './triangles.ts';

/** The workspace of 1 + 6k + 2k^2 numbers must have a 32-bit size. */
const MAX_ORDER = 32766;

/**
 * Eigenvalues (ascending) and eigenvectors of the symmetric part of A, k x k.
 * @throws NumericalError for non-finite entries or when the iteration fails, UnsupportedError for k > 32766.
 */
export async function eigh(library: BlasLibrary, A: Matrix): Promise<SmallEigh> {
  const k = A.rows;
  checkBlock('eigh', A, k, k);
  if (k === 0) return { values: new Float64Array(0), vectors: zeroMatrix(0, 0) };
  if (k > MAX_ORDER) throw new UnsupportedError(`eigh: k must be at most ${MAX_ORDER}, got ${k}`, { size: k });
  const values = new Float64Array(k);
  const vectors = zeroMatrix(k, k);
  // The lower triangle by rows is the upper one by columns.
  if (!(await symmetricLower(A, vectors.data))) {
    throw new NumericalError('eigh: the matrix has non-finite entries', { size: k });
  }
  const info = answer(0);
  const solver = (
    work: Float64Array,
    workSize: number,
    integerWork: Int32Array,
    integerWorkSize: number,
  ): ForeignArgument[] => {
    const matrix = [integer(k), vectors.data, integer(k), values];
    const workspace = [work, integer(workSize), integerWork, integer(integerWorkSize)];
    return [VECTORS, UPPER, ...matrix, ...workspace, info, ONE_CHARACTER, ONE_CHARACTER];
  };

  const workSize = new Float64Array(1);
  const integerWorkSize = answer(0);
  library.dsyevd(...solver(workSize, -1, integerWorkSize, -1));
  const [size, integers] = [workSize[0]!, integerWorkSize[0]!];
  // Two 32-bit words for each integer, in case the library's are 64 bits wide.
  const workspace = solver(new Float64Array(size), size, new Int32Array(2 * integers), integers);
  await run(library, library.dsyevd, workspace, 9 * k ** 3);
  if (info[0] !== 0) throw new NumericalError(`eigh: dsyevd failed with info ${info[0]}`, { size: k, info: info[0] });
  await transposeInPlace(vectors);
  return { values, vectors };
}
