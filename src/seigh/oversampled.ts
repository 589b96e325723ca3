/** Method `oversampled`: one-pass recovery with a second, wider sketch that fixes the core (Tropp, Yurtsever, Udell & Cevher 2019, section 2). */
import type { Matrix } from '../core/block.ts';
import { described, type Field, integer, optional, withDefault } from '../core/parse.ts';
import { leastSquares } from '../linalg/least-squares.ts';
import { relativeAsymmetry, selectColumns, symmetricPart, transpose } from '../linalg/small.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { gram, times } from '../multivector/verbs.ts';
import { materialise } from '../sketch/test-matrix.ts';
import { type Eigenpairs, type RecoveryContext, selectLeading } from '../spectrum/eigenpairs.ts';
import { innerMatrix, type Measured, type MethodDescriptor, recoveryContext } from './method.ts';
import { measureStages } from './stages.ts';

/** An orthonormal basis of the outer sketch, and the inner sketch taken from both sides. */
export interface OversampledMeasurement {
  /** n x k, orthonormal: the range of the outer sketch. */
  Q: Multivector;
  /** n x s, s >= 2k + 1, independent of Q. */
  R: Multivector;
  /** A R, n x s. */
  AR: Multivector;
  /** n x s, independent of Q and R. */
  L: Multivector;
}

/** A ~ Q C Q^T with C = (L^T Q)^+ (L^T A R) (Q^T R)^+, symmetrised. */
export async function oversampled(
  { Q, R, AR, L }: OversampledMeasurement,
  context: RecoveryContext,
): Promise<Eigenpairs> {
  const { kernels } = context;
  const left = await leastSquares(await gram(L, Q, context), await gram(L, AR, context), kernels);
  const C: Matrix = transpose(await leastSquares(await gram(R, Q, context), transpose(left), kernels));
  const { values, vectors } = await kernels.eigh(symmetricPart(C));
  const leading = selectLeading(values, context.which, context.rank);
  const U = selectColumns(vectors, leading, () => 1);
  const out = U.cols === Q.cols ? Q : await context.space.allocate(U.cols);
  return {
    values: Float64Array.from(leading, (i) => values[i]!),
    vectors: await times(Q, U, out, context),
    coreAsymmetry: relativeAsymmetry(C),
  };
}

/** Options of `oversampled`. */
export interface OversampledOptions {
  /** Columns of the inner sketch, at least 2 dims + 1 (default). */
  innerDims?: number;
}

/** The same, parsed; undefined only where the columns of the sketch are not known yet. */
export interface OversampledSettings {
  innerDims: number | undefined;
}

const leastInner = (dims: number): number => 2 * dims + 1;

function innerDimsField(dims: number | undefined): Field<number | undefined> {
  if (dims === undefined) return optional(integer(leastInner(1)));
  return withDefault(integer(leastInner(dims)), leastInner(dims));
}

/** One pass: Y = A Omega and A R. */
export const oversampledMethod: MethodDescriptor<'oversampled', OversampledSettings, Measured> = {
  name: 'oversampled',
  summary: 'one pass with a wider inner sketch',
  products: '3 k + 1',
  options: ({ dims }) => ({
    innerDims: described(innerDimsField(dims), 'columns of the inner sketch, at least 2 dims + 1'),
  }),
  // Y, Q, R, A R, L
  cost(k, { innerDims = leastInner(k) }) {
    const products = innerDims < leastInner(k) ? Number.POSITIVE_INFINITY : k + innerDims;
    return { products, columns: 2 * k + 3 * innerDims, innerDims, rank: k };
  },
  // Q, R, L and the rotated basis
  storedColumns: (k, { innerDims = leastInner(k) }) => ({
    widest: innerDims,
    temporary: 2 * k + 2 * innerDims,
    result: k,
  }),
  stages: ({ dims, innerDims = leastInner(dims) }) => ({
    steps: [
      { kind: 'measured', name: 'sketch', input: 'outer', cols: dims },
      { kind: 'measured', name: 'inner', input: 'inner', cols: innerDims },
    ],
    recoveredFrom: ['sketch', 'inner'],
  }),
  measure: (run) => measureStages(run, oversampledMethod.stages!(run)),
  async recover({ blocks }, run) {
    const [Y, AR] = blocks as [Multivector, Multivector];
    const { space, blockSize, signal, innerDims = leastInner(run.dims) } = run;
    const { basis: Q } = await orthonormalise(Y, space, run);
    const right = innerMatrix(run, innerDims);
    const R = await materialise(right, space, blockSize, signal);
    const L = await materialise({ ...right, firstColumn: innerDims }, space, blockSize, signal);
    const pairs = await oversampled({ Q, R, AR, L }, recoveryContext(run, Q.cols));
    return { pairs, dropped: run.dims - Q.cols };
  },
  hasResidualNorms: () => false,
};
