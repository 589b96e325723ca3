/** Operations that slide windows, resize or contract, as float64 loops written from their definitions; channels come last. */

/** Row-major numbers to row-major numbers: an operation on inputs of fixed shapes. */
export type Loops = (...inputs: Float64Array[]) => Float64Array;

/** Zeros before and after each spatial axis, or what they are called. */
export type Pads = 'valid' | 'same' | readonly (readonly [before: number, after: number])[];

/** What a window is along each spatial axis. */
export interface Windows {
  readonly size: readonly number[];
  readonly strides: readonly number[];
  readonly dilations?: readonly number[];
  readonly pad: Pads;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** All index tuples below `shape`, row-major. */
function tuples(shape: readonly number[]): number[][] {
  return shape.reduce<number[][]>(
    (heads, n) => heads.flatMap((head) => Array.from({ length: n }, (_, i) => [...head, i])),
    [[]],
  );
}

const flatten = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);

/** For each output of one axis, the input that each entry of the window reads; undefined outside. */
function readsAlong(input: number, axis: number, { size, strides, dilations, pad }: Windows): (number | undefined)[][] {
  const [width, stride, dilation] = [size[axis]!, strides[axis]!, dilations?.[axis] ?? 1];
  const extent = (width - 1) * dilation + 1;
  const lacking = Math.max(0, (Math.ceil(input / stride) - 1) * stride + extent - input);
  const [before, after] =
    pad === 'valid' ? [0, 0] : pad === 'same' ? [Math.floor(lacking / 2), Math.ceil(lacking / 2)] : pad[axis]!;
  const outputs = Math.floor((before + input + after - extent) / stride) + 1;
  return Array.from({ length: outputs }, (_, o) =>
    Array.from({ length: width }, (__, k) => {
      const at = o * stride - before + k * dilation;
      return at >= 0 && at < input ? at : undefined;
    }),
  );
}

/** One window: the pixels (flat over samples and spatial axes) that it reads, and which of its entries read them. */
interface Window {
  readonly pixels: readonly number[];
  readonly entries: readonly number[];
}

/** The windows of all outputs of x [N, ..., C], row-major. */
export function windowsOf(x: readonly number[], windows: Windows): Window[] {
  const spatial = x.slice(1, -1);
  const reads = spatial.map((input, axis) => readsAlong(input, axis, windows));
  const positions = tuples([x[0]!, ...reads.map(({ length }) => length)]);
  const entries = tuples(windows.size);
  return positions.map(([sample, ...position]) => {
    const inside = entries.flatMap((entry, at) => {
      const index = entry.map((k, axis) => reads[axis]![position[axis]!]![k]);
      return index.includes(undefined)
        ? []
        : [{ pixel: flatten([sample!, ...(index as number[])], [x[0]!, ...spatial]), at }];
    });
    return { pixels: inside.map(({ pixel }) => pixel), entries: inside.map(({ at }) => at) };
  });
}

/** The mean, or the largest, of the numbers of each window that lie inside. */
export function pooling(x: readonly number[], windows: Windows, kind: 'mean' | 'max'): Loops {
  const channels = x.at(-1)!;
  const all = windowsOf(x, windows);
  return (data) => {
    const y = new Float64Array(all.length * channels);
    for (const [o, { pixels }] of all.entries()) {
      for (let c = 0; c < channels; c++) {
        const numbers = pixels.map((pixel) => data![pixel * channels + c]!);
        y[o * channels + c] =
          kind === 'max' ? Math.max(...numbers) : numbers.reduce((sum, value) => sum + value, 0) / numbers.length;
      }
    }
    return y;
  };
}

/** y[o, f] = sum over entries k and channels c of x[pixel of k, c] filter[k, c, f], plus bias[f] if there is one. */
export function convolution(x: readonly number[], filters: number, windows: Windows): Loops {
  const channels = x.at(-1)!;
  const all = windowsOf(x, windows);
  return (data, filter, bias) => {
    const y = Float64Array.from({ length: all.length * filters }, (_, at) => bias?.[at % filters] ?? 0);
    for (const [o, { pixels, entries }] of all.entries()) {
      for (const [i, pixel] of pixels.entries()) {
        for (let c = 0; c < channels; c++) {
          for (let f = 0; f < filters; f++) {
            y[o * filters + f]! += data![pixel * channels + c]! * filter![(entries[i]! * channels + c) * filters + f]!;
          }
        }
      }
    }
    return y;
  };
}

