/** Certification of Ritz pairs: the known part of the error is separated, only the rest is sampled. */

import { type Block, type Matrix, placeSideBySide, rowsOf, zeroMatrix, zeros } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { sumOfSquares, vectorNorm } from '../core/vector-norm.ts';
import { frobeniusNorm, subMatrix } from '../linalg/small.ts';
import { defectProbes, difference, exactDefect } from '../multivector/defect.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { LEFT_OVER, projectOut } from '../multivector/project.ts';
import { panelBuffer, sweep } from '../multivector/sweep.ts';
import { addSquares, columnNorms, concatenate, gram, leadingColumns } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import { residualEstimates, roundingOfSamples } from '../spectrum/residual-samples.ts';
import { chiSquareQuantile } from '../stats/distributions.ts';
import { effectiveDimension, likelySquaredInterval } from '../stats/effective-dimension.ts';
import { type Interval, squaredInterval, withNoise } from '../stats/interval.ts';
import {
  type Certification,
  event,
  largestMagnitude,
  meanDiagonal,
  measureAsymmetricNoise,
  normStatements,
  ratio,
  type Statements,
} from './certification.ts';
import { type Core, couplingOf, diagonalCore, type ErrorRun, missedBound } from './completeness.ts';
import { isolatedPairs } from './gaps.ts';
import { leadingWeights, noiseOfLargestProducts } from './largest-products.ts';
import { coreRounding, noiseFromRepetition, roundingFloor } from './noise.ts';
import { inertiaAtLeast, residualIntervals } from './residuals.ts';

/** Ritz pairs of the operator on an orthonormal basis, and how far each is from an eigenpair. */
export interface RitzPairs {
  /** Length r. */
  eigenvalues: Float64Array;
  /** n x r, orthonormal. */
  eigenvectors: Multivector;
  /** ||A v_i - eigenvalues_i v_i||, length r. */
  residualNorms: Float64Array;
  /**
   * How far each residual norm and eigenvalue may be from that of exact products and exact arithmetic, where whoever made the
   * pairs knows; a residual norm may contain it.
   */
  noiseFloor?: number;
  /** Where residual norms are bounds from Gaussian combinations of rows: how many of these. */
  residualSamples?: number;
}

/** Sums of squares of values r, r+1, ..., for r = 0..length: added from the small end, so that tails keep their digits. */
function tailsOfSquares(values: Float64Array): Float64Array {
  const tails = new Float64Array(values.length + 1);
  for (let r = values.length - 1; r >= 0; r--) tails[r] = tails[r + 1]! + values[r]! ** 2;
  return tails;
}

const rowNorms = (A: Matrix): Float64Array =>
  Float64Array.from({ length: A.rows }, (_, i) => vectorNorm(rowsOf(A, i, i + 1).data));

/** The largest 2 |theta_i| | ||v_i|| - 1 |: how far the Rayleigh quotient of v_i can be from that of a unit vector. */
const lengthDefect = (theta: Float64Array, norms: Float64Array): number =>
  norms.reduce((worst, norm, i) => Math.max(worst, 2 * Math.abs(theta[i]! * (norm - 1))), 0);

/** Of so many columns or fewer all of V^T V is computed. Of more, Gaussian vectors show how far it is from I. */
const EXACT_COLUMNS = 100;
const DEFECT_PROBES = 50;

/** What these vectors take of the probability with which each event may fail, in equal parts for the three norms that they show. */
const DEFECT_SHARE = 0.01;

/** The largest ||E v|| that the run shows, v a unit vector. */
const largestOf = ({ diagonal, offDiagonal }: ErrorRun): number =>
  diagonal.reduce((largest, value, i) => Math.max(largest, Math.hypot(value, offDiagonal[i]!)), 0);

/** What the pairs alone say about three squared norms, each within the noise of the products behind it. */
interface KnownSquares {
  /** 2 ||A V - V diag(theta)||_F^2: residuals count twice, above and below the diagonal block. */
  coupling: Interval;
  /** ||diag(theta)||_F^2. */
  captured: Interval;
  /** Of theta_r, theta_r+1, ..., for r = 0..rank. */
  tails: Interval[];
}

/** How far what is known of the pairs may be from the truth. */
interface Uncertainty {
  /** Norm of the noise in A v for a unit vector v. */
  noise: number;
  /** How far a residual norm may be above the exact one, at least `noise`. */
  slack: number;
  /** ||diag(theta) (V^T V - I)||_F. */
  defect: number;
}

/**
 * V is not quite orthonormal, V^T V = I + D, and statements are about V diag(theta) V^T. With the orthonormal V S^-1, S = (I +
 * D)^1/2, that is S diag(theta) S in the span, which differs from diag(theta) by ||diag(theta) D||_F at most, to first order in
 * D; so does what the residuals have in the span. Outside of the span nothing changes.
 *
 * @param residual ||A V - V diag(theta)||_F^2
 */
