/**
 * One pass over the rows of tall blocks. In memory panels are the rows themselves; elsewhere the next panel is read and the
 * last one written while one is worked on.
 */
import type { Block } from '../core/block.ts';
import { allocate, type DType, type FloatArray } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { maximum, minimum } from '../core/extremes.ts';
import { breathe } from '../core/schedule.ts';
import { Pool } from '../core/scratch.ts';
import { SUMMED_ROWS } from '../linalg/kernels/provider.ts';
import type { Multivector, Space } from './multivector.ts';

/** Panels are not shorter than this where the data have as many rows: shorter ones cost more calls than work. */
export const LEAST_PANEL_ROWS = 64;

/** As wide as the widest of three operands, which is what the budget of a space counts on; more of them share it. */
function panelRows(operands: readonly Multivector[], rows: number): number {
  const total = operands.reduce((sum, { cols }) => sum + cols, 0);
  const widest = Math.max(1, maximum(operands.map(({ cols }) => cols)), Math.ceil(total / 3));
  const entries = minimum(operands.map(({ space }) => space.panelEntries));
  const most = Math.max(LEAST_PANEL_ROWS, Math.floor(entries / widest));
  // sums of float32 are added to those in float64 after so many rows: no part of a panel is left over
  const whole = most > SUMMED_ROWS ? most - (most % SUMMED_ROWS) : most;
  return Math.max(1, Math.min(rows, whole));
}

/** A buffer of `cols` columns for one panel after the other. */
export function panelBuffer(
  cols: number,
  dtype: DType,
  take: (dtype: DType, length: number) => FloatArray = allocate,
): (count: number) => Block {
  let memory: FloatArray | undefined;
  return (rows) => {
    if (memory === undefined || memory.length < rows * cols) memory = take(dtype, rows * cols);
    return { rows, cols, data: memory.subarray(0, rows * cols) };
  };
}

/** Bytes for each entry of a panel that wait for the next sweep at most: what the budget of a space leaves beside one. */
const SPARE_BYTES = 32;

const spare = new WeakMap<Space, Pool>();

function spareOf(space: Space): Pool {
  let pool = spare.get(space);
  if (!pool) {
    pool = new Pool(SPARE_BYTES * space.panelEntries);
    spare.set(space, pool);
  }
  return pool;
}

/**
 * Memory of the panels of one sweep, from what the sweeps of a space before have left: what is thrown away is collected late,
 * and until then more of it would lie about than a sweep needs.
 */
class PanelMemory {
  readonly #lent: [Space, FloatArray][] = [];

  /** Buffers by turns: one is in use while others are on their way to or from a file. */
  buffers({ cols, dtype, space }: Multivector, count: number): (rows: number) => Block {
    const take = (type: DType, length: number): FloatArray => {
      const memory = spareOf(space).take(type, length) ?? allocate(type, length);
      this.#lent.push([space, memory]);
      return memory;
    };
    const buffers = Array.from({ length: count }, () => panelBuffer(cols, dtype, take));
    let turn = 0;
    return (rows) => buffers[turn++ % count]!(rows);
  }

  /** When nothing is read or written any more. */
  giveBack(): void {
    for (const [space, memory] of this.#lent) spareOf(space).give(memory);
  }
}

type Read = (start: number, count: number) => Promise<Block>;

/** Panels by consecutive rows, each in use until `turns - 1` more have been asked for. */
function panelReader(X: Multivector, turns: number, memory: PanelMemory): Read {
  if (X.space.inMemory) return (start, count) => X.readRows(start, count);
  const buffer = memory.buffers(X, turns);
  return (start, count) => X.readRows(start, count, buffer(count));
}

/** What every pass over the rows needs besides its operands. */
export interface SweepContext {
  /** Aborting it ends the sweep. */
  signal?: AbortSignal | undefined;
}

/** What a pass writes. */
export interface SweepTargets {
  /** Overwritten; may be among the inputs. */
  outputs?: readonly Multivector[];
  /** Changed in place; not among the inputs. */
  updated?: readonly Multivector[];
}

/** What is done with one panel of each input, rows `start..`; `out` has those of the outputs, then of the updated ones. */
export type Visit = (panels: Block[], out: Block[], start: number) => Promise<void>;

/** As Promise.all, but an error is told only when all others have ended, too. */
async function allEnded<T>(promises: readonly Promise<T>[]): Promise<T[]> {
  await Promise.allSettled(promises);
  return Promise.all(promises);
}

/** Rows `start..start + count` of all operands. */
interface Panels {
  inputs: Block[];
  updated: Block[];
}

/**
 * Calls `visit` with row panels of all operands, from the first row to the last: those of `inputs` to be read, those of
 * `outputs` to be filled and those of `updated` to be changed in place.
 *
 * @param verb on whose behalf, for messages
 * @throws ShapeError when the operands differ in height; the signal's reason when aborted.
 */
export async function sweep(
  verb: string,
  inputs: readonly Multivector[],
  { signal }: SweepContext,
  visit: Visit,
  { outputs = [], updated = [] }: SweepTargets = {},
): Promise<void> {
  const operands = [...inputs, ...updated, ...outputs];
  const heights = operands.map(({ rows }) => rows);
  const [rows = 0] = heights;
  if (heights.some((height) => height !== rows)) {
    throw new ShapeError(`${verb}: the operands have ${heights.join(' and ')} rows`, { rows: heights });
  }
  const step = panelRows(operands, rows);
  const isInPlace = operands.every((X) => X.viewRows !== undefined) && !outputs.some((X) => inputs.includes(X));
  if (isInPlace) {
    for (let start = 0; start < rows; start += step) {
      const count = Math.min(step, rows - start);
      const views = (from: readonly Multivector[]): Block[] => from.map((X) => X.viewRows!(start, count));
      await visit(views(inputs), [...views(outputs), ...views(updated)], start);
      await breathe(signal);
    }
    return;
  }
  const memory = new PanelMemory();
  const readers = inputs.map((X) => panelReader(X, 2, memory));
  // read ahead, in use, on its way back
  const updaters = updated.map((X) => panelReader(X, 3, memory));
  const buffers = outputs.map((X) => memory.buffers(X, X.space.inMemory ? 1 : 2));
  const read = async (start: number): Promise<Panels> => {
    const all = (from: readonly Read[]): Promise<Block[]> =>
      allEnded(from.map((reader) => reader(start, Math.min(step, rows - start))));
    const [inputPanels, updatedPanels] = await allEnded([all(readers), all(updaters)]);
    return { inputs: inputPanels!, updated: updatedPanels! };
  };
  const written = [...outputs, ...updated];
  const write = async (start: number, panels: Block[]): Promise<void> => {
    await allEnded(written.map((target, i) => target.writeRows(start, panels[i]!)));
  };
  let reading: Promise<Panels> | undefined = rows > 0 ? read(0) : undefined;
  let writing: Promise<void> | undefined;
  try {
    for (let start = 0; start < rows; start += step) {
      const panels = await reading!;
      reading = start + step < rows ? read(start + step) : undefined;
      // an error in reading ahead is met when its turn comes, if that comes
      reading?.catch(() => undefined);
      const out = [...buffers.map((buffer) => buffer(Math.min(step, rows - start))), ...panels.updated];
      await visit(panels.inputs, out, start);
      await writing;
      writing = write(start, out);
      writing.catch(() => undefined);
      await breathe(signal);
    }
    await writing;
    memory.giveBack();
  } finally {
    // an error is not told before what was read or written meanwhile has ended, too
    await Promise.allSettled([reading, writing]);
  }
}
