/** One pass over the rows of tall blocks: while one panel is worked on, the next is read and the last is written. */
import { type Block, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { breathe } from '../core/schedule.ts';
import type { Multivector } from './multivector.ts';

/** Panels are not shorter than this where the data have as many rows: shorter ones cost more calls than work. */
export const LEAST_PANEL_ROWS = 64;

function panelRows(operands: readonly Multivector[], rows: number): number {
  const widest = Math.max(1, ...operands.map(({ cols }) => cols));
  const entries = Math.min(...operands.map(({ space }) => space.panelEntries));
  return Math.max(1, Math.min(rows, Math.max(LEAST_PANEL_ROWS, Math.floor(entries / widest))));
}

/** A buffer of `cols` columns for one panel after the other. */
export function panelBuffer(cols: number, dtype: DType): (count: number) => Block {
  let buffer: Block | undefined;
  return (count) => {
    if (buffer?.rows !== count) buffer = zeros(count, cols, dtype);
    return buffer;
  };
}

/** Two buffers by turns: one is in use while the other is on its way to or from a file. In memory one is enough. */
function alternatingBuffers({ cols, dtype, space }: Multivector): (count: number) => Block {
  const buffers = [panelBuffer(cols, dtype), ...(space.inMemory ? [] : [panelBuffer(cols, dtype)])];
  let turn = 0;
  return (count) => buffers[turn++ % buffers.length]!(count);
}

/** Panels of the inputs by consecutive rows. */
function panelReader(X: Multivector): (start: number, count: number) => Promise<Block> {
  if (X.space.inMemory) return (start, count) => X.readRows(start, count);
  const buffer = alternatingBuffers(X);
  return (start, count) => X.readRows(start, count, buffer(count));
}

/** What every pass over the rows needs besides its operands. */
export interface SweepContext {
  signal?: AbortSignal | undefined;
}

/** What is done with one panel of each input, rows `start..`; there is one of `out` to be filled for each output. */
export type Visit = (panels: Block[], out: Block[], start: number) => Promise<void>;

/**
 * Calls `visit` with row panels of all `inputs`, from the first row to the last, and writes what it puts into `out` to the
 * same rows of `outputs`, which may be among the inputs.
 *
 * @param verb on whose behalf, for messages
 * @throws ShapeError when the operands differ in height; the signal's reason when aborted.
 */
export async function sweep(
  verb: string,
  inputs: readonly Multivector[],
  { signal }: SweepContext,
  visit: Visit,
  outputs: readonly Multivector[] = [],
): Promise<void> {
  const operands = [...inputs, ...outputs];
  const heights = operands.map(({ rows }) => rows);
  const [rows = 0] = heights;
  if (heights.some((height) => height !== rows)) {
    throw new ShapeError(`${verb}: the operands have ${heights.join(' and ')} rows`, { rows: heights });
  }
  const step = panelRows(operands, rows);
  const readers = inputs.map(panelReader);
  const buffers = outputs.map(alternatingBuffers);
  const read = (start: number): Promise<Block[]> =>
    Promise.all(readers.map((reader) => reader(start, Math.min(step, rows - start))));
  const write = async (start: number, panels: Block[]): Promise<void> => {
    await Promise.all(outputs.map((output, i) => output.writeRows(start, panels[i]!)));
  };
  let reading: Promise<Block[]> | undefined = rows > 0 ? read(0) : undefined;
  let writing: Promise<void> | undefined;
  try {
    for (let start = 0; start < rows; start += step) {
      const panels = await reading!;
      reading = start + step < rows ? read(start + step) : undefined;
      // an error in reading ahead is met when its turn comes, if that comes
      reading?.catch(() => undefined);
      const out = buffers.map((buffer) => buffer(Math.min(step, rows - start)));
      await visit(panels, out, start);
      await writing;
      writing = write(start, out);
      writing.catch(() => undefined);
      await breathe(signal);
    }
    await writing;
  } finally {
    // nothing may still be reading into buffers or writing to files after an error
    await Promise.allSettled([reading, writing]);
  }
}
