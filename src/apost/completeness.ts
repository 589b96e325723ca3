/** How large an eigenvalue can be that a sketch has missed. */
import type { Block, Matrix } from '../core/block.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { sweep } from '../multivector/sweep.ts';
import { concatenate, gram, leadingColumns } from '../multivector/verbs.ts';
import { measure } from '../sketch/measure.ts';
import { chiSquareQuantile } from '../stats/interval.ts';
import type { Certification } from './certification.ts';

/** Test vectors that take the power steps: enough that an unlucky alignment is rare, few beside the products of a sketch. */
const POWER_COLUMNS = 8;

/** ||X||_2 from X^T X. */
async function largestSingularValue(G: Matrix, run: Certification): Promise<number> {
  return Math.sqrt(Math.max(0, (await run.verbs.kernels.eigh(G)).values.at(-1) ?? 0));
}

/** Multiplies every entry by a factor. */
async function scale(X: Multivector, factor: number, { verbs }: Certification): Promise<void> {
  const visit = async (_: Block[], [x]: Block[]): Promise<void> => {
    for (let at = 0; at < x!.data.length; at++) x!.data[at]! *= factor;
  };
  await sweep('apost', [], verbs, visit, { updated: [X] });
}

/** ||X - Y||_F. */
function distance(X: Block, Y: Block): number {
  let square = 0;
  for (let at = 0; at < X.data.length; at++) square += (X.data[at]! - Y.data[at]!) ** 2;
  return Math.sqrt(square);
}

/** Frobenius norm, from the diagonal of X^T X. */
function frobenius({ rows, data }: Matrix): number {
  let square = 0;
  for (let i = 0; i < rows; i++) square += data[i * rows + i]!;
  return Math.sqrt(square);
}

/** Products with powers of B = A (I - P), and what else they showed. */
export interface PowerProducts {
  /** Columns of W. */
  columns: number;
  /** ||X_p||_2, p = 1, 2, ...: X_1 = B W, X_p = (B^T or B) X_p-1 / scale. */
  lengths: number[];
  /** Frobenius norms of what was multiplied to get each X_p. */
  inputs: number[];
  /** Factor that was taken out at every step but the first. */
  scale: number;
  /** ||A g - (A g again)|| / ||g||, from one column that rode along with the first power step. */
  repetition: number;
  /** Products with single columns, the repetition included. */
  numMatvecs: number;
}

/** The first columns of X in a multivector of their own. */
async function leading(X: Multivector, cols: number, { verbs, measuring }: Certification): Promise<Multivector> {
  return leadingColumns(X, cols, await measuring.space.allocate(cols), verbs);
}

/**
 * B W, B^T B W, B B^T B W, ... for the first columns of G = (I - P) W, scaled so that powers neither overflow nor underflow,
 * and one product of the first test vector once more: in the block of the first power step, so that it meets other roundings
 * than the first time but costs no call of its own.
 *
 * @param G n x q projected test vectors, AG their products, before any projection of these
 * @param deflate X <- (I - P) X in place; the products are not read any more when it is first called
 */
export async function powerProducts(
  run: Certification,
  G: Multivector,
  AG: Multivector,
  deflate: (X: Multivector) => Promise<void>,
): Promise<PowerProducts> {
  const { op, powerSteps, verbs, measuring } = run;
  const columns = Math.min(POWER_COLUMNS, G.cols);
  const start = await leading(G, columns, run);
  let X = await leading(AG, columns, run);
  let squares = await gram(X, X, verbs);
  const lengths = [await largestSingularValue(squares, run)];
  const inputs = [frobenius(await gram(start, start, verbs))];
  const unit = lengths[0]! || 1;
  const g = await leading(G, 1, run);
  const Ag = await leading(AG, 1, run);
  let repetition: number | undefined;
  for (let power = 2; power <= powerSteps + 1; power++) {
    await scale(X, 1 / unit, run);
    inputs.push(frobenius(squares) / unit);
    if (repetition === undefined) {
      const both = await concatenate([X, g], await measuring.space.allocate(columns + 1), verbs);
      const products = await measure(op, both, measuring);
      X = await leading(products, columns, run);
      repetition = distance(await products.readColumns(columns, columns + 1), await Ag.readColumns(0, 1));
    } else X = await measure(op, X, measuring);
    if (power % 2 === 0) await deflate(X);
    squares = await gram(X, X, verbs);
    lengths.push(await largestSingularValue(squares, run));
  }
  repetition ??= distance(await (await measure(op, g, measuring)).readColumns(0, 1), await Ag.readColumns(0, 1));
  const length = frobenius(await gram(g, g, verbs));
  return {
    columns,
    lengths,
    inputs,
    scale: unit,
    repetition: length === 0 ? 0 : repetition / length,
    numMatvecs: powerSteps * columns + 1,
  };
}

/**
 * An upper bound of c = ||B||_2, B = A (I - P), P an orthogonal projector and W fresh Gaussian with s columns.
 *
 * With u the leading right singular vector of B, ||B W||_2 >= c ||u^T W||, ||B^T B W||_2 >= c^2 ||u^T W||, and so on; and
 * ||u^T W||^2 is a chi2_s variable (one event for every power). So c <= (||..W||_2 / x)^(1/p) with x^2 the d-quantile of
 * chi2_s: the small-ball law P(|u^T w| <= x) of Dixon 1983 and of Kuczynski & Wozniakowski 1992, for a block. The
 * Frobenius bound from the same columns is never better, because ||BW||_F >= ||BW||_2.
 *
 * It is ||A (I - P)|| and not ||(I - P) A (I - P)|| that decides what was missed: A P has rank r, so A has at most r
 * singular values above ||A - A P|| (Eckart & Young), whereas with A = [0 1; 1 0] and P = e_1 e_1^T the second is 0.
 *
 * @param noise norm of the noise in A v for a unit vector v; it is added wherever a product enters
 */
export function spectralBound(
  { columns, lengths, inputs, scale }: PowerProducts,
  noise: number,
  level: number,
): number {
  const smallest = Math.sqrt(chiSquareQuantile(1 - level, columns));
  let error = noise * inputs[0]!;
  const first = (lengths[0]! + error) / smallest;
  let bound = first;
  for (let power = 2; power <= lengths.length; power++) {
    // noise of earlier products is multiplied along, by at most ||B|| / scale
    error = noise * inputs[power - 1]! + (first / scale) * error;
    // c^p smallest <= scale^(p-1) (length + error), without the powers
    bound = Math.min(bound, scale * ((lengths[power - 1]! + error) / (smallest * scale)) ** (1 / power));
  }
  return bound;
}