/** y[o, c m + j] = sum over entries k of x[pixel of k, c] filter[k, c, j], j < m, plus bias[c m + j] if there is one. */
export function depthwiseConvolution(x: readonly number[], multiplier: number, windows: Windows): Loops {
  const channels = x.at(-1)!;
  const outputs = channels * multiplier;
  const all = windowsOf(x, windows);
  return (data, filter, bias) => {
    const y = Float64Array.from({ length: all.length * outputs }, (_, at) => bias?.[at % outputs] ?? 0);
    for (const [o, { pixels, entries }] of all.entries()) {
      for (const [i, pixel] of pixels.entries()) {
        for (let f = 0; f < outputs; f++) {
          const c = Math.floor(f / multiplier);
          y[o * outputs + f]! += data![pixel * channels + c]! * filter![entries[i]! * outputs + f]!;
        }
      }
    }
    return y;
  };
}

/** y[o, c] = max over entries k of x[pixel of k, c] + filter[k, c]. */
export function morphologicalDilation(x: readonly number[], windows: Windows): Loops {
  const channels = x.at(-1)!;
  const all = windowsOf(x, windows);
  return (data, filter) => {
    const y = new Float64Array(all.length * channels);
    for (const [o, { pixels, entries }] of all.entries()) {
      for (let c = 0; c < channels; c++) {
        y[o * channels + c] = Math.max(
          ...pixels.map((pixel, i) => data![pixel * channels + c]! + filter![entries[i]! * channels + c]!),
        );
      }
    }
    return y;
  };
}

/** How the pixels of two grids correspond: by their top left corners, by all corners, or by the centres of pixels. */
export type Alignment = 'top left' | 'corners' | 'centres';

/** The inputs and weights that make each output along one axis. */
function interpolation(input: number, output: number, alignment: Alignment, kind: 'bilinear' | 'nearest') {
  return Array.from({ length: output }, (_, o): [number, number][] => {
    const aligned = alignment === 'corners' && output > 1;
    const place = aligned ? (o * (input - 1)) / (output - 1) : (o * input) / output;
    if (kind === 'nearest') {
      const nearest =
        alignment === 'corners' ? Math.round(place) : alignment === 'centres' ? ((o + 0.5) * input) / output : place;
      return [[Math.min(input - 1, Math.floor(nearest)), 1]];
    }
    const exact = alignment === 'centres' ? ((o + 0.5) * input) / output - 0.5 : place;
    const inside = Math.min(input - 1, Math.max(0, exact));
    const lower = Math.floor(inside);
    return [
      [lower, 1 - (inside - lower)],
      [Math.min(input - 1, lower + 1), inside - lower],
    ];
  });
}

/** Images [N, H, W, C] resized to [N, rows, cols, C]. */
export function resizing(
  x: readonly number[],
  size: readonly [rows: number, cols: number],
  alignment: Alignment,
  kind: 'bilinear' | 'nearest',
): Loops {
  const [n, h, w, channels] = x as [number, number, number, number];
  const rows = interpolation(h, size[0], alignment, kind);
  const cols = interpolation(w, size[1], alignment, kind);
  return (data) => {
    const y = new Float64Array(n * size[0] * size[1] * channels);
    for (const [at, [sample, i, j, c]] of tuples([n, ...size, channels]).entries()) {
      for (const [row, down] of rows[i!]!) {
        for (const [col, across] of cols[j!]!) {
          y[at]! += down * across * data![((sample! * h + row) * w + col) * channels + c!]!;
        }
      }
    }
    return y;
  };
}

/** The sum over all letters that are not in the output of the product of all inputs: 'ij,jk->ik'. */
export function einsteinSum(equation: string, shapes: readonly (readonly number[])[]): Loops {
  const [left, output] = equation.split('->') as [string, string];
  const terms = left.split(',');
  const lengths = new Map(terms.flatMap((term, i) => [...term].map((letter, axis) => [letter, shapes[i]![axis]!])));
  const letters = [...lengths.keys()];
  const shapeOf = (term: string): number[] => [...term].map((letter) => lengths.get(letter)!);
  const steps = tuples([...lengths.values()]).map((values) => {
    const place = (term: string) =>
      flatten(
        [...term].map((letter) => values[letters.indexOf(letter)]!),
        shapeOf(term),
      );
    return { from: terms.map(place), to: place(output) };
  });
  return (...inputs) => {
    const y = new Float64Array(sizeOf(shapeOf(output)));
    for (const { from, to } of steps) y[to]! += from.reduce((product, at, i) => product * inputs[i]![at]!, 1);
    return y;
  };
}
