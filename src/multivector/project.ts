/** Taking the part in the span of an orthonormal basis away from tall blocks. */
import { type Block, type Matrix, zeroMatrix } from '../core/block.ts';
import { type FloatArray, unitRoundoff } from '../core/dtype.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { frobeniusNorm } from '../linalg/small.ts';
import type { Multivector } from './multivector.ts';
import { sweep, type Visit } from './sweep.ts';
import { addSquares, type VerbContext } from './verbs.ts';

/** What a projection of rounded numbers may leave in the span, in roundings of the size of the rest. */
export const LEFT_OVER = 16;

/** Sweeps at most: a third one has nothing to find but the rounding of the second. */
const MAX_SWEEPS = 3;

/** A block under projection: what is known of its part in the span, what was taken away, and how large it is. */
interface Projected {
  X: Multivector;
  /** Leave after one sweep, whatever that leaves. */
  once: boolean;
  /** V^T X as it is now, one matrix for each part of V. */
  overlap: Matrix[];
  /** What has been taken away of V^T X. */
  taken: Matrix[];
  /** Squared norms of the columns of X. */
  squares: Float64Array;
}

const norm = (squares: Float64Array): number => Math.sqrt(squares.reduce((sum, square) => sum + square, 0));
const normOf = (overlap: readonly Matrix[]): number => vectorNorm(Float64Array.from(overlap, frobeniusNorm));

/** Nothing is in the span but what so many roundings leave there. */
function isClean({ X, overlap, squares }: Projected, roundings: number): boolean {
  return normOf(overlap) <= roundings * unitRoundoff(X.dtype) * norm(squares);
}

/** What a sweep leaves in the span is rounding of the size of X now: known to be small where most of X stays. */
function staysLarge({ overlap, squares }: Projected): boolean {
  return 2 * normOf(overlap) <= norm(squares);
}

/** How blocks are to be projected. */
export interface ProjectOptions {
  /** V^T X of the only block, measured beforehand, with the squared norms of its columns: the first sweep takes it away. */
  measured?: Pick<Projected, 'squares'> & { overlap: Matrix };
  /** Those of the blocks for which one sweep is enough. */
  once?: readonly Multivector[];
  /** V^T X of the first block as it is known beforehand: taken away first, what is wrong about it is found. */
  expected?: Matrix;
  /** What may be left in the span, in roundings of the size of the rest; one is what the rest itself has. Default 16. */
  roundings?: number;
}

/** Rows of `all` that belong to each part of V. */
function rowsByPart(V: readonly Multivector[], all: Matrix): Matrix[] {
  let first = 0;
  return V.map(({ cols: rows }) => {
    const data = all.data.subarray(first * all.cols, (first + rows) * all.cols);
    first += rows;
    return { rows, cols: all.cols, data };
  });
}

const nothing = (V: readonly Multivector[], { cols }: Multivector): Matrix[] =>
  rowsByPart(
    V,
    zeroMatrix(
      V.reduce((total, part) => total + part.cols, 0),
      cols,
    ),
  );

const isZero = ({ data }: Matrix): boolean => data.every((value) => value === 0);

function addTo(sum: readonly Matrix[], terms: readonly Matrix[]): void {
  for (const [part, { data }] of terms.entries()) {
    const into = sum[part]!.data;
    for (let at = 0; at < into.length; at++) into[at]! += data[at]!;
  }
}

/** All rows of a multivector in memory: the rows themselves. */
const rowsOf = (X: Multivector): Block => X.viewRows!(0, X.rows);

/** X -= V^T C, without the columns of V (its rows here) before the first and behind the last that C takes anything of. */
async function subtractNonzero(V: Block, C: Matrix, X: Block, kernels: Kernels): Promise<void> {
  const first = Math.floor(C.data.findIndex((value) => value !== 0) / C.cols);
  const rows = Math.floor(C.data.findLastIndex((value) => value !== 0) / C.cols) + 1 - first;
  const part = <T extends FloatArray>({ cols, data }: { cols: number; data: T }) => ({
    ...{ rows, cols },
    data: data.subarray(first * cols, (first + rows) * cols) as T,
  });
  await kernels.subtractColumns(part(V), part(C), X);
}

/**
 * One sweep over V: takes `away` (one list for each of the blocks, with a matrix for each part of V) from the blocks and, for
 * those that `measure`, finds what they then have in the span and how large they are.
 */
