/** Random columns on an engine: filled in the shared memory, panel by panel, and copied out. */
import type { Block } from '../../../core/block.ts';
import { bytesPerEntry, dtypeOf, viewOf } from '../../../core/dtype.ts';
import { type Distribution, initialState, type StreamKey, sparseStride } from '../../../core/random.ts';
import type { Engine, Job } from './engine.ts';
import { type Address, align } from './module.ts';
import type { Thread } from './thread.ts';

/** Rows of random columns, made `chunk` at a time: all threads share the columns. */
export interface RandomColumns {
  kind: 'randomF32' | 'randomF64';
  distribution: Distribution;
  /** Of groups of four columns; left where the next rows go on. */
  states: Address;
  /** Of sparse columns. */
  strides: Address;
  chunk: number;
  out: Address;
  rows: number;
  cols: number;
}

/** Numbers by which the kernel knows the distributions. */
const NUMBERS: Record<Distribution, number> = { gaussian: 0, rademacher: 1, sparseSign: 2 };

/** Called by every thread of a team. */
export function randomColumns(thread: Thread, call: RandomColumns): void {
  const { kind, distribution, states, strides, chunk, out, rows, cols } = call;
  thread.kernels[kind](NUMBERS[distribution], states, strides, chunk, out, rows, cols);
}

/** Columns whose states lie together: s0 of each, then s1 of each. */
const LANES = 4;

/** Of one panel, about: what is copied out is then still in the cache. */
export const TEAM_PANEL: number = 2 ** 23;
/** Of one that an engine fills on the calling thread. */
export const OWN_PANEL: number = 2 ** 17;

/** Rows of a chunk at least: what lies side by side is written while it is in the cache. A multiple of 32, of which words give signs. */
const CHUNK_ROWS = 64;

/** Operations for one number, about: what the engine weighs a job by. */
const WORK: Record<Distribution, number> = { gaussian: 48, rademacher: 6, sparseSign: 6 };

/** The states of columns `firstColumn..firstColumn + cols` as the kernel keeps them. */
function statesOf(key: StreamKey, firstColumn: number, cols: number): Int32Array {
  const states = new Int32Array(4 * LANES * Math.ceil(cols / LANES));
  for (let column = 0; column < cols; column++) {
    const lane = column % LANES;
    const [high0, low0, high1, low1] = initialState(key, firstColumn + column);
    states.set([low0, high0], 4 * (column - lane) + 2 * lane);
    states.set([low1, high1], 4 * (column - lane) + 2 * (LANES + lane));
  }
  return states;
}

/** Operations for all numbers of a block. */
export const workOf = ({ rows, cols }: Block, distribution: Distribution): number => WORK[distribution] * rows * cols;

/** The same numbers as `fillRandom`, to the bit. */
export async function fillColumns(
  engine: Engine,
  { rows, cols, data }: Block,
  distribution: Distribution,
  key: StreamKey,
  firstColumn: number,
  panelBytes: number,
): Promise<void> {
  const dtype = dtypeOf(data);
  const states = statesOf(key, firstColumn, cols);
  const isSparse = distribution === 'sparseSign';
  const strides = Int32Array.from({ length: isSparse ? cols : 0 }, (_, j) => sparseStride(firstColumn + j, rows));
  // of the last column it is the largest
  const chunk = Math.max(CHUNK_ROWS, strides.at(-1) ?? 0);
  const rowBytes = cols * bytesPerEntry(dtype);
  const step = chunk * Math.max(1, Math.floor(panelBytes / (chunk * rowBytes)));
  const offsetStrides = align(states.byteLength);
  const offsetOut = offsetStrides + align(strides.byteLength);
  const panel = (start: number, height: number): Job => ({
    bytes: offsetOut + height * rowBytes,
    work: WORK[distribution] * height * cols,
    load(memory, base) {
      new Int32Array(memory, base, states.length).set(states);
      new Int32Array(memory, base + offsetStrides, strides.length).set(strides);
      const places = { states: base, strides: base + offsetStrides, out: base + offsetOut };
      const kind = dtype === 'float32' ? 'randomF32' : 'randomF64';
      return { program: 'randomColumns', args: { kind, distribution, ...places, chunk, rows: height, cols } };
    },
    store(memory, base) {
      states.set(new Int32Array(memory, base, states.length));
      data.set(viewOf(dtype, memory, base + offsetOut, height * cols), start * cols);
    },
  });
  for (let start = 0; start < rows; start += step) await engine.run(panel(start, Math.min(step, rows - start)));
}