function knownSquares(theta: Float64Array, residual: Interval, { noise, slack, defect }: Uncertainty): KnownSquares {
  const root = Math.sqrt(theta.length);
  const tails = tailsOfSquares(theta);
  // of exact residuals the part within the span counts once, and is no more than noise
  const least = 2 * Math.max(0, Math.sqrt(residual.lower) - slack * root) ** 2 - (noise * root + 2 * defect) ** 2;
  return {
    coupling: {
      estimate: 2 * residual.estimate,
      lower: Math.max(0, least),
      upper: 2 * (Math.sqrt(residual.upper) + noise * root + defect) ** 2,
    },
    captured: withNoise(tails[0]!, slack * root + defect),
    tails: Array.from(tails, (tail, r) => withNoise(tail, slack * Math.sqrt(theta.length - r) + defect)),
  };
}

/** The norms and the scree, each increasing in t. */
interface Norms {
  relativeError: Interval;
  errorFrob: Interval;
  operatorFrob: Interval;
  scree: Interval[];
}

type End = keyof Interval;
const OPPOSITE: Record<End, End> = { estimate: 'estimate', lower: 'upper', upper: 'lower' };
const eachEnd = (value: (end: End) => number): Interval => ({
  estimate: value('estimate'),
  lower: value('lower'),
  upper: value('upper'),
});

/** All norms for t in its interval: one event carries all of their upper ends, one all of their lower ends. */
function normsFrom(t: Interval, { coupling: c, captured, tails }: KnownSquares): Norms {
  // a Ritz approximation and its truncations are projections of A, never farther from A than zero is
  const relative = (tail: Interval): Interval =>
    eachEnd((end) =>
      Math.min(1, Math.sqrt(ratio(tail[end] + c[end] + t[end], captured[OPPOSITE[end]] + c[end] + t[end]))),
    );
  const scree = tails.map(relative);
  return {
    relativeError: scree.at(-1)!,
    errorFrob: eachEnd((end) => Math.sqrt(c[end] + t[end])),
    operatorFrob: eachEnd((end) => Math.sqrt(captured[end] + c[end] + t[end])),
    scree,
  };
}

/** What the vectors that free test vectors of their span have shown of themselves on the way. */
export interface SeenVectors {
  /** Squares of their lengths, r. */
  squares: Float64Array;
  /** A combination of the leading ones, n x 1: {@link leadingWeights}. */
  leading: Block;
  /** ||C (V^T V - I)||_F beside the scale of C. */
  defect: number;
  /** ||V^T V - I||_F. */
  spread: number;
  /** Where the Ritz vectors are V U: a bound of | ||V u_i||^2 - 1 |, the norm of (V^T V - I) u_i. */
  rotated?: Float64Array;
  /** Gaussian vectors that these norms are estimated from, as root mean squares; absent where they are exact, or bounds. */
  probes?: number;
}

/**
 * Bounds in place of estimates, and the level that is left to other events. The mean of ||D w||^2 for p Gaussian vectors w, independent
 * of D, is at most x ||D||_F^2, x <= 1, with probability at most P(chi2_p <= p x), whatever D is.
 */
export function boundsOfSeen(seen: SeenVectors, level: number): { seen: SeenVectors; left: number } {
  const { probes, defect, spread, rotated } = seen;
  if (probes === undefined) return { seen, left: level };
  const factor = (count: number): number =>
    Math.sqrt(probes / chiSquareQuantile((DEFECT_SHARE * (1 - level)) / (3 * count), probes));
  const bounds = {
    ...{ defect: factor(1) * defect, spread: factor(1) * spread },
    ...(rotated ? { rotated: rotated.map((norm) => factor(rotated.length) * norm) } : {}),
  };
  return { seen: { ...seen, ...bounds }, left: 1 - (1 - DEFECT_SHARE) * (1 - level) };
}

/** Rows that are seen at a time: roundings of longer sums would come to more of what a float32 estimate of the defect says. */
const SEEN_ROWS = 1024;

/**
 * Frees the test vectors, in place, of the span of V. What there is to see of V is seen on the way: a product with few columns
 * takes about as long as reading V, so that all of them are made in two, V [weights, probes] and V^T [Omega, what that is].
 * @param core C of the approximation V C V^T
 */