async function pass(
  blocks: readonly Projected[],
  V: readonly Multivector[],
  away: readonly (readonly Matrix[])[],
  measure: (block: Projected) => boolean,
  context: VerbContext,
): Promise<void> {
  const { kernels } = context;
  const steps = away.map((matrices) => matrices.map((C) => !isZero(C)));
  const isChanged = steps.map((needed) => needed.some(Boolean));
  const measured = blocks.map(measure);
  // parts that nothing is asked of need not be read
  const parts = [...V.keys()].filter((part) => measured.some(Boolean) || steps.some((needed) => needed[part]));
  const unchanged = blocks.filter((_, i) => !isChanged[i]);
  const changed = blocks.filter((_, i) => isChanged[i]);
  for (const [i, block] of blocks.entries()) {
    addTo(block.taken, away[i]!);
    block.overlap = nothing(V, block.X);
    block.squares = new Float64Array(block.X.cols);
  }
  const isInMemory = V.every((part) => part.transposed ?? part.viewRows) && blocks.every(({ X }) => X.viewRows);
  if (isInMemory && V.some(({ transposed }) => transposed)) {
    for (const [i, block] of blocks.entries()) {
      const target = rowsOf(block.X);
      const all = V.map(({ transposed }) => transposed);
      const found = await kernels.columns?.project(all, away[i]!, target, measured[i]!);
      if (found) {
        let first = 0;
        for (const { data } of block.overlap) {
          data.set(found.overlap.subarray(first, first + data.length));
          first += data.length;
        }
        block.squares[0] = found.square;
        continue;
      }
      for (const [at, part] of V.entries()) {
        const C = away[i]![at]!;
        if (!steps[i]![at]) continue;
        if (part.transposed) await subtractNonzero(part.transposed, C, target, kernels);
        else await kernels.subtract(rowsOf(part), C, target);
      }
      if (!measured[i]) continue;
      addSquares(target, block.squares);
      for (const [at, part] of V.entries()) {
        const overlap = block.overlap[at]!;
        if (part.transposed) await kernels.addOverlap(part.transposed, target, overlap);
        else await kernels.addGram(rowsOf(part), target, overlap, false);
      }
    }
    return;
  }
  const visit: Visit = async (panels, updated) => {
    const targets = new Map([
      ...changed.map((block, i) => [block, updated[i]!] as const),
      ...unchanged.map((block, i) => [block, panels[parts.length + i]!] as const),
    ]);
    for (const [i, block] of blocks.entries()) {
      const target = targets.get(block)!;
      for (const [at, part] of parts.entries()) {
        if (steps[i]![part]) await kernels.subtract(panels[at]!, away[i]![part]!, target);
      }
      if (!measured[i]) continue;
      addSquares(target, block.squares);
      for (const [at, part] of parts.entries()) await kernels.addGram(panels[at]!, target, block.overlap[part]!, false);
    }
  };
  const inputs = [...parts.map((part) => V[part]!), ...unchanged.map(({ X }) => X)];
  await sweep('projectOut', inputs, context, visit, { updated: changed.map(({ X }) => X) });
}

/**
 * X <- (I - V V^T) X, n x l each, for some blocks in the same passes over an orthonormal V, whose column blocks are given
 * side by side. What a sweep may leave in the span, by rounding of the size of the part it took away, is measured on the
 * way where that part was most of X; another one follows where it is not small beside what is left of X ("twice is
 * enough": Daniel, Gragg, Kaufman & Stewart 1976; Giraud, Langou, Rozloznik & van den Eshof 2005).
 *
 * @returns V^T X of each block, all that was taken away of it.
 */
export async function projectOut(
  blocks: readonly Multivector[],
  V: readonly Multivector[],
  context: VerbContext,
  { once = [], expected, measured, roundings = LEFT_OVER }: ProjectOptions = {},
): Promise<Matrix[]> {
  const totals = blocks.map((X) =>
    zeroMatrix(
      V.reduce((sum, { cols }) => sum + cols, 0),
      X.cols,
    ),
  );
  const all = blocks.map((X, i): Projected => {
    const taken = rowsByPart(V, totals[i]!);
    return { X, once: once.includes(X), overlap: [], taken, squares: new Float64Array(X.cols) };
  });
  if (measured) Object.assign(all[0]!, { overlap: rowsByPart(V, measured.overlap), squares: measured.squares });
  else {
    const known = all.map(({ X }, i) => (i === 0 && expected ? rowsByPart(V, expected) : nothing(V, X)));
    await pass(all, V, known, () => true, context);
  }
  let pending = all;
  for (let sweeps = 0; sweeps < MAX_SWEEPS; sweeps++) {
    pending = pending.filter((block) => !isClean(block, roundings));
    if (pending.length === 0) break;
    const isLast = (block: Projected): boolean => block.once || staysLarge(block) || sweeps === MAX_SWEEPS - 1;
    const last = pending.filter(isLast);
    const away = pending.map(({ overlap }) => overlap);
    await pass(pending, V, away, (block) => !last.includes(block), context);
    pending = pending.filter((block) => !last.includes(block));
  }
  return totals;
}
