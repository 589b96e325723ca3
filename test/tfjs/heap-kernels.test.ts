/** What runs in place on the wasm backend's heap gives what the definition gives, in float64 loops. */
import { readFile } from 'node:fs/promises';
import * as tf from '@tensorflow/tfjs-core';
import { withFastKernels as allFastKernels } from '../../src/tfjs/autodiff/fast-kernels.ts';
import { inPlaceTangents } from '../../src/tfjs/autodiff/rules/convolution/in-place.ts';
import { kernelProductsOf } from '../../src/tfjs/autodiff/rules/convolution/products.ts';
import type { Axis } from '../../src/tfjs/autodiff/rules/convolution/window.ts';
import { fetchInPlace, placesOfMaxima, putBackInPlace } from '../../src/tfjs/autodiff/rules/window-maxima.ts';
import { heapKernels } from '../../src/tfjs/backends/wasm/heap-kernels/module.ts';
import { withFastKernels } from '../../src/tfjs/backends/wasm/heap-kernels/replacements.ts';
import { useBackend } from '../../src/tfjs/index.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { nativeTitle, whenNative } from '../support/native.ts';

beforeAll(() => useBackend('wasm'));

afterAll(() => {
  expect(tf.memory().numTensors).toBe(0);
});

const size = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

let seed = 0;
const random = (shape: readonly number[]): tf.Tensor => tf.randomNormal([...shape], 0, 1, 'float32', ++seed);

/** An axis of `input` positions; outputs as many as fit. */
function axis(input: number, filter: number, stride: number, dilation: number, before: number, after: number): Axis {
  const output = Math.floor((input + before + after - (filter - 1) * dilation - 1) / stride) + 1;
  return { input, output, filter, stride, dilation, before };
}

interface Case {
  name: string;
  axes: Axis[];
  batch: number;
  channels: number;
  filters: number;
}

const CASES: Case[] = [
  { name: 'same padding', axes: [axis(6, 3, 1, 1, 1, 1), axis(5, 3, 1, 1, 1, 1)], batch: 3, channels: 3, filters: 4 },
  { name: 'strides', axes: [axis(7, 3, 2, 1, 0, 1), axis(8, 2, 3, 1, 1, 0)], batch: 2, channels: 5, filters: 3 },
  { name: 'dilations', axes: [axis(9, 3, 1, 2, 2, 2), axis(8, 3, 2, 3, 1, 3)], batch: 2, channels: 4, filters: 2 },
  { name: 'single pixels', axes: [axis(4, 1, 1, 1, 0, 0), axis(3, 1, 1, 1, 0, 0)], batch: 2, channels: 6, filters: 5 },
  {
    name: 'one channel, runs of five numbers',
    axes: [axis(7, 5, 1, 1, 2, 2), axis(9, 5, 2, 1, 3, 1)],
    batch: 2,
    channels: 1,
    filters: 6,
  },
  {
    name: 'one channel, strides beyond the window',
    axes: [axis(9, 2, 4, 1, 0, 0), axis(9, 3, 4, 1, -1, 0)],
    batch: 2,
    channels: 1,
    filters: 2,
  },
  {
    name: 'few filters, strides',
    axes: [axis(7, 3, 2, 1, 0, 1), axis(8, 2, 3, 1, 1, 0)],
    batch: 2,
    channels: 5,
    filters: 7,
  },
  {
    name: 'few filters, strides beyond the window',
    axes: [axis(9, 2, 4, 1, 0, 0), axis(9, 3, 4, 1, -1, 0)],
    batch: 2,
    channels: 2,
    filters: 5,
  },
  {
    name: 'few filters, dilated rows, windows wider than the image',
    axes: [axis(9, 3, 1, 2, 2, 2), axis(1, 3, 1, 1, 1, 1)],
    batch: 2,
    channels: 2,
    filters: 8,
  },
  {
    name: 'few filters, sums over many outputs',
    axes: [axis(30, 3, 1, 1, 1, 1), axis(33, 3, 1, 1, 0, 1)],
    batch: 2,
    channels: 1,
    filters: 4,
  },
  {
    name: 'windows wider than the image',
    axes: [axis(2, 5, 1, 1, 2, 2), axis(1, 3, 1, 1, 1, 1)],
    batch: 2,
    channels: 2,
    filters: 2,
  },
  {
    name: 'three axes',
    axes: [axis(4, 2, 2, 1, 1, 0), axis(5, 3, 1, 1, 1, 1), axis(4, 2, 1, 2, 0, 1)],
    batch: 2,
    channels: 3,
    filters: 3,
  },
  {
    name: 'several parts of a batch',
    axes: [axis(40, 3, 1, 1, 1, 1), axis(41, 3, 1, 1, 1, 1)],
    batch: 5,
    channels: 8,
    filters: 3,
  },
];

