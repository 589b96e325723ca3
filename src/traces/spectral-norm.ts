/** The spectral norm of an operator from one Lanczos run, with a certified interval. */

import { coreRounding, roundingFloor } from '../apost/noise.ts';
import { atDoor } from '../core/door.ts';
import { UnsupportedError } from '../core/errors.ts';
import { type Parsed, parseOptions } from '../core/parse.ts';
import { breathe, supervise } from '../core/schedule.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { asymmetryOfCore } from '../krylov/decomposition.ts';
import { krylovSpaceOf, residualOf, type Tridiagonal, tridiagonalOf } from '../krylov/lanczos.ts';
import { eigenvalueBound, type LanczosRun, mirrored } from '../krylov/lanczos-bound.ts';
import { gaussRule } from '../krylov/quadrature.ts';
import { floorsOf } from '../krylov/ritz.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { applyAdjoint, applyOperator } from '../linops/apply.ts';
import { atScale } from '../linops/at-scale.ts';
import { derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkOperator, refuseAsymmetry } from '../linops/probes.ts';
import { columnNorms } from '../multivector/verbs.ts';
import { chiSquareQuantile } from '../stats/distributions.ts';
import type { NormResult } from './frobenius-norm.ts';
import { type SpectralNormOptions, spectralNormFields } from './options.ts';
import { drawColumns, estimatorRun } from './run.ts';

/** Eigenvalue bounds of a symmetric operator. */
interface Extremes {
  /** Ritz values, ascending. */
  ritz: Float64Array;
  /** No eigenvalue is below, and none above: each with its probability. */
  lower: number;
  upper: number;
}

/** A run as it ended. */
interface EndedRun {
  T: Tridiagonal;
  /** ||A V - V T||_F with the rounding of all steps. */
  residualNorm: number;
  /** Of the start vector, Gaussian, before it was made length one. */
  startLength: number;
}

/**
 * Bounds of the spectrum beyond the Ritz values: {@link eigenvalueBound}, |u^T w| >= x but for the probability `miss`.
 *
 * A run that ended early did so because its last entry is rounding, which is at most `floor` then: what the start has so little
 * of that it drowns there may still be an eigenvalue.
 */
async function extremes(
  { T, residualNorm, startLength }: EndedRun,
  { miss, floor, kernels }: { miss: number; floor: number; kernels: Kernels },
): Promise<Extremes> {
  const { nodes: ritz } = await gaussRule(T, kernels);
  const offDiagonal = [...T.offDiagonal, Math.max(residualNorm, floor)];
  const run: LanczosRun = { length: startLength, diagonal: Array.from(T.diagonal), offDiagonal };
  const x = Math.sqrt(chiSquareQuantile(miss, 1));
  return {
    ritz,
    lower: -eigenvalueBound(mirrored(run), 0, () => x),
    upper: eigenvalueBound(run, 0, () => x),
  };
}

/** A^T A, whose spectral norm is the square of that of A. */
function normalOperator(op: LinearOperator): LinearOperator {
  if (!op.adjointMatmat) {
    throw new UnsupportedError(
      `an operator that does not declare selfAdjoint needs an adjoint (adjointMatmat). If it is symmetric, ` +
        'say so: selfAdjoint: true',
    );
  }
  const n = op.shape[1];
  return derive(op, {
    shape: [n, n],
    selfAdjoint: true,
    psd: true,
    matmatByBatch: undefined,
    adjointMatmat: undefined,
    matmat: async (X) => applyAdjoint(op, await applyOperator(op, X)),
  });
}

async function largestSingularValue(
  op: LinearOperator,
  options: Parsed<ReturnType<typeof spectralNormFields>>,
): Promise<NormResult> {
  // one column at a time: there is nothing to calibrate
  const run = await estimatorRun(op, { ...options, blockSize: 1 }, 1);
  const { n, confidence, seed, verbs, roundoff } = run;
  const isSymmetric = op.selfAdjoint === true;
  const symmetric = isSymmetric ? op : normalOperator(op);
  const { order, onProgress, signal } = options;
  const { kernels } = verbs;
  const context = { op: symmetric, space: run.space, seed, kernels, signal };
  const start = await drawColumns(run, 'trace', 'gaussian', 0, 1);
  const [startLength] = await columnNorms(start, verbs);
  const state = await krylovSpaceOf(start, order, 1, context, async (done) => {
    onProgress?.({ stage: 'krylov', done, total: order });
    await breathe(signal);
  });
  refuseAsymmetry(symmetric, asymmetryOfCore(state));
  const T = tridiagonalOf(state);
  const residualNorm = residualOf(state);
  // the rounding of products, and of orthogonalising them, moves eigenvalues by at most its norm
  const size = Math.hypot(vectorNorm(T.diagonal), vectorNorm(T.offDiagonal));
  const ofBasis = roundoff * size * Math.sqrt(order);
  const ofRounding = roundingFloor(symmetric, size, 0) + ofBasis + coreRounding(size, T.diagonal.length);
  // noise of the products does the same, and shows in what H lacks in symmetry
  const { noise, rounding } = floorsOf(state);
  const floor = noise > rounding ? Math.max(ofRounding, noise * Math.sqrt(T.diagonal.length)) : ofRounding;
  const miss = (1 - confidence) / 2;
  const seen = await extremes({ T, residualNorm, startLength: startLength! }, { miss, floor, kernels });
  const isWhole = T.diagonal.length === n;
  const bounds = isWhole
    ? { ...seen, lower: seen.ritz[0]! - residualNorm, upper: seen.ritz.at(-1)! + residualNorm }
    : seen;
  const estimate = Math.max(Math.abs(bounds.ritz[0]!), Math.abs(bounds.ritz.at(-1)!));
  const upper = Math.max(Math.abs(bounds.lower), Math.abs(bounds.upper)) + floor;
  const root = isSymmetric ? (value: number) => value : (value: number) => Math.sqrt(Math.max(0, value));
  return {
    estimate: root(estimate),
    lower: root(Math.max(0, estimate - floor)),
    upper: root(upper),
    certified: true,
    confidence,
    numMatvecs: (isSymmetric ? 1 : 2) * T.diagonal.length,
    seed,
  };
}

/**
 * ||A||_2 of any operator with an adjoint, from at most `order` Lanczos steps from a Gaussian start (steps with A^T A, of two
 * products each, unless A declares `selfAdjoint`). The estimate is the largest Ritz value in magnitude, which is a lower
 * bound but for rounding; `upper` holds with probability at least `confidence` over the start, for every operator
 * (van Dorsselaer, Hochstenbach & van der Vorst 2000). Memory: `order` columns.
 *
 * @example
 * const { estimate, upper } = await spectralNorm(H, { order: 30, confidence: 0.99 });
 * @throws ArgumentError for options out of range, UnsupportedError for an operator without adjoint, NumericalError for
 * non-finite products and for an operator that declares `selfAdjoint` and is not symmetric; the signal's reason when aborted.
 */
export function spectralNorm(op: LinearOperator, options: SpectralNormOptions = {}): Promise<NormResult> {
  return atDoor('spectralNorm', async () => {
    const [, n] = checkOperator(op);
    const parsed = parseOptions(options, spectralNormFields({ n }));
    return supervise(parsed, (control) =>
      atScale(op, ['estimate', 'lower', 'upper'], (A) => largestSingularValue(A, { ...parsed, ...control })),
    );
  });
}
