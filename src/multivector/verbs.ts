/** The n-scale verbs: each streams row panels of its operands, so memory is O(panel x k) beside the operands. */
import { type Block, type Matrix, zeroMatrix, zeros } from '../core/block.ts';
import { ShapeError } from '../core/errors.ts';
import { breathe } from '../core/schedule.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
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
async function forEachPanel(
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

/** A reusable panel buffer for one operand. */
function panelReader(X: Multivector): (start: number, count: number) => Promise<Block> {
  let buffer: Block | undefined;
  return async (start, count) => {
    if (buffer === undefined || buffer.rows !== count) buffer = zeros(count, X.cols, X.dtype);
    await X.readRows(start, buffer);
    return buffer;
  };
}

/** X^T Y, k x l, accumulated in float64. With X === Y only one triangle is computed. */
export async function gram(X: Multivector, Y: Multivector, context: VerbContext): Promise<Matrix> {
  checkRows('gram', X, Y);
  const G = zeroMatrix(X.cols, Y.cols);
  const readX = panelReader(X);
  const readY = X === Y ? readX : panelReader(Y);
  await forEachPanel(X.rows, Math.max(X.cols, Y.cols), context, async (start, count) => {
    const panelX = await readX(start, count);
    const panelY = X === Y ? panelX : await readY(start, count);
    await context.kernels.addGram(panelX, panelY, G);
  });
  return G;
}

/** out = X C with a small C (X.cols x out.cols). `out` may be X itself when C is square. */
export async function times(X: Multivector, C: Matrix, out: Multivector, context: VerbContext): Promise<Multivector> {
  checkRows('times', X, out);
  const read = panelReader(X);
  await forEachPanel(X.rows, Math.max(X.cols, out.cols), context, async (start, count) => {
    const product = zeros(count, out.cols, out.dtype);
    await context.kernels.times(await read(start, count), C, product);
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
  const readZ = panelReader(Z);
  const readX = panelReader(X);
  await forEachPanel(Z.rows, Math.max(Z.cols, X.cols), context, async (start, count) => {
    const panel = await readZ(start, count);
    const product = zeros(count, Z.cols, Z.dtype);
    await context.kernels.times(await readX(start, count), C, product);
    for (let i = 0; i < panel.data.length; i++) panel.data[i]! -= product.data[i]!;
    await Z.writeRows(start, panel);
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
  const readZ = panelReader(Z);
  const readV = panelReader(V);
  await forEachPanel(Z.rows, Z.cols, context, async (start, count) => {
    const z = (await readZ(start, count)).data;
    const v = (await readV(start, count)).data;
    for (let at = 0; at < z.length; ) {
      for (let j = 0; j < squares.length; j++, at++) squares[j]! += (z[at]! - weights[j]! * v[at]!) ** 2;
    }
  });
  return squares.map(Math.sqrt);
}

/** Euclidean norms of the columns of X. */
export async function columnNorms(X: Multivector, context: VerbContext): Promise<Float64Array> {
  const squares = new Float64Array(X.cols);
  const read = panelReader(X);
  await forEachPanel(X.rows, X.cols, context, async (start, count) => {
    const x = (await read(start, count)).data;
    for (let at = 0; at < x.length; ) for (let j = 0; j < squares.length; j++, at++) squares[j]! += x[at]! ** 2;
  });
  return squares.map(Math.sqrt);
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
