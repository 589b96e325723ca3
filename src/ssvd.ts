/** Sketched singular value decomposition of a general operator. */

import type { Block } from './core/block.ts';
import { atDoor } from './core/door.ts';
import { UnsupportedError } from './core/errors.ts';
import { type Plain, withJson } from './core/json.ts';
import { type Parsed, parseOptions } from './core/parse.ts';
import { supervise } from './core/schedule.ts';
import { selectKernels } from './linalg/kernels/select.ts';
import { selectColumns, transpose } from './linalg/small.ts';
import { smallSvd } from './linalg/svd.ts';
import { hasAdjoint } from './linops/apply.ts';
import { atScale } from './linops/at-scale.ts';
import { defineOperator, type Operator } from './linops/define.ts';
import { applyLowRank } from './linops/low-rank.ts';
import type { LinearOperator } from './linops/operator.ts';
import { checkOperator } from './linops/probes.ts';
import { hostSpace } from './multivector/host.ts';
import type { Multivector } from './multivector/multivector.ts';
import { orthonormalise } from './multivector/orthonormalise.ts';
import { times } from './multivector/verbs.ts';
import { prepareBlocks } from './sketch/block-size.ts';
import { measure, measureAdjoint, measureTestMatrix } from './sketch/measure.ts';
import { type SsvdOptions, svdDims, svdFields } from './sketch/svd-options.ts';
import type { TestMatrix } from './sketch/test-matrix.ts';

/** A ~ U diag(singularValues) V^T, m x n; as a LinearOperator it applies exactly that. */
export interface SvdResult extends Operator, Plain {
  /** Length r, descending. */
  singularValues: Float64Array;
  /** U, m x r, orthonormal columns. */
  leftVectors: Multivector;
  /** V, n x r, orthonormal columns. */
  rightVectors: Multivector;
  /** Products with single columns spent, with A and with A^T. */
  numMatvecs: number;
  /** r: triplets returned. */
  rank: number;
  /** Columns of the sketch. */
  dims: number;
  /** Of the random columns. */
  seed: number;
  /** The dense kernel provider that did the algebra. */
  kernels: string;
  /** What made the operator's products, as it says. */
  backend?: string;
}

async function sketchedSvd(
  op: LinearOperator,
  dims: number,
  options: Parsed<ReturnType<typeof svdFields>>,
): Promise<SvdResult> {
  const [m, n] = op.shape;
  const { testMatrix: distribution, rank = dims, powerIterations, seed, signal, onProgress } = options;
  const blockSize = await prepareBlocks(op, dims, options.blockSize);
  const kernels = await selectKernels(options.kernels);
  const verbs = { kernels, signal };
  const tall = hostSpace(m, op.dtype);
  const wide = hostSpace(n, op.dtype);
  const products = { blockSize, onProgress, signal } as const;

  const Omega: TestMatrix = { distribution, key: { seed, purpose: 'sketch' }, rows: n, cols: dims };
  const Y = await measureTestMatrix(op, Omega, { ...products, space: tall, stage: 'sketch' });
  let numMatvecs = dims;
  let { basis: Q } = await orthonormalise(Y, tall, verbs);
  const multiplyBack = async (): Promise<Multivector> => {
    numMatvecs += Q.cols;
    return measureAdjoint(op, Q, { ...products, space: wide, stage: 'recovery' });
  };
  for (let pass = 0; pass < powerIterations; pass++) {
    const { basis: P } = await orthonormalise(await multiplyBack(), wide, verbs);
    numMatvecs += P.cols;
    Q = (await orthonormalise(await measure(op, P, { ...products, space: tall, stage: 'recovery' }), tall, verbs))
      .basis;
  }
  // A ~ Q B^T with B = A^T Q = P R, so the core is R^T
  const { basis: P, R } = await orthonormalise(await multiplyBack(), wide, verbs);
  const core = await smallSvd(transpose(await R()), kernels);
  const kept = Array.from(core.values.keys()).slice(0, rank);
  const rotate = async (X: Multivector, C: typeof core.U, space: typeof tall): Promise<Multivector> =>
    times(
      X,
      selectColumns(C, kept, () => 1),
      await space.allocate(kept.length),
      verbs,
    );
  const singularValues = core.values.slice(0, kept.length);
  const leftVectors = await rotate(Q, core.U, tall);
  const rightVectors = await rotate(P, core.V, wide);
  const parts = withJson<Omit<SvdResult, 'apply' | 'toJSON'>>({
    shape: [m, n],
    dtype: op.dtype,
    singularValues,
    leftVectors,
    rightVectors,
    numMatvecs,
    rank: kept.length,
    dims,
    seed,
    kernels: kernels.name,
    ...(op.backend === undefined ? {} : { backend: op.backend }),
    matmat: (X: Block) => applyLowRank(leftVectors, singularValues, rightVectors, X, kernels),
    adjointMatmat: (Y: Block) => applyLowRank(rightVectors, singularValues, leftVectors, Y, kernels),
  });
  return defineOperator('result', parts);
}

/**
 * Low-rank singular value decomposition of an operator with an adjoint (Halko, Martinsson & Tropp 2011, algorithms 4.4 and
 * 5.1): Q = orth(A Omega), A ~ Q (A^T Q)^T, 2 dims products.
 *
 * @param op m x n operator with `adjointMatmat`, or one that is its own adjoint
 * @param dims columns of the sketch, 1..min(m, n)
 * @example
 * const { singularValues } = await ssvd(denseOperator([[3, 0, 0], [0, 4, 0]]), 2);
 * @throws UnsupportedError without an adjoint, ArgumentError for options out of range, NumericalError for non-finite
 * products; the signal's reason when aborted.
 */
export function ssvd(op: LinearOperator, dims: number, options: SsvdOptions = {}): Promise<SvdResult> {
  return atDoor('ssvd', async () => {
    const [m, n] = checkOperator(op);
    svdDims({ shape: [m, n] }).parse(dims, 'dims');
    const parsed = parseOptions(options, svdFields({ shape: [m, n] }));
    if (!hasAdjoint(op)) throw new UnsupportedError('the operator has no adjoint product (adjointMatmat)');
    parsed.signal?.throwIfAborted();
    return supervise(parsed, (control) =>
      atScale(op, ['singularValues'], (A) => sketchedSvd(A, dims, { ...parsed, ...control })),
    );
  });
}
