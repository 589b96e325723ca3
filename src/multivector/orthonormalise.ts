/** An orthonormal basis of the columns of a tall block by Gram matrices, so that it streams and runs on any provider. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { type FloatArray, unitRoundoff } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import { cholesky, invertUpper } from '../linalg/cholesky.ts';
import { sketchRows } from '../linalg/kernels/row-sketch.ts';
import { distanceFromIdentity } from '../linalg/small.ts';
import { type DefectMeter, estimatedDefect, exactDefect } from './defect.ts';
import type { Multivector, Space } from './multivector.ts';
import { choleskyStep, inverseOf, nearestStep, polishingStep, type Step, spectralStep } from './orthonormal-steps.ts';
import { sweep, type Visit } from './sweep.ts';
import { columnNorms, gram, solve, times, type VerbContext } from './verbs.ts';

/** Y = basis R up to the dropped directions. */
export interface Orthonormalised {
  /** n x rank, orthonormal to rounding. */
  basis: Multivector;
  /** rank x k, computed when asked for. */
  R(): Promise<Matrix>;
  /** k x rank, likewise: basis = Y T. */
  T(): Promise<Matrix>;
  /** Directions dropped as numerically dependent: k - rank. */
  dropped: number;
  /** ||basis^T basis - I||_F: measured for up to ten columns, estimated from ten random vectors for more. */
  defect: number;
}

const MAX_PASSES = 6;

/** How far the columns of `out` are from orthonormal, whose panels are shown as they are stored. */
function defectMeter({ cols, dtype }: Multivector, { kernels }: VerbContext): DefectMeter {
  return cols <= DEFECT_PROBES ? exactDefect(cols, kernels) : estimatedDefect(cols, dtype, kernels, DEFECT_PROBES);
}

/**
 * Vectors behind an estimate: it is below a third of the truth with probability at most P(chi2_10 <= 10/9) = 3e-4, below a
 * tenth with 1e-8.
 */
const DEFECT_PROBES = 10;

/** A basis, with what led to it. */
type Basis = Pick<Orthonormalised, 'basis' | 'R' | 'T' | 'defect'>;

/** Y T in `out`. */
async function apply(Y: Multivector, { T, R }: Step, out: Multivector, context: VerbContext): Promise<Basis> {
  const meter = defectMeter(out, context);
  const basis = await times(Y, T, out, context, { wide: true, observe: meter.add });
  return { basis, T: async () => T, R: async () => R, defect: meter.value() };
}

/**
 * How far rounding alone may take ||Q^T Q - I||_F: that of the n x k entries of Q, and that of the sums of n terms behind
 * Q^T Q, whose errors add up like a random walk. The sums run in float64, in several parts, whatever the data.
 */
function roundingDefect({ rows, cols, dtype }: Multivector): number {
  return (16 * unitRoundoff(dtype) + (Math.sqrt(rows) / 16) * unitRoundoff('float64')) * Math.sqrt(cols);
}

/** to = factor from, and ||to||^2 as stored: a function of its own, as engines keep the compiled code of those and not of closures. */
function scaleInto(to: FloatArray, from: FloatArray, factor: number): number {
  const whole = to.length - (to.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let at = 0; at < whole; at += 4) {
    to[at] = factor * from[at]!;
    to[at + 1] = factor * from[at + 1]!;
    to[at + 2] = factor * from[at + 2]!;
    to[at + 3] = factor * from[at + 3]!;
    a += to[at]! * to[at]!;
    b += to[at + 1]! * to[at + 1]!;
    c += to[at + 2]! * to[at + 2]!;
    d += to[at + 3]! * to[at + 3]!;
  }
  for (let at = whole; at < to.length; at++) {
    to[at] = factor * from[at]!;
    a += to[at]! * to[at]!;
  }
  return a + b + (c + d);
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
    square[0]! += scaleInto(q!.data, y!.data, factor);
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
    const T = async (): Promise<Matrix> => filled(1, 1, (await again.T()).data[0]! * factor);
    const R = async (): Promise<Matrix> => filled(1, 1, (await again.R()).data[0]! * length);
    return { ...again, R, T };
  }
  const T = async (): Promise<Matrix> => filled(1, rank, factor);
  const R = async (): Promise<Matrix> => filled(rank, 1, length);
  return { basis, R, T, dropped: 1 - rank, defect };
}

/** Directions are dropped where no more than so many roundings of the longest column are left of them. */
const KEPT_ROUNDINGS = 4;

/** Up to so many columns their Gram matrix in float64 costs less than a sketch and the second step after it. */
const NARROW = 512;

/** G = Y^T Y in float64, on and above the diagonal: of all of Y, or of a sketch of its rows, which is G up to a small factor in every direction. */
async function gramOrSketched(Y: Multivector, context: VerbContext): Promise<Matrix> {
  if (Y.cols <= NARROW) return gram(Y, Y, context, { wide: true });
  const S = await sketchRows(Y.rows, Y.cols, (add) =>
    sweep('orthonormalise', [Y], context, ([y], _, start) => add(y!, start)),
  );
  const G = zeroMatrix(Y.cols, Y.cols);
  await context.kernels.addGram(S, S, G);
  return G;
}

