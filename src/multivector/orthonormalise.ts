/** An orthonormal basis of the columns of a tall block by Gram matrices, so that it streams and runs on any provider. */
import { asDType, type Matrix, zeroMatrix, zeros } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import { fillRandom } from '../core/random.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { distanceFromIdentity, frobeniusNorm, selectColumns, transpose } from '../linalg/small.ts';
import type { Multivector, Space } from './multivector.ts';
import { gram, times, type VerbContext } from './verbs.ts';

/** Y = basis R up to the dropped directions. */
export interface Orthonormalised {
  /** n x rank, orthonormal to rounding. */
  basis: Multivector;
  /** rank x k. */
  R: Matrix;
  /** k x rank: basis = Y T. */
  T: Matrix;
  /** Directions dropped as numerically dependent: k - rank. */
  dropped: number;
  /** ||basis^T basis - I||_F, as estimated from ten random vectors. */
  defect: number;
}

/** One step Q <- Q T with Q_old = Q_new R: either directions are cut and scaled, or a small defect is polished away. */
interface Step {
  T: Matrix;
  R: Matrix;
}

const MAX_PASSES = 6;
const DEFECT_PROBES = 10;

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
 * ||Q^T Q - I||_F from ten Gaussian vectors w, as the root of the mean ||Q^T (Q w) - w||^2: it costs two thin products
 * where Q^T Q would cost as much as the orthonormalisation itself. It is below a third of the truth with probability at
 * most P(chi2_10 <= 10/9) = 3e-4, below a tenth with 1e-8.
 */
async function estimateDefect(Q: Multivector, space: Space, context: VerbContext): Promise<number> {
  const drawn = zeros(Q.cols, DEFECT_PROBES, Q.dtype);
  fillRandom(drawn, 'gaussian', { seed: 0, purpose: 'probe' }, 0);
  const probes = asDType(drawn, 'float64') as Matrix;
  const images = await times(Q, probes, await space.allocate(DEFECT_PROBES), context);
  const returned = await gram(Q, images, context);
  for (let at = 0; at < returned.data.length; at++) returned.data[at]! -= probes.data[at]!;
  return frobeniusNorm(returned) / Math.sqrt(DEFECT_PROBES);
}

/**
 * An orthonormal basis Q of the range of Y (n x k). Y itself is left as it is.
 *
 * With G = Y^T Y = V diag(w) V^T in float64, Q = Y V diag(w)^-1/2. A Gram matrix resolves singular values only down to
 * sqrt(u64) of the largest, so in float64 the directions below that are first scaled up by a common factor (a shift, as
 * in Fukaya et al. 2020, "Shifted Cholesky QR") and resolved by the Gram matrix of the second pass. Directions with a
 * singular value at most max(4 u, 4 sqrt(k) u64) of the largest are dropped. Passes end when Q^T Q - I is at rounding level.
 * Float32 data is multiplied in float64: Y V w^-1/2 loses up to sqrt(w_max / w_min) of its digits to cancellation, and on
 * a sketch of 39760 x 2000 the float64 sums leave a defect of 8e-9 where float32 sums leave 3e-6 and need another pass.
 *
 * @throws NumericalError when the passes do not converge, which takes non-finite or wildly scaled data.
 */
export async function orthonormalise(Y: Multivector, space: Space, context: VerbContext): Promise<Orthonormalised> {
  const { kernels } = context;
  const u = unitRoundoff(Y.dtype);
  const tolerance = 16 * u * Math.sqrt(Y.cols);
  const gramNoise = 4 * Math.sqrt(Y.cols) * unitRoundoff('float64');
  const smallest = Math.max((4 * u) ** 2, gramNoise ** 2);

  const firstScale = (value: number, largest: number): number => {
    if (largest <= 0) return 0;
    if (smallest >= gramNoise) return value > smallest * largest ? value : 0;
    return Math.max(value, gramNoise * largest);
  };
  const laterScale = (value: number, largest: number): number => (value > gramNoise * largest ? value : 0);

  const first = await spectralStep(await gram(Y, Y, context), kernels, firstScale);
  let basis = await times(Y, first.T, await space.allocate(first.T.cols), context, { wide: true });
  let { R, T } = first;
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    const defect = await estimateDefect(basis, space, context);
    if (defect <= tolerance) return { basis, R, T, dropped: Y.cols - basis.cols, defect };
    const G = await gram(basis, basis, context);
    const isNear = distanceFromIdentity(G) < 0.1;
    const step = isNear ? await polishingStep(G, kernels) : await spectralStep(G, kernels, laterScale);
    const out = step.T.cols === basis.cols ? basis : await space.allocate(step.T.cols);
    basis = await times(basis, step.T, out, context, { wide: true });
    R = await kernels.gemm(step.R, R);
    T = await kernels.gemm(T, step.T);
  }
  throw new NumericalError(`orthonormalise: no orthonormal basis of ${Y.cols} columns after ${MAX_PASSES} passes`, {
    columns: Y.cols,
  });
}
