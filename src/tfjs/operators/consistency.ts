/** What products with probes and a second pass say about the model: are products symmetric, does it compute the same again? */
import { type Block, zeros } from '../../core/block.ts';
import { ArgumentError, NumericalError } from '../../core/errors.ts';
import { fillColumns } from '../../linalg/kernels/random-columns.ts';
import type { ParameterInfo } from '../problem/parameters.ts';
import type { Survey } from './survey.ts';

/** Larger relative differences between two runs are no rounding: batches in another order, atomic sums on a GPU. */
const SAME = 1e-4;

/** Larger relative asymmetries are no rounding in float32, also of deep networks: 4 sqrt(2^-24). */
const SYMMETRIC = 1e-3;

/** What rounding adds to a form of two probes, over what it adds to the product with their sum: of the same size, with room. */
const ROUNDING = 16;

/** Two random columns, the same at every run. */
export async function makeProbes(rows: number): Promise<Block> {
  const pair = zeros(rows, 2, 'float32');
  await fillColumns(pair, 'gaussian', { seed: 0, purpose: 'probe' }, 0);
  return pair;
}

/** One column of both probes, or of both products. */
function single({ rows, data }: Block, pick: (first: number, second: number) => number): Block {
  const column = new Float32Array(rows);
  for (let i = 0; i < rows; i++) column[i] = pick(data[2 * i]!, data[2 * i + 1]!);
  return { rows, cols: 1, data: column };
}

const second = (block: Block): Block => single(block, (_, value) => value);
const sum = (block: Block): Block => single(block, (a, b) => a + b);

/**
 * How far the product with the sum of the probes is from the sum of their products. Exact products are linear: this is
 * rounding, in the size of the terms that cancelled in a product, which the product itself does not show.
 */
function roundingOf({ rows, data }: Block, ofSum: Block): number {
  let square = 0;
  for (let i = 0; i < rows; i++) square += (ofSum.data[i]! - data[2 * i]! - data[2 * i + 1]!) ** 2;
  return Math.sqrt(square);
}

function norm(a: ArrayLike<number>): number {
  let square = 0;
  for (let i = 0; i < a.length; i++) square += a[i]! ** 2;
  return Math.sqrt(square);
}

function relativeDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let square = 0;
  for (let i = 0; i < a.length; i++) square += (a[i]! - b[i]!) ** 2;
  return square === 0 ? 0 : Math.sqrt(square) / Math.max(norm(a), norm(b));
}

/** Entry (i, j) of X^T Y. */
function dot(X: Block, i: number, Y: Block, j: number): number {
  let sum = 0;
  for (let row = 0; row < X.rows; row++) sum += X.data[row * X.cols + i]! * Y.data[row * Y.cols + j]!;
  return sum;
}

/** @throws ArgumentError naming the parameters that no term depends on */
function refuseUnused(layout: readonly ParameterInfo[], { used }: Survey): void {
  const unused = layout.filter((_, i) => !used[i]).map(({ name }) => `'${name}'`);
  if (unused.length === 0) return;
  throw new ArgumentError(
    `the loss does not depend on ${unused.length === 1 ? 'parameter' : 'parameters'} ${unused.join(', ')}; ` +
      'leave them out, or pass check: false to have zero rows for them',
    { parameters: unused },
  );
}

function refuseDifference(what: string, difference: number): void {
  if (difference <= SAME) return;
  throw new NumericalError(
    `the model is not deterministic: two ${what} at the same point differ by ${difference.toExponential(1)} ` +
      '(relative). Usual causes: active dropout, data that is shuffled or augmented anew on each pass, batch ' +
      'normalisation in training mode, random numbers in the model or the loss. Mend that, or pass check: false',
    { difference },
  );
}

/** The loss of a later pass, with what the first one found of batches that it leaves out. */
function completed(first: Survey, later: Survey): number {
  return first.losses.reduce<number>((sum, loss, i) => {
    const again = later.losses[i];
    return sum + (again === undefined ? first.weights[i]! * loss! : later.weights[i]! * again);
  }, 0);
}

/** One more pass over the data. */
export interface Repeat {
  /**
   * The values of batches that may have changed; of the first one also the gradient, and the product with a column.
   */
  readonly values: (column: Block) => Promise<Survey>;
  readonly gradients: () => Promise<Survey>;
}

/**
 * @throws NumericalError, with what was measured, for a loss that is another one the second time: of the first batch also its
 * derivatives are compared, of the others the losses.
 * Whether kept batches are made of the same numbers by the same kernels is known without evaluating them: they are one model.
 */
async function refuseChange(probes: Block, first: Survey, repeat: Repeat): Promise<void> {
  const { gradient, products } = first.probed!;
  const later = await repeat.values(second(probes));
  const { probed } = later;
  if (relativeDifference(gradient, probed!.gradient) <= SAME) {
    refuseDifference('products', relativeDifference(second(products).data, probed!.products.data));
    refuseDifference('losses', relativeDifference([first.loss], [completed(first, later)]));
    return;
  }
  // Batches may come in another order; their sum must be the same.
  const all = first.weights.length === 1 ? probed! : await repeat.gradients();
  refuseDifference('gradients', relativeDifference(first.gradient, all.gradient));
}

/**
 * Checks what a first pass has found, and that a second one finds it again.
 * @throws ArgumentError for unused parameters and data that cannot be read twice; NumericalError, with what was measured,
 * for losses, gradients or products that differ
 */
export async function checkConsistency(
  layout: readonly ParameterInfo[],
  probes: Block,
  first: Survey,
  repeat: Repeat,
): Promise<void> {
  refuseUnused(layout, first);
  await refuseChange(probes, first, repeat);
}

/**
 * Checks the products of a batch with the probes.
 * @param where the batch, in messages
 * @param multiply one more product of the batch
 * @throws NumericalError, with what was measured, for products that are not symmetric or, where `psd`, not positive
 */
export async function checkProducts(
  where: string,
  probes: Block,
  Y: Block,
  multiply: (column: Block) => Promise<Block>,
  psd: boolean,
): Promise<void> {
  const scale = Math.sqrt(dot(Y, 0, Y, 0) + dot(Y, 1, Y, 1));
  if (scale === 0) return;
  const asymmetry = Math.abs(dot(probes, 0, Y, 1) - dot(probes, 1, Y, 0)) / scale;
  const lowest = Math.min(dot(probes, 0, Y, 0), dot(probes, 1, Y, 1)) / scale;
  const isNegative = (rounding: number): boolean => psd && lowest < -rounding;
  if (asymmetry <= SYMMETRIC && !isNegative(SYMMETRIC)) return;
  const rounding = Math.max(SYMMETRIC, (ROUNDING * roundingOf(Y, await multiply(sum(probes)))) / scale);
  if (!(asymmetry <= rounding)) {
    throw new NumericalError(
      `products of ${where} are not symmetric: measured asymmetry ${asymmetry.toExponential(1)}, at most ` +
        `${rounding.toExponential(1)} is rounding. Some operation's gradient in TensorFlow.js (or a custom one) is not ` +
        'the derivative of its value; pass check: false to go on all the same',
      { asymmetry },
    );
  }
  if (isNegative(rounding)) {
    throw new NumericalError(
      `a product v^T G v of ${where} is negative (${lowest.toExponential(1)} relative), so the loss is not convex in the ` +
        "model's outputs; pass convex: false",
      { lowest },
    );
  }
}
