/** The n-scale verbs: each streams row panels of its operands, so memory is O(panel x k) beside the operands. */
import { type Block, copyColumns, type Matrix, zeroMatrix } from '../core/block.ts';
import { sumOfSquares } from '../core/vector-norm.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { mirrorUpper } from '../linalg/small.ts';
import type { Multivector } from './multivector.ts';
import { panelBuffer, type SweepContext, sweep } from './sweep.ts';

/** What every verb needs besides its operands. */
export interface VerbContext extends SweepContext {
  kernels: Kernels;
}

/**
 * X^T Y, k x l, accumulated in float64. With X === Y, or where the caller knows that X^T Y is `symmetric`, half of it is
 * computed and mirrored.
 */
export async function gram(
  X: Multivector,
  Y: Multivector,
  context: VerbContext,
  { symmetric = X === Y }: { symmetric?: boolean } = {},
): Promise<Matrix> {
  const G = zeroMatrix(X.cols, Y.cols);
  await sweep('gram', X === Y ? [X] : [X, Y], context, async ([x, y = x]) =>
    context.kernels.addGram(x!, y!, G, symmetric),
  );
  return symmetric ? mirrorUpper(G) : G;
}

/** V^T X, m x b, for few columns X: what X has in the span of an orthonormal V. */
export async function overlap(V: Multivector, X: Multivector, context: VerbContext): Promise<Matrix> {
  const S = zeroMatrix(V.cols, X.cols);
  await sweep('overlap', [V, X], context, async ([v, x]) => context.kernels.addOverlap(v!, x!, S));
  return S;
}

/** How `times` is to be done. */
export interface TimesOptions {
  /** Sums run in float64, rounded once at the end: for products whose result is much smaller than their terms. */
  wide?: boolean;
  /** Takes the columns of X in this order. */
  order?: Int32Array;
  /** C is upper triangular. */
  upper?: boolean;
  /** Sees each panel of the product as it is stored: what needs the whole product once need not read it again. */
  observe?: (panel: Block) => Promise<void>;
}

/** Copies a panel with its columns in another order, converting its numbers. */
function reorderColumns(panel: Block, order: Int32Array, into: Block): void {
  for (let i = 0; i < panel.rows; i++) {
    const [from, to] = [i * panel.cols, i * into.cols];
    for (let j = 0; j < into.cols; j++) into.data[to + j] = panel.data[from + order[j]!]!;
  }
}

/** out = X C with a small C (X.cols x out.cols). `out` may be X itself when C is square. */
export async function times(
  X: Multivector,
  C: Matrix,
  out: Multivector,
  context: VerbContext,
  { wide = false, order, upper = false, observe }: TimesOptions = {},
): Promise<Multivector> {
  const dtype = wide ? 'float64' : X.dtype;
  const input = panelBuffer(C.rows, dtype);
  const result = panelBuffer(out.cols, dtype);
  const inDType = (panel: Block): Block => {
    if (!order && dtype === X.dtype) return panel;
    const converted = input(panel.rows);
    if (order) reorderColumns(panel, order, converted);
    else converted.data.set(panel.data);
    return converted;
  };
  const visit = async ([panel]: Block[], [stored]: Block[]): Promise<void> => {
    const product = dtype === out.dtype ? stored! : result(stored!.rows);
    await context.kernels.times(inDType(panel!), C, product, upper);
    if (product !== stored) stored!.data.set(product.data);
    await observe?.(stored!);
  };
  await sweep('times', [X], context, visit, { outputs: [out] });
  return out;
}

/** out = Z - X C, by default in place: what is left of Z after taking its part in the span of X away. */
export async function subtractTimes(
  Z: Multivector,
  X: Multivector,
  C: Matrix,
  context: VerbContext,
  out: Multivector = Z,
): Promise<Multivector> {
  const visit = async ([x, z]: Block[], [left]: Block[]): Promise<void> => {
    if (z) left!.data.set(z.data);
    await context.kernels.subtract(x!, C, left!);
  };
  const isInPlace = out === Z;
  await sweep(
    'subtractTimes',
    isInPlace ? [X] : [X, Z],
    context,
    visit,
    isInPlace ? { updated: [Z] } : { outputs: [out] },
  );
  return out;
}

/** Adds the squares of each column of a panel to `squares`. */
export function addSquares({ data }: Block, squares: Float64Array): void {
  if (squares.length === 1) {
    squares[0]! += sumOfSquares(data);
    return;
  }
  for (let at = 0; at < data.length; ) for (let j = 0; j < squares.length; j++, at++) squares[j]! += data[at]! ** 2;
}

/** Euclidean norms of the columns of X. */
export async function columnNorms(X: Multivector, context: VerbContext): Promise<Float64Array> {
  const squares = new Float64Array(X.cols);
  await sweep('columnNorms', [X], context, async ([x]) => addSquares(x!, squares));
  return squares.map(Math.sqrt);
}

/** x_j^T y_j for each pair of columns: the diagonal of X^T Y, without the rest of it. */
export async function columnDots(X: Multivector, Y: Multivector, context: VerbContext): Promise<Float64Array> {
  const dots = new Float64Array(X.cols);
  await sweep('columnDots', [X, Y], context, async ([x, y]) => {
    for (let at = 0; at < x!.data.length; ) {
      for (let j = 0; j < dots.length; j++, at++) dots[j]! += x!.data[at]! * y!.data[at]!;
    }
  });
  return dots;
}

/** The columns of `parts` side by side in one multivector. */
export async function concatenate(
  parts: readonly Multivector[],
  out: Multivector,
  context: SweepContext = {},
): Promise<Multivector> {
  const visit = async (panels: Block[], [all]: Block[]): Promise<void> => {
    let column = 0;
    for (const panel of panels) {
      copyColumns(panel, 0, panel.cols, all!, column);
      column += panel.cols;
    }
  };
  await sweep('concatenate', parts, context, visit, { outputs: [out] });
  return out;
}

/** The first `cols` columns of X in a multivector of their own. */
export async function leadingColumns(
  X: Multivector,
  cols: number,
  out: Multivector,
  context: SweepContext = {},
): Promise<Multivector> {
  await sweep('leadingColumns', [X], context, async ([x], [part]) => copyColumns(x!, 0, cols, part!, 0), {
    outputs: [out],
  });
  return out;
}
