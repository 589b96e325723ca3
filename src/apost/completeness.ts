/** How large an eigenvalue can be that a sketch has missed. */
import type { Matrix } from '../core/block.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import type { Certification } from './certification.ts';
import { chiSquareQuantile } from './interval.ts';

/** Test vectors that take the power steps: enough that an unlucky alignment is rare, few beside the products of a sketch. */
const POWER_COLUMNS = 8;

/** ||X||_2 from X^T X. */
async function largestSingularValue(G: Matrix, run: Certification): Promise<number> {
  return Math.sqrt(Math.max(0, (await run.verbs.kernels.eigh(G)).values.at(-1) ?? 0));
}

/** Multiplies every entry by a factor. */
async function scaleColumns(X: Multivector, factor: number): Promise<void> {
  const block = await X.readColumns(0, X.cols);
  await X.writeColumns(0, { ...block, data: block.data.map((value) => factor * value) });
}

/** Frobenius norm, from the diagonal of X^T X. */
function frobenius({ rows, data }: Matrix): number {
  let square = 0;
  for (let i = 0; i < rows; i++) square += data[i * rows + i]!;
  return Math.sqrt(square);
}

/** The bound and what it cost. */
export interface SpectralBound {
  /** ||A (I - P)||_2 is at most this, with the probability asked for. */
  bound: number;
  /** Products with single columns. */
  numMatvecs: number;
}

/**
 * An upper bound of c = ||B||_2, B = A (I - P), P an orthogonal projector and G = (I - P) W, W fresh Gaussian.
 *
 * With u the leading right singular vector of B, ||B W||_2 >= c ||u^T W||, ||B^T B W||_2 >= c^2 ||u^T W||, and so on; and
 * ||u^T W||^2 is a chi2_s variable, W having s columns (one event for every power). So c <= (||..W||_2 / x)^(1/p) with
 * x^2 the d-quantile of chi2_s: the small-ball law P(|u^T w| <= x) of Dixon 1983 and of Kuczynski & Wozniakowski 1992, for
 * a block. The Frobenius bound from the same columns is never better, because ||BW||_F >= ||BW||_2.
 *
 * It is ||A (I - P)|| and not ||(I - P) A (I - P)|| that decides what was missed: A P has rank r, so A has at most r
 * singular values above ||A - A P|| (Eckart & Young), whereas with A = [0 1; 1 0] and P = e_1 e_1^T the second is 0.
 *
 * @param G n x q projected test vectors, AG their products, before any projection of these
 * @param noise norm of the noise in A v for a unit vector v; it is added wherever a product enters
 * @param deflate X <- (I - P) X in place
 */
export async function spectralBound(
  run: Certification,
  G: Multivector,
  AG: Multivector,
  noise: number,
  deflate: (X: Multivector) => Promise<Multivector>,
): Promise<SpectralBound> {
  const { op, powerSteps, verbs, measuring } = run;
  const s = Math.min(POWER_COLUMNS, G.cols);
  const smallest = Math.sqrt(chiSquareQuantile(1 - run.level, s));
  const take = async (X: Multivector): Promise<Multivector> => {
    const part = await measuring.space.allocate(s);
    await part.writeColumns(0, await X.readColumns(0, s));
    return part;
  };
  const start = await take(G);
  let error = noise * frobenius(await gram(start, start, verbs));
  let X = await take(AG);
  let squares = await gram(X, X, verbs);
  const first = ((await largestSingularValue(squares, run)) + error) / smallest;
  if (first === 0) return { bound: 0, numMatvecs: 0 };
  let bound = first;
  for (let power = 2; power <= powerSteps + 1; power++) {
    // scaled by the first bound at each step, so that powers neither overflow nor underflow
    await scaleColumns(X, 1 / first);
    error += (noise * frobenius(squares)) / first;
    X = await measure(op, X, measuring);
    if (power % 2 === 0) await deflate(X);
    squares = await gram(X, X, verbs);
    const length = (await largestSingularValue(squares, run)) + error;
    bound = Math.min(bound, first * (length / (smallest * first)) ** (1 / power));
  }
  return { bound, numMatvecs: powerSteps * s };
}
