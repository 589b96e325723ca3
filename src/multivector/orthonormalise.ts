/** An orthonormal basis of the columns of a tall block by Gram matrices, so that it streams and runs on any provider. */
import { asDType, type Block, type Matrix, zeroMatrix, zeros } from '../core/block.ts';
import { type DType, unitRoundoff } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import { fillRandom } from '../core/random.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { distanceFromIdentity, mirrorUpper } from '../linalg/small.ts';
import type { Multivector, Space } from './multivector.ts';
import { choleskyStep, polishingStep, type Step, spectralStep } from './orthonormal-steps.ts';
import { panelBuffer, sweep, type Visit } from './sweep.ts';
import { addSquares, columnNorms, gram, times, type VerbContext } from './verbs.ts';

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
  /** ||basis^T basis - I||_F: measured for up to ten columns, estimated from ten random vectors for more. */
  defect: number;
}

const MAX_PASSES = 6;
const DEFECT_PROBES = 10;

/** The distance of Q^T Q from I, for a Q of which row panels are shown one after the other. */
interface DefectMeter {
  add(panel: Block): Promise<void>;
  value(): number;
}

/** ||Q^T Q - I||_F for few columns. */
function exactDefect(cols: number, kernels: Kernels): DefectMeter {
  const G = zeroMatrix(cols, cols);
  return { add: (panel) => kernels.addGram(panel, panel, G), value: () => distanceFromIdentity(mirrorUpper(G)) };
}

/**
 * ||Q^T Q - I||_F from ten Gaussian vectors w, as the root of the mean ||Q^T (Q w) - w||^2: it costs two thin products
 * where Q^T Q would cost as much as the orthonormalisation itself. It is below a third of the truth with probability at
 * most P(chi2_10 <= 10/9) = 3e-4, below a tenth with 1e-8.
 */
function estimatedDefect(cols: number, dtype: DType, kernels: Kernels): DefectMeter {
  const drawn = zeros(cols, DEFECT_PROBES, dtype);
  fillRandom(drawn, 'gaussian', { seed: 0, purpose: 'probe' }, 0);
  const probes = asDType(drawn, 'float64') as Matrix;
  const returned = zeroMatrix(cols, DEFECT_PROBES);
  const buffer = panelBuffer(DEFECT_PROBES, dtype);
  return {
    async add(panel) {
      const images = buffer(panel.rows);
      await kernels.times(panel, probes, images);
      await kernels.addGram(panel, images, returned);
    },
    value() {
      const differences = returned.data.map((entry, at) => entry - probes.data[at]!);
      return vectorNorm(differences) / Math.sqrt(DEFECT_PROBES);
    },
  };
}

/** Y T in `out`, and how far its columns are from orthonormal. */
async function apply(
  Y: Multivector,
  { T, options }: Step,
  out: Multivector,
  context: VerbContext,
): Promise<{ basis: Multivector; defect: number }> {
  const { kernels } = context;
  const meter =
    out.cols <= DEFECT_PROBES ? exactDefect(out.cols, kernels) : estimatedDefect(out.cols, out.dtype, kernels);
  const basis = await times(Y, T, out, context, { wide: true, ...options, observe: meter.add });
  return { basis, defect: meter.value() };
}

/** T with one row for each of the k columns it is applied to, in their order: those that a step leaves out get zeros. */
function inColumnOrder({ T, options: { order } }: Step, k: number): Matrix {
  if (!order) return T;
  const full = zeroMatrix(k, T.cols);
  for (const [row, column] of order.entries()) {
    full.data.set(T.data.subarray(row * T.cols, (row + 1) * T.cols), column * T.cols);
  }
  return full;
}

/**
 * How far rounding alone may take ||Q^T Q - I||_F: that of the n x k entries of Q, and that of the sums of n terms behind
 * Q^T Q, whose errors add up like a random walk. The sums run in float64, in several parts, whatever the data.
 */
function roundingDefect({ rows, cols, dtype }: Multivector): number {
  return (16 * unitRoundoff(dtype) + (Math.sqrt(rows) / 16) * unitRoundoff('float64')) * Math.sqrt(cols);
}

