/** The n-scale verbs: each streams row panels of its operands, so memory is O(panel x k) beside the operands. */
import { type Block, copyColumns, type Matrix, placeSideBySide, rowsOf, zeroMatrix } from '../core/block.ts';
import { allocate, dtypeOf } from '../core/dtype.ts';
import { Scratch } from '../core/scratch.ts';
import { sumOfSquares } from '../core/vector-norm.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { mirrorUpper } from '../linalg/small.ts';
import type { Multivector } from './multivector.ts';
import { LEAST_PANEL_ROWS, panelBuffer, type SweepContext, sweep, type Visit } from './sweep.ts';

/** What every verb needs besides its operands. */
export interface VerbContext extends SweepContext {
  kernels: Kernels;
}

/** How `gram` is to be done. */
export interface GramOptions {
  /** X^T Y is symmetric: half of it is computed and mirrored. By default where X === Y. */
  symmetric?: boolean;
  /** Float32 data is added up in float64 throughout: for sums of which small differences matter. */
  wide?: boolean;
}

/** Float64 numbers that a panel is converted to at a time: 8 MB, of which not all has left the cache when it is used. */
const WIDE_ENTRIES = 2 ** 20;

/** Fresh memory for each piece would be waste that is collected late: more of it at once than all panels. */
const converted: Record<'x' | 'y', Scratch<Float64Array>> = {
  x: new Scratch((length) => new Float64Array(length)),
  y: new Scratch((length) => new Float64Array(length)),
};

/** Runs `work` with rows of a panel in float64: the rows themselves where they are that. */
function lendWide<T>(
  memory: Scratch<Float64Array>,
  { cols, data }: Block,
  { start, end }: { start: number; end: number },
  work: (rows: Block) => Promise<T>,
): Promise<T> {
  const part = data.subarray(start * cols, end * cols);
  if (dtypeOf(part) === 'float64') return work({ rows: end - start, cols, data: part });
  return memory.lend(part.length, (buffer) => {
    const wide = buffer.subarray(0, part.length);
    wide.set(part);
    return work({ rows: end - start, cols, data: wide });
  });
}

/** G += X^T Y, added up in float64 whatever the panels hold. */
export async function addWideGram(
  kernels: Kernels,
  X: Block,
  Y: Block,
  G: Matrix,
  symmetric: boolean = X === Y,
): Promise<void> {
  const step = Math.max(1, Math.floor(WIDE_ENTRIES / Math.max(1, X.cols, Y.cols)));
  for (let start = 0; start < X.rows; start += step) {
    const rows = { start, end: Math.min(start + step, X.rows) };
    const add = (x: Block, y: Block): Promise<void> => kernels.addGram(x, y, G, symmetric);
    await lendWide(converted.x, X, rows, (x) =>
      X === Y ? add(x, x) : lendWide(converted.y, Y, rows, (y) => add(x, y)),
    );
  }
}

/**
 * X^T Y, k x l: float64 data added up in float64, float32 data in float32 for some two thousand rows and then in float64,
 * which leaves less than the rounding of the columns where terms cancel, as they do for columns that are nearly orthogonal.
 */
export async function gram(
  X: Multivector,
  Y: Multivector,
  context: VerbContext,
  { symmetric = X === Y, wide = false }: GramOptions = {},
): Promise<Matrix> {
  const { kernels } = context;
  const G = zeroMatrix(X.cols, Y.cols);
  const visit: Visit = ([x, y = x]) =>
    wide ? addWideGram(kernels, x!, y!, G, symmetric) : kernels.addGram(x!, y!, G, symmetric);
  await sweep('gram', X === Y ? [X] : [X, Y], context, visit);
  return symmetric ? mirrorUpper(G) : G;
}

/** How `times` is to be done. */
export interface TimesOptions {
  /** Sums run in float64, rounded once at the end: for products whose result is much smaller than their terms. */
  wide?: boolean;
  /** Sees each panel of the product as it is stored: what needs the whole product once need not read it again. */
  observe?: (panel: Block) => Promise<void>;
}