export async function freeOfSpan(
  { Omega, verbs, stream: { seed, firstColumn } }: Pick<Certification, 'Omega' | 'verbs' | 'stream'>,
  V: Multivector,
  core: Core,
): Promise<SeenVectors> {
  const { kernels } = verbs;
  const exact = V.cols <= EXACT_COLUMNS ? exactDefect(V.cols, kernels) : undefined;
  // of this certificate alone: what made V, and earlier looks, may have depended on other ones
  const key = { seed, purpose: 'defect' } as const;
  const probes = defectProbes(V.cols, V.dtype, exact ? 0 : DEFECT_PROBES, key, DEFECT_PROBES * firstColumn);
  const factors = zeroMatrix(V.cols, 1 + probes.cols);
  placeSideBySide([await leadingWeights(core), probes], factors);
  const lengths = new Float64Array(V.cols);
  const squares = new Float64Array(Omega.cols);
  const leading = zeros(V.rows, 1, V.dtype);
  const returned = zeroMatrix(V.cols, Omega.cols + factors.cols);
  const [imageBuffer, rightBuffer] = [panelBuffer(factors.cols, V.dtype), panelBuffer(returned.cols, V.dtype)];
  const visit = async (v: Block, x: Block, start: number): Promise<void> => {
    const [images, right] = [imageBuffer(v.rows), rightBuffer(v.rows)];
    const product = kernels.times(v, factors, images);
    // beside the product, during which this thread would be idle
    addSquares(v, lengths);
    addSquares(x, squares);
    await product;
    for (let i = 0; i < images.rows; i++) leading.data[start + i] = images.data[i * images.cols]!;
    placeSideBySide([x, images], right);
    await kernels.addGram(v, right, returned, false);
    await exact?.add(v);
  };
  await sweep('apost', [V, Omega], verbs, async ([v, x], _, start) => {
    for (let at = 0; at < v!.rows; at += SEEN_ROWS) {
      const end = Math.min(at + SEEN_ROWS, v!.rows);
      await visit(rowsOf(v!, at, end), rowsOf(x!, at, end), start + at);
    }
  });
  const overlap = subMatrix(returned, 0, V.cols, 0, Omega.cols);
  await projectOut([Omega], [V], verbs, { measured: { overlap, squares } });
  // D = V^T V - I, or D times the probes
  const D = exact?.matrix() ?? difference(subMatrix(returned, 0, V.cols, Omega.cols + 1, returned.cols), probes);
  const root = exact ? 1 : Math.sqrt(probes.cols);
  return {
    squares: lengths,
    leading,
    defect: ratio(frobeniusNorm(await core.times(D)) / root, core.scale),
    spread: frobeniusNorm(D) / root,
    ...(core.rotation
      ? { rotated: rowNorms(await kernels.gemm(core.rotation, D, { transA: true })).map((norm) => norm / root) }
      : {}),
    ...(exact ? {} : { probes: probes.cols }),
  };
}

/** What sampled residuals take of the probability that each end of a norm has. */
const RESIDUAL_SHARE = 0.1;

/**
 * ||R||_F^2 of the residuals, and the level that is left to the test vectors. Sampled, it is the mean of ||R^T s_j||^2, whose law is that
 * of test products, whatever R is.
 */
function residualSquare(
  { eigenvalues: theta, residualNorms, residualSamples }: RitzPairs,
  { op, level }: Certification,
): { residual: Interval; ofTests: number } {
  if (residualSamples === undefined) return { residual: withNoise(sumOfSquares(residualNorms), 0), ofTests: level };
  const square = sumOfSquares(residualEstimates(residualNorms));
  const rounding = 2 * Math.sqrt(theta.length) * roundingOfSamples(theta, op.shape[1]);
  return {
    residual: squaredInterval(square, residualSamples, 1 - RESIDUAL_SHARE * (1 - level), rounding),
    ofTests: 1 - (1 - RESIDUAL_SHARE) * (1 - level),
  };
}

/**
 * With orthonormal V, A V = V diag(theta) + (residuals orthogonal to V): everything about A is known but
 * t = ||(I - P) A (I - P)||_F^2, P = V V^T, and every statement is increasing in t.
 *
 * @param seen where the test vectors were freed of the span of V before
 * @param core V^T A V, where V are other vectors of the same span than the Ritz vectors
 */