/** A single column divided by its length, and once more where that was not known to rounding. */
async function normalise(
  Y: Multivector,
  space: Space,
  context: VerbContext,
  mayRepeat = true,
): Promise<Orthonormalised> {
  const [length = 0] = await columnNorms(Y, context);
  if (!Number.isFinite(length)) throw new NumericalError('orthonormalise: the column has no finite length', { length });
  const rank = length > 0 ? 1 : 0;
  const basis = await space.allocate(rank);
  const factor = 1 / length;
  const square = new Float64Array(rank);
  const visit: Visit = async ([y], [q]) => {
    const [from, to] = [y!.data, q!.data];
    for (let i = 0; i < to.length; i++) to[i] = factor * from[i]!;
    addSquares(q!, square);
  };
  await sweep('orthonormalise', [Y], context, visit, { outputs: [basis] });
  const filled = (rows: number, cols: number, value: number): Matrix => ({
    rows,
    cols,
    data: new Float64Array(rows * cols).fill(value),
  });
  const defect = distanceFromIdentity({ rows: rank, cols: rank, data: square });
  // squares of tiny numbers have few digits, but those of what is nearly of length one have all
  if (mayRepeat && defect > roundingDefect(Y)) {
    const again = await normalise(basis, space, context, false);
    await space.release(basis);
    const [R, T] = [again.R.data[0]! * length, again.T.data[0]! * factor];
    return { ...again, R: filled(1, 1, R), T: filled(1, 1, T) };
  }
  return { basis, R: filled(rank, 1, length), T: filled(1, rank, factor), dropped: 1 - rank, defect };
}

/**
 * An orthonormal basis Q of the range of Y (n x k). Y itself is left as it is.
 *
 * Float64 data: with G = Y^T Y = V diag(w) V^T, Q = Y V diag(w)^-1/2. G resolves singular values only down to sqrt(u64)
 * of the largest, so the directions below that are first scaled up by a common factor (a shift, as in Fukaya et al. 2020,
 * "Shifted Cholesky QR") and resolved by the Gram matrix of the second pass. Float32 data: G, in float64, resolves all
 * there is, so Q = Y R^-1 with the pivoted Cholesky factor R of G. Directions with a singular value at most about
 * max(4 u, 4 sqrt(k) u64) of the largest are dropped. Passes end when Q^T Q - I is at rounding level, which
 * grows with n, or when one has come as near to that as its Gram matrix can tell.
 *
 * The product Y T is summed in float64 for float32 data too: it loses digits to cancellation, which float32 sums would
 * leave as a defect that needs another pass.
 *
 * @throws NumericalError when the passes do not converge, which takes non-finite or wildly scaled data.
 */
export async function orthonormalise(Y: Multivector, space: Space, context: VerbContext): Promise<Orthonormalised> {
  if (Y.cols === 1) return normalise(Y, space, context);
  const { kernels } = context;
  const u = unitRoundoff(Y.dtype);
  const tolerance = roundingDefect(Y);
  const gramNoise = 4 * Math.sqrt(Y.cols) * unitRoundoff('float64');
  const shifted = (value: number, largest: number): number => (largest > 0 ? Math.max(value, gramNoise * largest) : 0);
  const laterScale = (value: number, largest: number): number => (value > gramNoise * largest ? value : 0);

  const G = await gram(Y, Y, context);
  const isResolved = (4 * u) ** 2 > gramNoise;
  const first = await (isResolved ? choleskyStep(G, kernels, (4 * u) ** 2) : spectralStep(G, kernels, shifted));
  let { R } = first;
  let T = inColumnOrder(first, Y.cols);
  let { basis, defect } = await apply(Y, first, await space.allocate(first.T.cols), context);
  let isPolished = false;
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    if (defect <= tolerance || isPolished) return { basis, R, T, dropped: Y.cols - basis.cols, defect };
    const G = await gram(basis, basis, context);
    const distance = distanceFromIdentity(G);
    const isNear = distance < 0.1;
    // such a step leaves the cube of the distance: below one rounding, what is left is not known any better
    isPolished = distance ** 3 <= u;
    const step = isNear ? await polishingStep(G, kernels) : await spectralStep(G, kernels, laterScale);
    const before = basis;
    const out = step.T.cols === before.cols ? before : await space.allocate(step.T.cols);
    ({ basis, defect } = await apply(before, step, out, context));
    if (out !== before) await space.release(before);
    R = await kernels.gemm(step.R, R);
    T = await kernels.gemm(T, inColumnOrder(step, step.T.rows));
  }
  throw new NumericalError(`orthonormalise: no orthonormal basis of ${Y.cols} columns after ${MAX_PASSES} passes`, {
    columns: Y.cols,
  });
}
