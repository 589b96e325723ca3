/** Method `nystrom`: one-pass recovery from Y = A Omega and Omega alone. */
import type { Matrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { described, flag, withDefault } from '../core/parse.ts';
import { exponentOf } from '../core/power-of-two.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { relativeAsymmetry, scaleRows, selectColumns, symmetricPart, transpose } from '../linalg/small.ts';
import { refuseAsymmetry, refuseNegative } from '../linops/probes.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { columnNorms, gram, subtractTimes, times } from '../multivector/verbs.ts';
import { materialise } from '../sketch/test-matrix.ts';
import { type Eigenpairs, type RecoveryContext, selectLeading } from '../spectrum/eigenpairs.ts';
import { type Measured, type MethodDescriptor, outerMatrix, recoveryContext } from './method.ts';
import { measureStages } from './stages.ts';

/** A test matrix and the operator's action on it. */
export interface SketchMeasurement {
  /** n x k. */
  Omega: Multivector;
  /** Y = A Omega, n x k. */
  Y: Multivector;
}

/** F diag(weights) F^T as eigenpairs: F = Q R, then the eigenpairs of R diag(weights) R^T. */
async function eighOfProduct(
  F: Multivector,
  weights: Float64Array,
  context: RecoveryContext,
): Promise<Omit<Eigenpairs, 'coreAsymmetry'>> {
  const { kernels } = context;
  const { basis, R } = await orthonormalise(F, context.space, context);
  const factor = await R();
  const core = await kernels.gemm(factor, scaleRows(transpose(factor), weights));
  const { values, vectors } = await kernels.eigh(symmetricPart(core));
  const leading = selectLeading(values, context.which, context.rank);
  const U = selectColumns(vectors, leading, () => 1);
  const out = U.cols === basis.cols ? basis : await context.space.allocate(U.cols);
  return { values: Float64Array.from(leading, (i) => values[i]!), vectors: await times(basis, U, out, context) };
}

/**
 * Square roots of values in units of a power of two near the largest: scaling the operator by a power of two then changes no
 * digit of them.
 */
function rootsInUnits(largest: number | undefined): { unit: number; rootOf: (value: number) => number } {
  const unit = largest ? 2 ** exponentOf(largest) : 1;
  return { unit, rootOf: (value) => Math.sqrt(value / unit) };
}

/** Relative size below which an eigenvalue of the k x k core cannot be told from rounding of n-term sums. */
function coreNoise({ Omega }: SketchMeasurement): number {
  return 4 * unitRoundoff(Omega.dtype) * Math.sqrt(Omega.rows * Omega.cols);
}

/** The norm of Omega^T Y for an Omega of independent entries of variance one that knows nothing of Y, in the mean square. */
const sizeOfCore = (normsOfY: Float64Array): number => Math.sqrt(normsOfY.length) * vectorNorm(normsOfY);

/**
 * Nystrom for a symmetric, perhaps indefinite A: W = sym(Omega^T Y) = U D U^T, A ~ (Y U_r) D_r^-1 (Y U_r)^T with the r
 * largest |D|. On an indefinite A the full core can have an eigenvalue near zero anywhere, and its inverse is then
 * unbounded (Nakatsukasa & Park 2023, "Randomized low-rank approximation for symmetric indefinite matrices"), so by
 * default r is half the sketch, or the numerical rank of the core where that is less than k and the recovery exact.
 */
export async function nystrom(
  measurement: SketchMeasurement,
  context: RecoveryContext,
  truncation?: number,
): Promise<Eigenpairs> {
  const { Omega, Y } = measurement;
  const W = await gram(Omega, Y, context);
  const { values, vectors } = await context.kernels.eigh(symmetricPart(W));
  const order = selectLeading(values, 'LM', values.length);
  const cutoff = coreNoise(measurement) * Math.abs(values[order[0] ?? 0] ?? 0);
  const significant = order.filter((i) => Math.abs(values[i]!) > cutoff);
  const isLowRank = significant.length < Y.cols;
  const kept = significant.slice(0, truncation ?? (isLowRank ? Y.cols : Math.ceil(Y.cols / 2)));
  // |D|^-1/2 goes into the tall factor and the sign into the core, so that the factor's columns have like sizes
  const { unit, rootOf } = rootsInUnits(values[order[0] ?? 0]);
  const scaled = selectColumns(vectors, kept, (i) => 1 / rootOf(Math.abs(values[i]!)));
  const F = await times(Y, scaled, await context.space.allocate(kept.length), context);
  const signs = Float64Array.from(kept, (i) => Math.sign(values[i]!) / unit);
  const coreAsymmetry = relativeAsymmetry(W, sizeOfCore(await columnNorms(Y, context)));
  return { ...(await eighOfProduct(F, signs, context)), coreAsymmetry };
}

/** sym(W) + shift Omega^T Omega, the core of A + shift I. */
function shiftedCore(W: Matrix, OmegaGram: Matrix, shift: number): Matrix {
  const core = symmetricPart(W);
  for (let at = 0; at < core.data.length; at++) core.data[at]! += shift * OmegaGram.data[at]!;
  return core;
}

/**
 * Nystrom for a positive semidefinite A, with all k columns: the approximation of A + shift I less the shift again,
 * clamped at zero (Tropp, Yurtsever, Udell & Cevher 2017, algorithm 3). The shift u ||Y||_F covers the rounding of Y,
 * whose columns are here those of an Omega that is not orthonormalised. The core's inverse square root comes from its
 * eigendecomposition, which cannot break down as a Cholesky factorisation can.
 *
 * @throws NumericalError where Omega^T A Omega has a negative eigenvalue beyond rounding: A is not what it is said to be.
 */
export async function psdNystrom({ Omega, Y }: SketchMeasurement, context: RecoveryContext): Promise<Eigenpairs> {
  const W = await gram(Omega, Y, context);
  const norms = await columnNorms(Y, context);
  const { values: seen } = await context.kernels.eigh(symmetricPart(W));
  refuseNegative(Y.space, seen[0] ?? 0, Math.max(seen.at(-1) ?? 0, sizeOfCore(norms)));
  const shift = unitRoundoff(Y.dtype) * vectorNorm(norms);
  const core = shiftedCore(W, await gram(Omega, Omega, context), shift);
  const { values, vectors } = await context.kernels.eigh(core);
  const cutoff = unitRoundoff('float64') * Y.cols * Math.max(0, values.at(-1) ?? 0);
  const kept = Array.from(values.keys()).filter((i) => values[i]! > cutoff);
  const { unit, rootOf } = rootsInUnits(values.at(-1));
  const T = selectColumns(vectors, kept, (i) => 1 / rootOf(values[i]!));
  const minusShiftT = selectColumns(vectors, kept, (i) => -shift / rootOf(values[i]!));
  const F = await times(Y, T, await context.space.allocate(kept.length), context);
  await subtractTimes(F, Omega, minusShiftT, context);
  const pairs = await eighOfProduct(F, new Float64Array(kept.length).fill(1 / unit), context);
  return {
    ...pairs,
    values: pairs.values.map((value) => Math.max(0, value - shift)),
    coreAsymmetry: relativeAsymmetry(W, sizeOfCore(norms)),
    assumes: ['psd'],
  };
}

/** Options of `nystrom`. */
export interface NystromOptions {
  /** A is positive semidefinite: nothing is truncated, no eigenvalue is negative. Default: what the operator declares. */
  psd?: boolean;
}

/** One pass, Y = A Omega. */
export const nystromMethod: MethodDescriptor<'nystrom', Required<NystromOptions>, Measured> = {
  name: 'nystrom',
  summary: 'one pass; truncated to half the sketch unless `psd: true`',
  products: 'k',
  options: ({ psd = false }) => ({
    psd: described(withDefault(flag, psd), 'the operator is positive semidefinite'),
  }),
  // Y, Omega, the factor and its basis, which have up to k columns where the core shows a rank below k
  cost: (k, { psd }) => ({ products: k, columns: 4 * k, innerDims: 0, rank: psd ? k : Math.ceil(k / 2) }),
  // Omega, factor, basis and rotated basis
  storedColumns: (k) => ({ widest: k, temporary: 4 * k, result: k }),
  stages: ({ dims }) => ({
    steps: [{ kind: 'measured', name: 'sketch', input: 'outer', cols: dims }],
    recoveredFrom: ['sketch'],
  }),
  measure: (run) => measureStages(run, nystromMethod.stages!(run)),
  async recover({ blocks }, run) {
    const Y = blocks[0]!;
    const { space, blockSize, signal } = run;
    const Omega = await materialise(outerMatrix(run), space, blockSize, signal);
    const context = recoveryContext(run, run.dims);
    const pairs = await (run.psd ? psdNystrom({ Omega, Y }, context) : nystrom({ Omega, Y }, context, run.rank));
    refuseAsymmetry(space, pairs.coreAsymmetry);
    return { pairs, dropped: 0 };
  },
  hasResidualNorms: () => false,
};