/** out = X C with a small C (X.cols x out.cols). `out` may be X itself when C is square. */
export async function times(
  X: Multivector,
  C: Matrix,
  out: Multivector,
  context: VerbContext,
  { wide = false, observe }: TimesOptions = {},
): Promise<Multivector> {
  const dtype = wide ? 'float64' : X.dtype;
  const input = panelBuffer(C.rows, dtype);
  const result = panelBuffer(out.cols, dtype);
  const inDType = (panel: Block): Block => {
    if (dtype === X.dtype) return panel;
    const converted = input(panel.rows);
    converted.data.set(panel.data);
    return converted;
  };
  const visit = async ([panel]: Block[], [stored]: Block[]): Promise<void> => {
    const product = dtype === out.dtype ? stored! : result(stored!.rows);
    await context.kernels.times(inDType(panel!), C, product);
    if (product !== stored) stored!.data.set(product.data);
    await observe?.(stored!);
  };
  await sweep('times', [X], context, visit, { outputs: [out] });
  return out;
}

/** How `solve` is to be done. */
export interface SolveOptions extends TimesOptions {
  /** Takes the columns of X in this order, as many as R has. */
  order?: Int32Array;
}

/** Copies a panel with its columns in another order, converting its numbers. */
function reorderColumns(panel: Block, order: Int32Array, into: Block): void {
  // entries out of their order wait for memory, unless their row has been read in order just before
  const { rows, cols, data: from } = panel;
  const row = allocate(dtypeOf(into.data), cols);
  const to = into.data;
  for (let i = 0, at = 0, start = 0; i < rows; i++, start += cols) {
    // a native copy pays for its call from a hundred entries on
    if (cols >= 96) row.set(from.subarray(start, start + cols));
    else for (let j = 0; j < cols; j++) row[j] = from[start + j]!;
    for (let j = 0; j < into.cols; j++, at++) to[at] = row[order[j]!]!;
  }
}

/** Float64 numbers of a panel that are solved for at a time, 32 MB: those of a whole panel would be twice its bytes. */
const SOLVED_ENTRIES = 2 ** 22;

/** out = X R^-1 for a small upper triangular R (out.cols x out.cols), by substitution. `out` may be X itself. */
export async function solve(
  X: Multivector,
  R: Matrix,
  out: Multivector,
  context: VerbContext,
  { wide = false, order, observe }: SolveOptions = {},
): Promise<Multivector> {
  const isWide = wide && out.dtype !== 'float64';
  const buffer = panelBuffer(out.cols, 'float64');
  const visit = async (panel: Block, stored: Block): Promise<void> => {
    const step = isWide ? Math.max(LEAST_PANEL_ROWS, Math.floor(SOLVED_ENTRIES / out.cols)) : panel.rows;
    for (let start = 0; start < panel.rows; start += step) {
      const [from, to] = [panel, stored].map((block) => rowsOf(block, start, Math.min(start + step, panel.rows)));
      const working = isWide ? buffer(to!.rows) : to!;
      if (order) reorderColumns(from!, order, working);
      else if (working.data !== from!.data) working.data.set(from!.data);
      await context.kernels.solve(working, R);
      if (working !== to) to!.data.set(working.data);
    }
    await observe?.(stored);
  };
  if (out === X) await sweep('solve', [], context, (_, [stored]) => visit(stored!, stored!), { updated: [X] });
  else await sweep('solve', [X], context, ([panel], [stored]) => visit(panel!, stored!), { outputs: [out] });
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
export function addSquares({ rows, cols, data }: Block, squares: Float64Array): void {
  if (cols === 1) {
    squares[0]! += sumOfSquares(data);
    return;
  }
  // four rows at a time: each sum is fetched once for all of them
  const whole = rows - (rows % 4);
  for (let i = 0; i < whole; i += 4) {
    const first = i * cols;
    const second = first + cols;
    const third = second + cols;
    const fourth = third + cols;
    for (let j = 0; j < cols; j++) {
      const a = data[first + j]!;
      const b = data[second + j]!;
      const c = data[third + j]!;
      const d = data[fourth + j]!;
      squares[j]! += a * a + b * b + (c * c + d * d);
    }
  }
  for (let at = whole * cols; at < data.length; at++) squares[at % cols]! += data[at]! * data[at]!;
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
  await sweep('concatenate', parts, context, async (panels, [all]) => placeSideBySide(panels, all!), {
    outputs: [out],
  });
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