export async function certifyDeflated(
  given: Certification,
  pairs: RitzPairs,
  { seen, core = diagonalCore(pairs.eigenvalues) }: { seen?: SeenVectors | undefined; core?: Core } = {},
): Promise<Statements> {
  const { eigenvalues: theta, eigenvectors: V, residualNorms, residualSamples } = pairs;
  const bounded = boundsOfSeen(seen ?? (await freeOfSpan(given, V, core)), given.level);
  const { squares: lengths, leading, defect: relativeDefect, spread, rotated } = bounded.seen;
  const run = { ...given, level: bounded.left };
  const { op, tests, level, verbs, measuring, Omega: G } = run;
  const AG = await measure(op, G, measuring);
  const asymmetricNoise = await measureAsymmetricNoise(run, G, AG);
  const repeated = await noiseFromRepetition(op, await G.readColumns(0, 1), await AG.readColumns(0, 1));
  const largest = largestMagnitude(theta);
  const largestProducts = await noiseOfLargestProducts(run, leading, largest);
  // V^T A V is known of a rotated V, whatever its lengths: only Rayleigh quotients of single vectors depend on these
  const ofLengths = rotated?.reduce((worst, bound, i) => Math.max(worst, Math.abs(theta[i]!) * bound), 0) ?? 0;
  const rounding = roundingFloor(op, largest, rotated ? 0 : lengthDefect(theta, lengths.map(Math.sqrt)));
  const noiseFloor = Math.max(repeated, asymmetricNoise, largestProducts.noise, rounding);
  const defect = relativeDefect * core.scale;
  const deflation = { V, core, coupling: couplingOf(residualNorms, noiseFloor) + defect };
  const { space } = measuring;
  const product = await leadingColumns(AG, 1, await space.allocate(1), verbs);
  const first = await leadingColumns(G, 1, await space.allocate(1), verbs);
  // the first test vector beside the products: what is left of it in the span takes no pass over V of its own
  const beside = await concatenate([AG, first], await space.allocate(tests + 1), verbs);
  const overlaps = await gram(V, beside, verbs);
  const measured = {
    overlap: subMatrix(overlaps, 0, V.cols, 0, tests),
    squares: (await columnNorms(AG, verbs)).map((norm) => norm ** 2),
  };
  const [inSpan] = (await projectOut([AG], [V], verbs, { once: [AG], measured })) as [Matrix];
  // one projection leaves a little in the span: beside the residuals, of which that part is made, it is nothing
  const leftOver = ((spread + LEFT_OVER * unitRoundoff(AG.dtype)) * frobeniusNorm(inSpan)) / Math.sqrt(tests);
  const squares = await gram(AG, AG, verbs, { wide: true });
  const meanSquare = meanDiagonal(squares);
  // noise may be in proportion to the product, and the first test vector's be small beside others
  const size = Math.sqrt(squares.data[0]!);
  const noiseBeside = (length: number): number =>
    Math.max(asymmetricNoise, repeated * (size > 0 ? Math.max(1, length / size) : 1));
  const { missed: beyond, numMatvecs: further } = await missedBound(
    run,
    deflation,
    {
      ...{ G, product },
      inSpan: subMatrix(overlaps, 0, V.cols, 0, 1),
      inStart: subMatrix(overlaps, 0, V.cols, tests, tests + 1),
    },
    (errorRun) => Math.min(noiseFloor, noiseBeside(errorRun.length * largestOf(errorRun))),
  );
  // of V itself, which differs from an orthonormal basis of its span
  const missed = beyond + defect;
  // a test vector is about sqrt(n) long, and so is its noise
  const noise = noiseBeside(Math.sqrt(meanSquare)) * Math.sqrt(op.shape[1]) + leftOver;
  const dimension = effectiveDimension(squares);
  const ofRitzValues = noiseFloor + coreRounding(largest, theta.length);
  const slack = ofRitzValues + (pairs.noiseFloor ?? 0);
  const { ofTests, residual } = residualSquare(pairs, run);
  const known = knownSquares(theta, residual, { noise: noiseFloor, slack, defect });
  const { scree, ...norms } = normsFrom(squaredInterval(meanSquare, tests, ofTests, noise), known);
  const { scree: _, ...likely } = normsFrom(likelySquaredInterval(meanSquare, tests, dimension, level, noise), known);
  const isolated = isolatedPairs({ theta, residualNorms, noise: ofRitzValues + ofLengths, defect, missed });
  return {
    deflated: true,
    numMatvecs: tests + 1 + largestProducts.numMatvecs + further,
    events: [
      event(run, 'upper', [...normStatements('upper'), 'scree.upper']),
      event(run, 'lower', [...normStatements('lower'), 'scree.lower']),
      event(run, 'spectral', ['missedEigenvalueBound', 'gapIntervals', 'angleBounds']),
    ],
    ...norms,
    likely: { ...likely, effectiveDimension: dimension },
    scree,
    eigenvalueIntervals: residualIntervals(theta, residualNorms, noiseFloor),
    gapIntervals: isolated.map((pair) => pair?.interval ?? null),
    angleBounds: isolated.map((pair) => pair?.angle ?? null),
    inertia: inertiaAtLeast(theta, ofRitzValues),
    missedEigenvalueBound: missed,
    noiseFloor,
    roundingFloor: rounding,
    ...(residualSamples === undefined ? {} : { residualSamples }),
  };
}
