/** Where the largest number of each window lies. */
import {
  add,
  clone,
  dispose,
  gatherND,
  greater,
  keep,
  maximum,
  pad,
  reshape,
  scalar,
  scatterND,
  type Tensor,
  tensor2d,
  util,
  where,
} from '@tensorflow/tfjs-core';
import { currentBackend } from '../../backends/current.ts';
import { HeapWindows } from './convolution/heap-windows.ts';
import { readingPads } from './convolution/padding.ts';
import { type Axis, count } from './convolution/window.ts';

/** For all index tuples below `sizes`, in row-major order, the sum of index times step: flat positions in a larger array. */
function positions(sizes: readonly number[], steps: readonly number[]): Int32Array {
  let flat: Int32Array = new Int32Array([0]);
  for (const [axis, size] of sizes.entries()) {
    const next = new Int32Array(flat.length * size);
    for (const [at, start] of flat.entries()) {
      for (let i = 0; i < size; i++) next[at * size + i] = start + i * steps[axis]!;
    }
    flat = next;
  }
  return flat;
}

const column = (numbers: Int32Array): Tensor => tensor2d(numbers, [numbers.length, 1], 'int32');

/** What is looked for: x [N, ...in, C], perhaps with a number added for each entry of the window and channel. */
export interface Search {
  readonly x: Tensor;
  readonly axes: readonly Axis[];
  /** [entries, C]. */
  readonly addend?: Tensor;
}

/** int32 [outputs, 1] each: the flat place in x, and the entry of the window. */
export interface Maxima {
  readonly places: Tensor;
  readonly entries: Tensor;
}

/** Finds the largest number in the window of each output [N, ...out, C]; of equal ones the first in row-major order. */
export function findMaxima({ x, axes, addend }: Search): Maxima {
  const [batch, channels] = [x.shape[0]!, x.shape[x.rank - 1]!];
  const reading = readingPads(axes);
  const pads = reading.map(([before, after]): [number, number] => [Math.max(before, 0), Math.max(after, 0)]);
  const isPadded = pads.flat().some((n) => n > 0);
  const padded = isPadded ? pad(x, [[0, 0], ...pads, [0, 0]], Number.NEGATIVE_INFINITY) : x;
  const steps = util.computeStrides(padded.shape).concat(1);
  const inner = steps.slice(1, -1);
  // Windows may begin behind the first input, with a stride larger than the window.
  const begin = reading.reduce((sum, [before], i) => sum + Math.max(-before, 0) * inner[i]!, 0);
  const corners = column(
    positions(
      [batch, ...axes.map(({ output }) => output), channels],
      [steps[0]!, ...axes.map(({ stride }, i) => stride * inner[i]!), 1],
    ).map((place) => place + begin),
  );
  const offsets = positions(
    axes.map(({ filter }) => filter),
    axes.map(({ dilation }, i) => dilation * inner[i]!),
  );
  const flat = reshape(padded, [padded.size]);
  const rows = corners.size / channels;
  const valuesAt = (places: Tensor, entry: number): Tensor => {
    const values = reshape(gatherND(flat, places), [rows, channels]);
    return addend ? add(values, gatherND(addend, scalarIndex(entry))) : values;
  };
  let best = valuesAt(corners, 0);
  let maxima: Maxima = { places: corners, entries: column(new Int32Array(corners.size)) };
  for (const [entry, offset] of offsets.entries()) {
    if (entry === 0) continue;
    const places = add(corners, scalar(offset, 'int32'));
    const values = valuesAt(places, entry);
    const better = reshape(greater(values, best), corners.shape);
    maxima = {
      places: where(better, places, maxima.places),
      entries: where(better, scalar(entry, 'int32'), maxima.entries),
    };
    best = maximum(values, best);
  }
  if (!isPadded) return maxima;
  // From places in the padded array to places in x.
  const unpadded = new Int32Array(padded.size);
  const first = pads.reduce((sum, [before], i) => sum + before * inner[i]!, 0);
  for (const [place, at] of positions(x.shape, steps).entries()) unpadded[at + first] = place;
  return { ...maxima, places: reshape(gatherND(column(unpadded), maxima.places), corners.shape) };
}

const scalarIndex = (index: number): Tensor => tensor2d([index], [1, 1], 'int32');

/** The heap where numbers like these can be moved in place. */
const heapFor = ({ dtype }: Tensor) => (dtype === 'float32' ? currentBackend().heap?.work() : undefined);

/** Places that are known by what they were found in and by the windows, while {@link findingOnce} runs. */
let known: Map<object, Map<string, Tensor>> | undefined;

/** Runs synchronous `work`, in which the largest numbers under the windows of a tensor are looked for once. */
export function findingOnce<T>(work: () => T): T {
  if (known) return work();
  const found = new Map<object, Map<string, Tensor>>();
  known = found;
  try {
    return work();
  } finally {
    known = undefined;
    for (const places of found.values()) dispose([...places.values()]);
  }
}

/** The flat places in x of the largest numbers, int32 [outputs, 1]; of equal ones the first in row-major order. */
export function placesOfMaxima(x: Tensor, axes: readonly Axis[]): Tensor {
  if (!known) return searchPlaces(x, axes);
  const ofX = known.get(x.dataId) ?? new Map<string, Tensor>();
  known.set(x.dataId, ofX);
  const windows = JSON.stringify([x.shape, axes]);
  const places = ofX.get(windows) ?? keep(searchPlaces(x, axes));
  ofX.set(windows, places);
  return clone(places);
}

function searchPlaces(x: Tensor, axes: readonly Axis[]): Tensor {
  const work = currentBackend().heap?.work();
  const isPlane = axes.length === 2 && x.dtype === 'float32';
  if (work === undefined || !isPlane) return findMaxima({ x, axes }).places;
  const [batch, channels] = [x.shape[0]!, x.shape[x.rank - 1]!];
  const places = work.output([batch * count(axes, 'output') * channels, 1], 'int32');
  new HeapWindows(work.kernels, axes).maxima(work.address(x), batch, channels, work.address(places));
  return places;
}

/** Rows [count of places, ...] of an array [size, ...], fetched from places in it. */
export function fetch(from: Tensor, places: Tensor, size: number): Tensor {
  return gatherND(reshape(from, [size, from.size / size]), places);
}

/** The same where nobody differentiates it: inside of kernels, and of tangents. */
export function fetchInPlace(from: Tensor, places: Tensor, size: number): Tensor {
  const work = heapFor(from);
  if (work === undefined) return fetch(from, places, size);
  const width = from.size / size;
  const rows = work.output([places.size, width]);
  const [at, by, into] = [from, places, rows].map((tensor) => work.address(tensor)) as [number, number, number];
  work.kernels.takeRows(at, by, places.size, 4 * width, into);
  return rows;
}

/** The transpose: rows [count of places, ...] added up at their places in an array [size, ...]. */
export function putBack(rows: Tensor, places: Tensor, size: number): Tensor {
  const width = rows.size / places.size;
  return scatterND(places as never, reshape(rows, [places.size, width]), [size, width]);
}

/** The same where nobody differentiates it. */
export function putBackInPlace(rows: Tensor, places: Tensor, size: number): Tensor {
  const work = heapFor(rows);
  if (work === undefined) return putBack(rows, places, size);
  const width = rows.size / places.size;
  const sums = work.output([size, width]);
  const [at, by, into] = [rows, places, sums].map((tensor) => work.address(tensor)) as [number, number, number];
  work.clear(into, size * width);
  work.kernels.addRows(at, by, places.size, 4 * width, into);
  return sums;
}
