/** The n-scale verbs: each streams row panels of its operands, so memory is O(panel x k) beside the operands. */
import { type Block, type Matrix, zeroMatrix, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { breathe } from '../core/schedule.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { mirrorUpper } from '../linalg/small.ts';
import type { Multivector } from './multivector.ts';

/** What every verb needs besides its operands. */
export interface VerbContext {
  kernels: Kernels;
  signal?: AbortSignal | undefined;
}

/** Entries of one panel: 2^21 float64 numbers are 16 MB, enough to amortise a call and small beside any multivector. */
const PANEL_ENTRIES = 2 ** 21;

function panelRows(rows: number, widest: number): number {
  return Math.max(1, Math.min(rows, Math.max(64, Math.floor(PANEL_ENTRIES / Math.max(1, widest)))));
}

function checkRows(verb: string, X: Multivector, Y: { rows: number }): void {
  if (X.rows !== Y.rows) {
    throw new ShapeError(`${verb}: the operands have ${X.rows} and ${Y.rows} rows`, { rows: [X.rows, Y.rows] });
  }
}

/** Calls `visit(start, count)` for consecutive row ranges that cover `rows`. */
export async function forEachPanel(
  rows: number,
  widest: number,
  context: VerbContext,
  visit: (start: number, count: number) => Promise<void>,
): Promise<void> {
  const step = panelRows(rows, widest);
  for (let start = 0; start < rows; start += step) {
    await visit(start, Math.min(step, rows - start));
    await breathe(context.signal);
  }
}

/** A buffer of `cols` columns for one panel after the other. */
function panelBuffer(cols: number, dtype: DType): (count: number) => Block {
  let buffer: Block | undefined;
  return (count) => {
    if (buffer?.rows !== count) buffer = zeros(count, cols, dtype);
    return buffer;
  };
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
  checkRows('gram', X, Y);
  const G = zeroMatrix(X.cols, Y.cols);
  await forEachPanel(X.rows, Math.max(X.cols, Y.cols), context, async (start, count) => {
    const panelX = await X.readRows(start, count);
    const panelY = X === Y ? panelX : await Y.readRows(start, count);
    await context.kernels.addGram(panelX, panelY, G, symmetric);
  });
  return symmetric ? mirrorUpper(G) : G;
}

/** How `times` is to be done. */
export interface TimesOptions {
  /** Sums run in float64, rounded once at the end: for products whose result is much smaller than their terms. */
  wide?: boolean;
  /** Takes the columns of X in this order. */
  order?: Int32Array;
  /** C is upper triangular. */
  upper?: boolean;
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
  { wide = false, order, upper = false }: TimesOptions = {},
): Promise<Multivector> {
  checkRows('times', X, out);
  const dtype = wide ? 'float64' : X.dtype;
  const input = panelBuffer(C.rows, dtype);
  const result = panelBuffer(out.cols, dtype);
  await forEachPanel(X.rows, Math.max(X.cols, out.cols), context, async (start, count) => {
    let panel = await X.readRows(start, count);
    if (order) {
      const reordered = input(count);
      reorderColumns(panel, order, reordered);
      panel = reordered;
    } else if (dtype !== X.dtype) {
      const converted = input(count);
      converted.data.set(panel.data);
      panel = converted;
    }
    const product = result(count);
    await context.kernels.times(panel, C, product, upper);
    await out.writeRows(start, product);
  });
  return out;
}

/** Z <- Z - X C, in place: what is left of Z after taking its part in the span of X away. */
export async function subtractTimes(
  Z: Multivector,
  X: Multivector,
  C: Matrix,
  context: VerbContext,
): Promise<Multivector> {
  checkRows('subtractTimes', Z, X);
  const buffer = panelBuffer(Z.cols, Z.dtype);
  await forEachPanel(Z.rows, Math.max(Z.cols, X.cols), context, async (start, count) => {
    const product = buffer(count);
    await context.kernels.times(await X.readRows(start, count), C, product);
    const panel = (await Z.readRows(start, count)).data;
    for (let i = 0; i < panel.length; i++) product.data[i] = panel[i]! - product.data[i]!;
    await Z.writeRows(start, product);
  });
  return Z;
}

/** Euclidean norms of the columns of Z - V diag(weights), formed entry by entry, never as a difference of norms. */
export async function residualColumnNorms(
  Z: Multivector,
  V: Multivector,
  weights: Float64Array,
  context: VerbContext,
): Promise<Float64Array> {
  checkRows('residualColumnNorms', Z, V);
  const squares = new Float64Array(Z.cols);
  await forEachPanel(Z.rows, Z.cols, context, async (start, count) => {
    const z = (await Z.readRows(start, count)).data;
    const v = (await V.readRows(start, count)).data;
    for (let at = 0; at < z.length; ) {
      for (let j = 0; j < squares.length; j++, at++) squares[j]! += (z[at]! - weights[j]! * v[at]!) ** 2;
    }
  });
  return squares.map(Math.sqrt);
}

/** Euclidean norms of the columns of X. */
export async function columnNorms(X: Multivector, context: VerbContext): Promise<Float64Array> {
  const squares = new Float64Array(X.cols);
  await forEachPanel(X.rows, X.cols, context, async (start, count) => {
    const x = (await X.readRows(start, count)).data;
    for (let at = 0; at < x.length; ) for (let j = 0; j < squares.length; j++, at++) squares[j]! += x[at]! ** 2;
  });
  return squares.map(Math.sqrt);
}

/** x_j^T y_j for each pair of columns: the diagonal of X^T Y, without the rest of it. */
export async function columnDots(X: Multivector, Y: Multivector, context: VerbContext): Promise<Float64Array> {
  checkRows('columnDots', X, Y);
  const dots = new Float64Array(X.cols);
  await forEachPanel(X.rows, X.cols, context, async (start, count) => {
    const x = (await X.readRows(start, count)).data;
    const y = (await Y.readRows(start, count)).data;
    for (let at = 0; at < x.length; ) for (let j = 0; j < dots.length; j++, at++) dots[j]! += x[at]! * y[at]!;
  });
  return dots;
}

/** The columns of `parts` side by side in one multivector. */
export async function concatenate(parts: readonly Multivector[], out: Multivector): Promise<Multivector> {
  let column = 0;
  for (const part of parts) {
    await out.writeColumns(column, await part.readColumns(0, part.cols));
    column += part.cols;
  }
  return out;
}
