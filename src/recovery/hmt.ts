/** Rayleigh-Ritz on the range of the sketch (Halko, Martinsson & Tropp 2011, section 5.3), and its free refinement. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { placeBlock, relativeAsymmetry, selectColumns, transpose } from '../linalg/small.ts';
import { viewOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { concatenate, gram, residualColumnNorms, subtractTimes, times } from '../multivector/verbs.ts';
import { type Eigenpairs, type RecoveryContext, selectLeading } from './eigenpairs.ts';

/** An orthonormal basis and the operator's action on it. */
export interface BasisMeasurement {
  /** n x k, orthonormal. Overwritten where that saves memory. */
  Q: Multivector;
  /** Z = A Q, n x k. Overwritten likewise. */
  Z: Multivector;
}

/** Columns of the core whose asymmetry stands for all: the leading ones of Q, where the operator is largest. */
const ASYMMETRY_SAMPLE = 64;

/** Relative asymmetry of the leading part of Q^T Z; the rest is computed by halves only. */
async function sampleAsymmetry(Q: Multivector, Z: Multivector, context: RecoveryContext): Promise<number> {
  const cols = Math.min(ASYMMETRY_SAMPLE, Q.cols);
  const leading = async (M: Multivector): Promise<Multivector> => viewOf(await M.readColumns(0, cols));
  return relativeAsymmetry(await gram(await leading(Q), await leading(Z), context));
}

/** M C for the chosen columns of C, in place when no column is lost. */
async function rotate(M: Multivector, C: Matrix, context: RecoveryContext): Promise<Multivector> {
  const out = C.cols === M.cols ? M : await context.space.allocate(C.cols);
  return times(M, C, out, context);
}

/** Eigenpairs that come with ||A v_i - values_i v_i|| and with the k x r rotation U of vectors = Q U. */
export type RitzPairs = Eigenpairs & { residualNorms: Float64Array; rotation: Matrix };

/**
 * Ritz pairs of A on span(Q): H = Q^T Z = U diag(theta) U^T, vectors Q U, residuals Z U - Q U diag(theta) without a
 * further product. Ritz values interlace: none lies above the largest or below the smallest eigenvalue of A, and those
 * of each sign never exceed the true ones in magnitude (Cauchy; Parlett 1998, theorem 10.1.1).
 */
export async function hmt({ Q, Z }: BasisMeasurement, context: RecoveryContext): Promise<RitzPairs> {
  const coreAsymmetry = await sampleAsymmetry(Q, Z, context);
  const H = await gram(Q, Z, context, { symmetric: true });
  const { values, vectors } = await context.kernels.eigh(H);
  const leading = selectLeading(values, context.which, context.rank);
  const U = selectColumns(vectors, leading, () => 1);
  const theta = Float64Array.from(leading, (i) => values[i]!);
  const V = await rotate(Q, U, context);
  const AV = await rotate(Z, U, context);
  const residualNorms = await residualColumnNorms(AV, V, theta, context);
  await context.space.release(AV);
  return {
    values: theta,
    vectors: V,
    rotation: U,
    residualNorms,
    coreAsymmetry,
  };
}

/** An orthonormal basis of E's columns that is also orthogonal to Q, although E may be far smaller than Q. */
async function complement(Q: Multivector, E: Multivector, context: RecoveryContext): Promise<Multivector> {
  const first = await orthonormalise(E, context.space, context);
  const overlap = await gram(Q, first.basis, context);
  if (overlap.data.every((entry) => Math.abs(entry) <= 64 * unitRoundoff(Q.dtype))) return first.basis;
  const cleaned = await subtractTimes(first.basis, Q, overlap, context);
  return (await orthonormalise(cleaned, context.space, context)).basis;
}

/**
 * The best approximation that Q and Z allow: A_2 = Q Z^T + Z Q^T - Q H Q^T, which misses exactly (I - P) A (I - P) with
 * P = Q Q^T. With E = Z - Q H and an orthonormal basis W of its range, A_2 = [Q W] [[H, F^T], [F, 0]] [Q W]^T, F = W^T E:
 * up to 2k eigenpairs from the same products. Its vectors are no Ritz vectors, so there are no residual norms.
 */
export async function refinedHmt({ Q, Z }: BasisMeasurement, context: RecoveryContext): Promise<Eigenpairs> {
  const { kernels, space } = context;
  const coreAsymmetry = await sampleAsymmetry(Q, Z, context);
  const H = await gram(Q, Z, context, { symmetric: true });
  const E = await subtractTimes(Z, Q, H, context);
  await subtractTimes(E, Q, await gram(Q, E, context), context);
  const W = await complement(Q, E, context);
  const F = await gram(W, E, context);
  const k = H.rows;
  const core = zeroMatrix(k + W.cols, k + W.cols);
  placeBlock(core, H, 0, 0);
  placeBlock(core, F, k, 0);
  placeBlock(core, transpose(F), 0, k);
  const { values, vectors } = await kernels.eigh(core);
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const leading = selectLeading(values, context.which, context.rank).filter(
    (i) => Math.abs(values[i]!) > unitRoundoff(Q.dtype) * largest,
  );
  const basis = await concatenate([Q, W], await space.allocate(core.rows));
  return {
    values: Float64Array.from(leading, (i) => values[i]!),
    vectors: await rotate(
      basis,
      selectColumns(vectors, leading, () => 1),
      context,
    ),
    coreAsymmetry,
  };
}