/** Every triple of an input, a weight and an output that meet: the places of their numbers. */
function meetings({ axes, batch, channels, filters }: Case, visit: (x: number, w: number, y: number) => void): void {
  const along = (input: number, entry: number, output: number, i: number, inside: boolean): void => {
    const each = axes[i];
    if (each === undefined) {
      if (!inside) return;
      for (let c = 0; c < channels; c++) {
        for (let f = 0; f < filters; f++)
          visit(input * channels + c, (entry * channels + c) * filters + f, output * filters + f);
      }
      return;
    }
    for (let o = 0; o < each.output; o++) {
      for (let k = 0; k < each.filter; k++) {
        const at = o * each.stride - each.before + k * each.dilation;
        const within = inside && at >= 0 && at < each.input;
        along(input * each.input + at, entry * each.filter + k, output * each.output + o, i + 1, within);
      }
    }
  };
  for (let n = 0; n < batch; n++) along(n, 0, n, 0, true);
}

/** Largest difference of a tensor from float64 numbers, relative to the largest of those. */
function difference(got: tf.Tensor, expected: Float64Array): number {
  const values = got.dataSync();
  expect(values.length).toBe(expected.length);
  const largest = expected.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return expected.reduce((most, value, i) => Math.max(most, Math.abs(values[i]! - value)), 0) / largest;
}

whenNative.each(CASES)(nativeTitle('tangents of convolutions: $name'), (each) => {
  const { axes, batch, channels, filters } = each;
  const shapes = {
    x: [batch, ...axes.map(({ input }) => input), channels],
    w: [...axes.map(({ filter }) => filter), channels, filters],
    y: [batch, ...axes.map(({ output }) => output), filters],
  };
  for (const width of batch > 3 ? [6] : [1, 3, 4, 6, 9]) {
    tf.tidy(() => {
      const made = Object.entries(shapes).map(([name, shape]) => {
        const [value, tangent] = [random(shape), random([...shape, width])];
        return [
          name,
          {
            value,
            tangent,
            v: value.dataSync(),
            t: tangent.dataSync(),
            sum: new Float64Array(size(shape) * width),
            other: new Float64Array(size(shape) * width),
          },
        ] as const;
      });
      const { x, w, y } = Object.fromEntries(made) as Record<'x' | 'w' | 'y', (typeof made)[0][1]>;
      // `sum`: the tangent by the first factor in the order x, w, y; `other`: by the second
      meetings(each, (i, k, o) => {
        for (let j = 0; j < width; j++) {
          const [di, dk, dk2] = [i * width + j, k * width + j, o * width + j];
          y.sum[dk2]! += x.t[di]! * w.v[k]!;
          y.other[dk2]! += x.v[i]! * w.t[dk]!;
          x.sum[di]! += w.t[dk]! * y.v[o]!;
          x.other[di]! += w.v[k]! * y.t[dk2]!;
          w.sum[dk]! += x.t[di]! * y.v[o]!;
          w.other[dk]! += x.v[i]! * y.t[dk2]!;
        }
      });
      const both = ({ sum, other }: { sum: Float64Array; other: Float64Array }) =>
        sum.map((value, i) => value + other[i]!);
      const { output, inputGradient, filterGradient } = inPlaceTangents(axes)!;
      const check = (got: tf.Tensor, expected: Float64Array) => expect(difference(got, expected)).toBeLessThan(3e-6);
      check(output(x.value, w.value, x.tangent), y.sum);
      check(output(x.value, w.value, undefined, w.tangent), y.other);
      check(output(x.value, w.value, x.tangent, w.tangent), both(y));
      check(inputGradient(y.value, w.value, undefined, w.tangent), x.sum);
      check(inputGradient(y.value, w.value, y.tangent), x.other);
      check(inputGradient(y.value, w.value, y.tangent, w.tangent), both(x));
      check(filterGradient(x.value, y.value, x.tangent), w.sum);
      check(filterGradient(x.value, y.value, undefined, y.tangent), w.other);
      check(filterGradient(x.value, y.value, x.tangent, y.tangent), both(w));
    });
  }
});

