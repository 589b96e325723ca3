/** An orthonormal basis of the columns of a tall block by Gram matrices, so that it streams and runs on any provider. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { distanceFromIdentity, selectColumns, transpose } from '../linalg/small.ts';
import type { Multivector, Space } from './multivector.ts';
import { gram, times, type VerbContext } from './verbs.ts';

/** Y = basis R up to the dropped directions. */
export interface Orthonormalised {
  /** n x rank, orthonormal to 64 u entry by entry (u: unit roundoff of the data). */
  basis: Multivector;
  /** rank x k. */
  R: Matrix;
  /** k x rank: basis = Y T. */
  T: Matrix;
  /** Directions dropped as numerically dependent: k - rank. */
  dropped: number;
  /** Largest absolute entry of basis^T basis - I, as measured. */
  defect: number;
}

/** One step Q <- Q T with Q_old = Q_new R: either directions are cut and scaled, or a small defect is polished away. */
interface Step {
  T: Matrix;
  R: Matrix;
}

const MAX_PASSES = 6;

/** T = V diag(scale^-1/2) over the eigenpairs of G that `scale` keeps (a positive scale), largest first. */
async function spectralStep(
  G: Matrix,
  kernels: Kernels,
  scale: (value: number, largest: number) => number,
): Promise<Step> {
  const { values, vectors } = await kernels.eigh(G);
  const largest = values.at(-1) ?? 0;
  const scales = values.map((value) => scale(value, largest));
  const kept = Array.from(values.keys())
    .filter((i) => scales[i]! > 0)
    .reverse();
  return {
    T: selectColumns(vectors, kept, (i) => 1 / Math.sqrt(scales[i]!)),
    R: transpose(selectColumns(vectors, kept, (i) => Math.sqrt(scales[i]!))),
  };
}

/** T = I - E/2 + 3E^2/8 and R = I + E/2 - E^2/8 with E = G - I: the inverse square root and square root, to E^3. */
async function polishingStep(G: Matrix, kernels: Kernels): Promise<Step> {
  const k = G.rows;
  const E: Matrix = { rows: k, cols: k, data: Float64Array.from(G.data) };
  for (let i = 0; i < k; i++) E.data[i * k + i]! -= 1;
  const squared = await kernels.gemm(E, E);
  const combine = (first: number, second: number): Matrix => {
    const S = zeroMatrix(k, k);
    for (let at = 0; at < S.data.length; at++) S.data[at] = first * E.data[at]! + second * squared.data[at]!;
    for (let i = 0; i < k; i++) S.data[i * k + i]! += 1;
    return S;
  };
  return { T: combine(-1 / 2, 3 / 8), R: combine(1 / 2, -1 / 8) };
}

/**
 * An orthonormal basis Q of the range of Y (n x k). Y itself is left as it is.
 *
 * With G = Y^T Y = V diag(w) V^T in float64, Q = Y V diag(w)^-1/2. A Gram matrix resolves singular values only down to
 * sqrt(u64) of the largest, so in float64 the directions below that are first scaled up by a common factor (a shift, as
 * in Fukaya et al. 2020, "Shifted Cholesky QR") and resolved by the Gram matrix of the second pass. Directions with a
 * singular value at most max(4 u, 4 sqrt(k) u64) of the largest are dropped. Passes end when Q^T Q - I is at rounding level.
 *
 * @throws NumericalError when the passes do not converge, which takes non-finite or wildly scaled data.
 */
export async function orthonormalise(Y: Multivector, space: Space, context: VerbContext): Promise<Orthonormalised> {
  const { kernels } = context;
  const u = unitRoundoff(Y.dtype);
  const tolerance = 64 * u;
  const gramNoise = 4 * Math.sqrt(Y.cols) * unitRoundoff('float64');
  const smallest = Math.max((4 * u) ** 2, gramNoise ** 2);

  const firstScale = (value: number, largest: number): number => {
    if (largest <= 0) return 0;
    if (smallest >= gramNoise) return value > smallest * largest ? value : 0;
    return Math.max(value, gramNoise * largest);
  };
  const laterScale = (value: number, largest: number): number => (value > gramNoise * largest ? value : 0);

  let basis = Y;
  let R: Matrix | undefined;
  let T: Matrix | undefined;
  for (let pass = 0; pass <= MAX_PASSES; pass++) {
    const G = await gram(basis, basis, context);
    const defect = distanceFromIdentity(G);
    if (R && T && defect <= tolerance) return { basis, R, T, dropped: Y.cols - basis.cols, defect };
    const step =
      R !== undefined && defect < 0.1
        ? await polishingStep(G, kernels)
        : await spectralStep(G, kernels, R === undefined ? firstScale : laterScale);
    const next = basis !== Y && step.T.cols === basis.cols ? basis : await space.allocate(step.T.cols);
    basis = await times(basis, step.T, next, context);
    R = R === undefined ? step.R : await kernels.gemm(step.R, R);
    T = T === undefined ? step.T : await kernels.gemm(T, step.T);
  }
  throw new NumericalError(`orthonormalise: no orthonormal basis of ${Y.cols} columns after ${MAX_PASSES} passes`, {
    columns: Y.cols,
  });
}
