/** What a Krylov decomposition says about eigenvalues: Ritz pairs, how good they are, and which are wanted. */
import type { Matrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { asymmetryNorm, selectColumns, symmetricPart } from '../linalg/small.ts';
import { type Eigenpairs, selectLeading } from '../spectrum/eigenpairs.ts';
import { combine } from './basis.ts';
import { asymmetryOfCore, type Decomposition, type KrylovContext, scaleOf } from './decomposition.ts';
import type { KrylovWhich } from './which.ts';

/** All indices, wanted values first. `'BE'`: largest, smallest, second largest, ...: any leading part is balanced. */
export function orderWanted(values: Float64Array, which: KrylovWhich): number[] {
  if (which !== 'BE') return selectLeading(values, which, values.length);
  const descending = selectLeading(values, 'LA', values.length);
  return descending.map((_, i) => descending[i % 2 === 0 ? i / 2 : values.length - (i + 1) / 2]!);
}

/** Ritz pairs in the order wanted. */
export interface RitzValues {
  values: Float64Array;
  /** ||A v - theta v|| of the Ritz vectors V S, from H and B alone, and the rounding in these. */
  residualNorms: Float64Array;
  /** m x m. */
  S: Matrix;
}

/**
 * All Ritz pairs of A on span(V), wanted ones first. With (theta, s) an eigenpair of sym(H), A V s - theta V s =
 * V (H s - theta s) + W B s: two orthogonal parts. The first is measured, for it holds what H lacks in symmetry and the
 * error of the small eigensolver. What the relation itself carries of rounding is added.
 */
export async function ritzValues(
  state: Decomposition,
  which: KrylovWhich,
  context: KrylovContext,
): Promise<RitzValues> {
  const { H, B, lost } = state;
  const { kernels } = context;
  const m = H.rows;
  const { values: ascending, vectors } = await kernels.eigh(symmetricPart(H));
  const order = orderWanted(ascending, which);
  const values = Float64Array.from(order, (i) => ascending[i]!);
  const S = selectColumns(vectors, order, () => 1);
  const inside = await kernels.gemm(H, S);
  for (let at = 0; at < inside.data.length; at++) inside.data[at]! -= values[at % m]! * S.data[at]!;
  const outside = await kernels.gemm(B, S);
  const squares = new Float64Array(m).fill(lost ** 2);
  for (const part of [inside, outside]) {
    for (let at = 0; at < part.data.length; at++) squares[at % m]! += part.data[at]! ** 2;
  }
  const rounding = roundingOf(state);
  return {
    values,
    residualNorms: squares.map((square) => Math.sqrt(square) + rounding),
    S,
  };
}

/** Roundings that a sum over n terms in float64 leaves in an entry of V^T A V, beside the largest product. */
export const SUM_ROUNDINGS = 8;

/** Norm of the rounding in a column of A V - V H - W B. */
export const roundingOf = (state: Decomposition): number =>
  state.roundings * unitRoundoff(state.W.dtype) * scaleOf(state);

/** Norms of what keeps A v - theta v from vanishing, for a unit vector v. */
export interface Floors {
  /** Of the element type: no method does better. */
  rounding: number;
  /** Of the operator as measured, at least `rounding`. */
  noise: number;
}

/**
 * Noise e_j of norm e in A v_j, in no particular direction, puts entries of variance e^2 / n into V^T A V, and twice that
 * into what H lacks in symmetry: so the noise of an operator shows without a product.
 */
export function floorsOf(state: Decomposition): Floors {
  const { H, W, lost } = state;
  const m = H.rows;
  const scale = scaleOf(state);
  const rounding = 2 * roundingOf(state) + lost;
  if (m < 2) return { rounding, noise: rounding };
  const difference = asymmetryNorm(H) / Math.sqrt(m * (m - 1));
  const isRounding = difference <= SUM_ROUNDINGS * unitRoundoff('float64') * scale;
  return { rounding, noise: isRounding ? rounding : Math.max(rounding, difference * Math.sqrt(W.rows / 2)) };
}

/**
 * What the rounding of a returned vector adds to its residual norm: the m terms of a row of V S are summed one after the
 * other, the partial sums of a unit vector are at most 1, and A - theta I is at most twice the largest product.
 */
const roundingOfVector = (state: Decomposition): number =>
  2 * (1 + Math.sqrt(state.H.rows)) * unitRoundoff(state.W.dtype) * scaleOf(state);

/** The first `count` Ritz pairs with their vectors V S; the residual norms are those of the vectors as rounded. */
export async function leadingRitzPairs(
  state: Decomposition,
  ritz: RitzValues,
  which: KrylovWhich,
  count: number,
  context: KrylovContext,
): Promise<Eigenpairs & { residualNorms: Float64Array }> {
  const leading = Array.from({ length: Math.min(count, ritz.values.length) }, (_, i) => i);
  // both ends come alternately, and are returned from the largest down
  if (which === 'BE') leading.sort((i, j) => ritz.values[j]! - ritz.values[i]!);
  const S = selectColumns(ritz.S, leading, () => 1);
  const rounding = roundingOfVector(state);
  return {
    values: Float64Array.from(leading, (i) => ritz.values[i]!),
    vectors: await combine(state.V, S, context.space, context),
    residualNorms: Float64Array.from(leading, (i) => ritz.residualNorms[i]! + rounding),
    coreAsymmetry: asymmetryOfCore(state),
    noiseFloor: floorsOf(state).noise,
  };
}