whenNative.each(CASES)(
  nativeTitle('products of convolutions: $name'),
  ({ axes, batch, channels, filters, ...each }) => {
    const sizes = { x: [batch], w: [] as number[], y: [batch] };
    for (const { input, filter, output } of axes) {
      sizes.x.push(input);
      sizes.w.push(filter);
      sizes.y.push(output);
    }
    tf.tidy(() => {
      const x = random([...sizes.x, channels]);
      const w = random([...sizes.w, channels, filters]);
      const y = random([...sizes.y, filters]);
      const [dx, dw, dy] = [x, w, y].map((tensor) => tensor.dataSync()) as [
        tf.TypedArray,
        tf.TypedArray,
        tf.TypedArray,
      ];
      const [X, W, Y] = [x, w, y].map((tensor) => new Float64Array(tensor.size)) as [
        Float64Array,
        Float64Array,
        Float64Array,
      ];
      meetings({ ...each, axes, batch, channels, filters }, (i, k, o) => {
        Y[o]! += dx[i]! * dw[k]!;
        X[i]! += dw[k]! * dy[o]!;
        W[k]! += dx[i]! * dy[o]!;
      });
      const { output, inputGradient, filterGradient } = kernelProductsOf(axes);
      for (const [got, like, expected] of [
        [output(x, w), y, Y],
        [inputGradient(y, w), x, X],
        [filterGradient(x, y), w, W],
      ] as const) {
        expect(got.shape).toEqual(like.shape);
        expect(difference(got, expected)).toBeLessThan(3e-6);
      }
    });
  },
);

describe('places of the largest numbers', () => {
  const PLANES: [string, Axis[]][] = [
    ['windows side by side', [axis(6, 2, 2, 1, 0, 0), axis(4, 2, 2, 1, 0, 0)]],
    ['windows that overlap, with padding', [axis(5, 3, 1, 1, 1, 1), axis(7, 3, 2, 1, 1, 1)]],
    ['dilations', [axis(7, 2, 1, 3, 2, 2), axis(8, 3, 2, 2, 1, 2)]],
    ['strides beyond the window', [axis(9, 2, 4, 1, -1, 0), axis(7, 1, 3, 1, 0, 0)]],
  ];

  /** By the definition: the first of the largest inputs of each window. */
  function placesByLoops(values: tf.TypedArray, [rows, cols]: Axis[], batch: number, channels: number): number[] {
    const places: number[] = [];
    for (let n = 0; n < batch; n++) {
      for (let r = 0; r < rows!.output; r++) {
        for (let c = 0; c < cols!.output; c++) {
          for (let channel = 0; channel < channels; channel++) {
            let best = -1;
            for (let k = 0; k < rows!.filter; k++) {
              for (let l = 0; l < cols!.filter; l++) {
                const row = r * rows!.stride - rows!.before + k * rows!.dilation;
                const col = c * cols!.stride - cols!.before + l * cols!.dilation;
                if (row < 0 || row >= rows!.input || col < 0 || col >= cols!.input) continue;
                const at = ((n * rows!.input + row) * cols!.input + col) * channels + channel;
                if (best < 0 || values[at]! > values[best]!) best = at;
              }
            }
            places.push(best);
          }
        }
      }
    }
    return places;
  }

  test.each(PLANES)('%s', (_, axes) => {
    for (const channels of [1, 2, 4, 5, 7, 8]) {
      tf.tidy(() => {
        const batch = 3;
        // few different numbers, so that there are equal ones; all below zero in the first sample
        const x = tf
          .randomUniform([batch, axes[0]!.input, axes[1]!.input, channels], 0, 4, 'int32', ++seed)
          .toFloat()
          .sub(tf.tensor4d([9, 0, 0], [3, 1, 1, 1]));
        const places = placesOfMaxima(x, axes);
        const expected = placesByLoops(x.dataSync(), axes, batch, channels);
        expect([places.shape, [...places.dataSync()]]).toEqual([[expected.length, 1], expected]);
        for (const width of [1, 3, 6]) {
          const block = random([x.size, width]);
          const rows = fetchInPlace(block, places, x.size);
          const numbers = block.dataSync();
          const fetched = expected.flatMap((place) => [...numbers.subarray(place * width, (place + 1) * width)]);
          expect([...rows.dataSync()]).toEqual(fetched);
          const sums = new Float64Array(x.size * width);
          for (const [i, place] of expected.entries()) {
            for (let j = 0; j < width; j++) sums[place * width + j]! += fetched[i * width + j]!;
          }
          expect(difference(putBackInPlace(rows, places, x.size), sums)).toBeLessThan(1e-6);
        }
      });
    }
  });
});