/**
 * The first step for float32 data, by Cholesky QR, of many columns randomized: their R is that of a sketch, and makes the
 * condition of Y R^-1 a small number. The solve runs in float64: in float32 what it loses to cancellation would turn the span,
 * and make residuals of Ritz pairs on it longer. Columns of large pivots add as much to that as those of small ones: to solve
 * for the small ones alone in float64 does not help.
 */
async function throughCholesky(Y: Multivector, space: Space, context: VerbContext): Promise<Basis> {
  const { kernels } = context;
  const step = await choleskyStep(await gramOrSketched(Y, context), kernels, KEPT_ROUNDINGS * unitRoundoff(Y.dtype));
  const out = await space.allocate(step.factor.rows);
  // what a sketch has made is not orthonormal: a look at it would cost as much as at what is
  const meter = Y.cols <= NARROW ? defectMeter(out, context) : undefined;
  const options = { order: step.order, wide: true, ...(meter ? { observe: meter.add } : {}) };
  const basis = await solve(Y, step.factor, out, context, options);
  const defect = meter?.value() ?? Number.POSITIVE_INFINITY;
  return { basis, R: async () => step.R, T: () => inverseOf(step, kernels), defect };
}

/**
 * The second step for float32 data, in float32 but for small matrices, which leaves what is wrong with sums of float32. Its factor
 * is triangular, so that the columns keep their order: the leading ones stay the largest, from which symmetry is told. Undefined
 * where the columns are too near to dependent for that.
 */
async function again({ basis, R, T }: Basis, context: VerbContext): Promise<Basis | undefined> {
  const { kernels } = context;
  const factor = await cholesky(await gram(basis, basis, context), kernels);
  if (!factor) return undefined;
  const meter = defectMeter(basis, context);
  await solve(basis, factor, basis, context, { observe: meter.add });
  return {
    basis,
    R: async () => kernels.gemm(factor, await R()),
    T: async () => kernels.gemm(await T(), await invertUpper(factor, kernels)),
    defect: meter.value(),
  };
}

/** The first step for float64 data: directions that its Gram matrix does not resolve are scaled up by a common factor. */
async function throughShift(Y: Multivector, space: Space, context: VerbContext): Promise<Basis> {
  const noise = gramNoise(Y);
  const shifted = (value: number, largest: number): number => (largest > 0 ? Math.max(value, noise * largest) : 0);
  const step = await spectralStep(await gram(Y, Y, context), context.kernels, shifted);
  return apply(Y, step, await space.allocate(step.T.cols), context);
}

const gramNoise = ({ cols }: Multivector): number => 4 * Math.sqrt(cols) * unitRoundoff('float64');

/**
 * An orthonormal basis Q of the range of Y (n x k). Y itself is left as it is.
 *
 * Float64 data: with G = Y^T Y = V diag(w) V^T, Q = Y V diag(w)^-1/2. G resolves singular values only down to sqrt(u64)
 * of the largest, so the directions below that are first scaled up by a common factor (a shift, as in Fukaya et al. 2020,
 * "Shifted Cholesky QR") and resolved by the Gram matrix of the second pass. Float32 data: randomized Cholesky QR (Balabanov
 * 2022, arXiv 2210.09953; Higgins, Szyld, Boman & Yamazaki 2023, arXiv 2309.05868), see `throughCholesky`. Directions with a
 * singular value at most about max(4 u, 4 sqrt(k) u64) of the largest are dropped. Passes end when Q^T Q - I is at rounding
 * level, which grows with n, or when one has come as near to that as its Gram matrix can tell.
 *
 * @throws NumericalError when the passes do not converge, which takes non-finite or wildly scaled data.
 */
export async function orthonormalise(Y: Multivector, space: Space, context: VerbContext): Promise<Orthonormalised> {
  if (Y.cols === 1) return normalise(Y, space, context);
  const { kernels } = context;
  const u = unitRoundoff(Y.dtype);
  const tolerance = roundingDefect(Y);
  const noise = gramNoise(Y);
  const laterScale = (value: number, largest: number): number => (value > noise * largest ? value : 0);
  const firstStep = Y.dtype === 'float64' ? throughShift : throughCholesky;
  const first = await firstStep(Y, space, context);
  const isDone = Y.dtype === 'float64' || first.defect <= tolerance;
  let { basis, R, T, defect } = (isDone ? undefined : await again(first, context)) ?? first;
  let isPolished = false;
  for (let pass = 1; pass <= MAX_PASSES; pass++) {
    if (defect <= tolerance || isPolished) return { basis, R, T, dropped: Y.cols - basis.cols, defect };
    const G = await gram(basis, basis, context, { wide: true });
    const distance = distanceFromIdentity(G);
    const isNear = distance < 0.1;
    // such a step leaves the cube of the distance: below one rounding, what is left is not known any better
    isPolished = distance ** 3 <= u;
    const step = isNear ? await polishingStep(G, kernels) : await nearestStep(G, kernels, laterScale);
    const before = basis;
    const out = step.T.cols === before.cols ? before : await space.allocate(step.T.cols);
    ({ basis, defect } = await apply(before, step, out, context));
    if (out !== before) await space.release(before);
    const [earlierR, earlierT] = [R, T];
    R = async () => kernels.gemm(step.R, await earlierR());
    T = async () => kernels.gemm(await earlierT(), step.T);
  }
  throw new NumericalError(`orthonormalise: no orthonormal basis of ${Y.cols} columns after ${MAX_PASSES} passes`, {
    columns: Y.cols,
  });
}