test('rows added to the last axes', () => {
  for (const [shape, axes] of [
    [[3, 5], 1],
    [[700, 6], 1],
    [[2, 3, 300, 1], 1],
    [[4, 5, 2, 9], 1],
    [[1, 4], 1],
    [[70, 6, 1], 2],
    [[4, 2, 5, 3], 2],
    [[2, 3, 1, 7], 3],
  ] as const) {
    tf.tidy(() => {
      const [x, row] = [random(shape), random(shape.slice(-axes))];
      const [values, added] = [x.dataSync(), row.dataSync()];
      const width = row.size;
      for (const order of [
        [x, row],
        [row, x],
      ] as const) {
        const both = withFastKernels(() => tf.add(...order));
        expect(both.shape).toEqual(shape);
        expect([...both.dataSync()]).toEqual(Array.from(values, (value, i) => Math.fround(value + added[i % width]!)));
      }
    });
  }
});

/** Every choice of axes but none. */
const subsets = (rank: number): number[][] =>
  Array.from({ length: 2 ** rank - 1 }, (_, bits) =>
    [...Array(rank).keys()].filter((axis) => ((bits + 1) >> axis) & 1),
  );

test('sums and means along any axes are those of float64 loops, rounded once', () => {
  for (const shape of [[7], [3, 5], [40, 6], [2, 3, 300, 1], [4, 5, 2, 9], [1, 4], [17, 2100], [3, 35, 1030]]) {
    tf.tidy(() => {
      const x = tf.add(random(shape), 0.5);
      const values = x.dataSync();
      for (const axes of subsets(shape.length)) {
        const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
        const strides = kept.map((n, axis) => (n === 1 ? 0 : size(kept.slice(axis + 1))));
        const expected = new Float64Array(size(kept));
        for (const [i, value] of values.entries()) {
          let at = 0;
          for (let axis = 0, rest = i; axis < shape.length; axis++) {
            const below = size(shape.slice(axis + 1));
            at += Math.floor(rest / below) * strides[axis]!;
            rest %= below;
          }
          expected[at]! += value;
        }
        const numbers = x.size / expected.length;
        for (const keepDims of [false, true]) {
          const result = keepDims ? kept : shape.filter((_, axis) => !axes.includes(axis));
          const [total, mean] = withFastKernels(() => [tf.sum(x, axes, keepDims), tf.mean(x, axes, keepDims)] as const);
          expect([total.shape, mean.shape]).toEqual([result, result]);
          expect(difference(total, expected)).toBeLessThan(1e-6);
          expect(
            difference(
              mean,
              expected.map((sum) => sum / numbers),
            ),
          ).toBeLessThan(1e-6);
        }
      }
    });
  }
});

test('sums and means of a million numbers are as exact as of a few', () => {
  for (const shape of [
    [1_000_000, 1],
    [1, 1_000_000],
    [250_000, 4],
  ]) {
    tf.tidy(() => {
      const x = tf.randomUniform(shape, 0, 1, 'float32', 1);
      const sums = new Float64Array(shape[1] === 4 ? 4 : 1);
      for (const [i, value] of x.dataSync().entries()) sums[i % sums.length]! += value;
      const axes = sums.length === 4 ? 0 : undefined;
      const [total, mean] = withFastKernels(() => [tf.sum(x, axes), tf.mean(x, axes)] as const);
      expect(difference(total, sums)).toBeLessThan(2e-7);
      expect(
        difference(
          mean,
          sums.map((sum) => (sum * sums.length) / x.size),
        ),
      ).toBeLessThan(2e-7);
    });
  }
});

test('transposes are those of the definition, of every order of axes', () => {
  const orders = (axes: number[]): number[][] =>
    axes.length < 2
      ? [axes]
      : axes.flatMap((axis) => orders(axes.filter((other) => other !== axis)).map((rest) => [axis, ...rest]));
  const shapes = [
    [5, 7],
    [16, 33],
    [3, 4, 5],
    [2, 1, 9],
    [6, 17, 4],
    [1, 1, 1],
    [4, 0, 3],
    [2, 3, 5, 4],
    [3, 1, 6, 2],
    [2, 3, 1, 2, 5],
  ];
  for (const shape of shapes) {
    for (const order of orders([...shape.keys()])) {
      const x = random(shape);
      const y = withFastKernels(() => tf.transpose(x, order));
      const shuffled = order.map((axis) => shape[axis]!);
      expect(y.shape).toEqual(shuffled);
      const strides = shape.map((_, axis) => size(shape.slice(axis + 1)));
      const from = x.dataSync();
      const expected = Array.from({ length: size(shape) }, (_, flat) => {
        let rest = flat;
        let at = 0;
        for (let axis = shape.length - 1; axis >= 0; axis--) {
          at += (rest % shuffled[axis]!) * strides[order[axis]!]!;
          rest = Math.floor(rest / shuffled[axis]!);
        }
        return from[at]!;
      });
      expect([order, ...y.dataSync()]).toEqual([order, ...expected]);
      tf.dispose([x, y]);
    }
  }
});

test('a copy that nobody writes to shares its numbers, and outlives what it was made of', () => {
  const x = random([3, 4]);
  const values = [...x.dataSync()];
  const before = tf.memory().numDataBuffers;
  const [same, cast] = withFastKernels(() => [tf.clone(x), tf.cast(x, 'float32')]);
  expect(tf.memory().numDataBuffers).toBe(before);
  const counted = withFastKernels(() => tf.cast(x, 'int32'));
  expect([...counted.dataSync()]).toEqual(values.map((value) => Math.trunc(value) + 0));
  counted.dispose();
  x.dispose();
  expect([...same!.dataSync()]).toEqual(values);
  same!.dispose();
  expect([...cast!.dataSync()]).toEqual(values);
  cast!.dispose();
});

test("a block times one factor for each of its rows is the backend's own product, in both orders", () => {
  expect(heapKernels()).toBeDefined();
  for (const width of [1, 2, 4, 7, 64]) {
    for (const shape of [
      [2, 3, 5, 1],
      [3, 5, 1],
      [5, 1],
      [1, 3, 5, 1],
      [1, 1, 5, 1],
      [2, 1, 5, 1],
    ]) {
      tf.tidy(() => {
        const [factors, block] = [random(shape), random([2, 3, 5, width])];
        const expected = tf.mul(factors, block).dataSync();
        for (const [a, b] of [
          [factors, block],
          [block, factors],
        ] as const) {
          const product = withFastKernels(() => tf.mul(a, b));
          expect(product.shape).toEqual(block.shape);
          expect(product.dataSync()).toEqual(expected);
        }
      });
    }
  }
});

whenNative(nativeTitle('docs/kernels.md names the kernels that are replaced for a while'), async () => {
  const own = new Map(tf.getKernelsForBackend('wasm').map(({ kernelName, kernelFunc }) => [kernelName, kernelFunc]));
  const names = allFastKernels(() =>
    tf
      .getKernelsForBackend('wasm')
      .flatMap(({ kernelName, kernelFunc }) => (own.get(kernelName) === kernelFunc ? [] : kernelName)),
  );
  const [, listed] = /these kernels of wasm [^:]*:([^.]*)\./.exec(await readFile('docs/kernels.md', 'utf8'))!;
  expect(names.sort()).toEqual([...listed!.matchAll(/`(\w+)`/g)].map(([, name]) => name).sort());
  for (const { kernelName, kernelFunc } of tf.getKernelsForBackend('wasm'))
    expect(kernelFunc).toBe(own.get(kernelName));
});

test('other products are left to the backend', () => {
  tf.tidy(() => {
    for (const [a, b] of [
      [
        [3, 1],
        [1, 4],
      ],
      [
        [2, 3, 1],
        [3, 4],
      ],
      [[4], [4]],
      [
        [3, 1],
        [3, 1],
      ],
    ] as const) {
      const [left, right] = [random(a), random(b)];
      expect(withFastKernels(() => tf.mul(left, right)).dataSync()).toEqual(tf.mul(left, right).dataSync());
    }
    const [n, m] = [
      tf.tensor2d([[1], [2]], [2, 1], 'int32'),
      tf.tensor2d(
        [
          [3, 4],
          [5, 6],
        ],
        [2, 2],
        'int32',
      ),
    ];
    expect([...withFastKernels(() => tf.mul(n, m)).dataSync()]).toEqual([3, 4, 10, 12]);
  });
});
