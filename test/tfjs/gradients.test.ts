/**
 * Gradients and Hessian products of every operation whose gradient the library repairs, against differences of the loss.
 * The loss is evaluated in float64 by loops of the test's own: no gradient of TensorFlow.js or of ours takes part in it.
 */
import * as tf from '@tensorflow/tfjs-core';
import { gradient, hessian, useBackend } from '../../src/tfjs/index.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { uniforms } from '../support/matrices.ts';
import {
  type Alignment,
  convolution,
  depthwiseConvolution,
  einsteinSum,
  type Loops,
  morphologicalDilation,
  type Pads,
  pooling,
  resizing,
  type Windows,
} from '../support/windows.ts';

/** An operation in TensorFlow.js and as float64 loops. */
interface Operation {
  readonly what: string;
  readonly shapes: readonly (readonly number[])[];
  /** The numbers of the first input are well apart and mostly negative: no maximum moves within a difference. */
  readonly apart?: boolean;
  /** Its gradient uses kernels that TensorFlow.js cannot differentiate: Hessians are made in mode 'forward' only. */
  readonly forwardOnly?: boolean;
  readonly run: (...inputs: never[]) => tf.Tensor;
  readonly loops: Loops;
}

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

/** As an argument of TensorFlow.js, which wants a pair for samples and channels, too. */
function padArgument(pad: Pads): never {
  return (typeof pad === 'string' ? pad : [[0, 0], ...pad, [0, 0]]) as never;
}

const nameOfPad = (pad: Pads): string =>
  typeof pad === 'string' ? pad : `pads ${pad.map((p) => p.join('+')).join(', ')}`;

const describeWindows = ({ size, strides, dilations, pad }: Windows): string =>
  `${size.join(' x ')} over ${strides.join(' x ')}${dilations ? `, dilated ${dilations.join(' x ')}` : ''}, ${nameOfPad(pad)}`;

/** Explicit padding with each border narrower than the window, and one of each axis wider than the other. */
const uneven = (size: readonly number[]): Pads =>
  size.map((width, axis): [number, number] => {
    const most = Math.min(2, width - 1);
    return axis % 2 === 0 ? [most, Math.max(0, most - 1)] : [Math.max(0, most - 1), most];
  });

const PLANAR_POOLS: Windows[] = [
  { size: [2, 2], strides: [2, 2] },
  { size: [3, 3], strides: [1, 1] },
  { size: [3, 3], strides: [2, 2] },
  { size: [2, 3], strides: [1, 2] },
  { size: [4, 2], strides: [3, 1] },
  { size: [2, 1], strides: [3, 2] },
].flatMap((each) => ['valid' as const, 'same' as const, uneven(each.size)].map((pad) => ({ ...each, pad })));

const POOLED = [2, 5, 6, 2];

const PLANAR_POOLING: Operation[] = PLANAR_POOLS.flatMap((windows) => {
  const { size, strides, pad } = windows;
  const rounding = typeof pad === 'string' ? undefined : 'floor';
  const call =
    (pool: typeof tf.avgPool) =>
    (x: tf.Tensor4D): tf.Tensor =>
      pool(x, size as never, strides as never, padArgument(pad), rounding);
  const what = describeWindows(windows);
  return [
    { what: `avgPool ${what}`, shapes: [POOLED], run: call(tf.avgPool), loops: pooling(POOLED, windows, 'mean') },
    {
      what: `maxPool ${what}`,
      shapes: [POOLED],
      apart: true,
      run: call(tf.maxPool),
      loops: pooling(POOLED, windows, 'max'),
    },
  ];
});

const SOLID = [1, 3, 4, 5, 2];

const SOLID_POOLING: Operation[] = [
  { size: [2, 2, 2], strides: [2, 2, 2] },
  { size: [2, 3, 2], strides: [1, 2, 3] },
  { size: [3, 2, 3], strides: [2, 1, 2] },
]
  .flatMap((each) => {
    const even: Pads = [
      [1, 1],
      [1, 1],
      [1, 1],
    ];
    return ['valid' as const, 'same' as const, even].map((pad) => ({ ...each, pad }));
  })
  .flatMap((windows) => {
    const { size, strides, pad } = windows;
    const call =
      (pool: typeof tf.avgPool3d) =>
      (x: tf.Tensor5D): tf.Tensor =>
        typeof pad === 'string'
          ? pool(x, size as never, strides as never, pad)
          : pool(x, size as never, strides as never, 1, 'floor');
    const what = describeWindows(windows);
    return [
      { what: `avgPool3d ${what}`, shapes: [SOLID], run: call(tf.avgPool3d), loops: pooling(SOLID, windows, 'mean') },
      {
        what: `maxPool3d ${what}`,
        shapes: [SOLID],
        apart: true,
        run: call(tf.maxPool3d as never),
        loops: pooling(SOLID, windows, 'max'),
      },
    ];
  });

const DILATED_POOLING: Operation[] = (['avg', 'max'] as const).map((kind) => {
  const windows: Windows = { size: [2, 2], strides: [1, 1], dilations: [2, 3], pad: 'valid' };
  return {
    what: `pool ${kind} ${describeWindows(windows)}`,
    shapes: [POOLED],
    apart: true,
    run: (x: tf.Tensor4D) => tf.pool(x, [2, 2], kind, 'valid', [2, 3], [1, 1]),
    loops: pooling(POOLED, windows, kind === 'avg' ? 'mean' : 'max'),
  };
});

const RESIZED = [2, 3, 4, 2];

const RESIZING: Operation[] = (['top left', 'corners', 'centres'] as Alignment[]).flatMap((alignment) =>
  (
    [
      [5, 3],
      [2, 7],
      [6, 4],
      [1, 9],
    ] as [number, number][]
  ).flatMap((size) =>
    (['bilinear', 'nearest'] as const).map((kind) => ({
      what: `resize ${kind} to ${size.join(' x ')} by ${alignment}`,
      shapes: [RESIZED],
      run: (x: tf.Tensor4D) => {
        const resize = kind === 'bilinear' ? tf.image.resizeBilinear : tf.image.resizeNearestNeighbor;
        return resize(x, size, alignment === 'corners', alignment === 'centres');
      },
      loops: resizing(RESIZED, size, alignment, kind),
    })),
  ),
);

const SEEN = [1, 6, 5, 2];

const PLANAR_CONVOLUTIONS: Windows[] = [
  { size: [3, 2], strides: [1, 1] },
  { size: [3, 3], strides: [2, 2] },
  { size: [2, 2], strides: [2, 3] },
  { size: [3, 2], strides: [1, 1], dilations: [2, 2] },
  { size: [2, 3], strides: [1, 1], dilations: [3, 1] },
].flatMap((each) => ['valid' as const, 'same' as const, uneven(each.size)].map((pad) => ({ ...each, pad })));

const PLANAR_CONVOLVING: Operation[] = PLANAR_CONVOLUTIONS.flatMap((windows) => {
  const { size, strides, dilations = [1, 1], pad } = windows;
  const what = describeWindows(windows);
  const forwardOnly = windows.dilations !== undefined;
  const rest = [strides, padArgument(pad), 'NHWC', dilations, typeof pad === 'string' ? undefined : 'floor'] as const;
  return [
    {
      what: `conv2d ${what}`,
      shapes: [SEEN, [...size, 2, 3]],
      run: (x: tf.Tensor4D, filter: tf.Tensor4D) => tf.conv2d(x, filter, ...(rest as unknown as [never, never])),
      loops: convolution(SEEN, 3, windows),
      forwardOnly,
    },
    {
      what: `depthwiseConv2d ${what}`,
      shapes: [SEEN, [...size, 2, 2]],
      run: (x: tf.Tensor4D, filter: tf.Tensor4D) =>
        tf.depthwiseConv2d(x, filter, ...(rest as unknown as [never, never])),
      loops: depthwiseConvolution(SEEN, 2, windows),
      forwardOnly,
    },
  ];
});

const SOLID_CONVOLVING: Operation[] = [
  { size: [2, 3, 2], strides: [1, 1, 1] },
  { size: [2, 2, 3], strides: [2, 1, 2] },
  { size: [2, 2, 2], strides: [1, 1, 1], dilations: [1, 2, 3] },
]
  .flatMap((each) => ['valid' as const, 'same' as const].map((pad) => ({ ...each, pad })))
  .map((windows: Windows) => {
    const { size, strides, dilations = [1, 1, 1], pad } = windows;
    return {
      what: `conv3d ${describeWindows(windows)}`,
      shapes: [SOLID, [...size, 2, 2]],
      run: (x: tf.Tensor5D, filter: tf.Tensor5D) =>
        tf.conv3d(x, filter, strides as never, pad as never, 'NDHWC', dilations as never),
      loops: convolution(SOLID, 2, windows),
      forwardOnly: windows.dilations !== undefined,
    };
  });

/** Dilated convolutions in one kernel with their bias, as those of layers are. */
const FUSED: Operation[] = (['valid', 'same'] as const).flatMap((pad) => {
  const windows: Windows = { size: [3, 2], strides: [1, 1], dilations: [2, 3], pad };
  const what = describeWindows(windows);
  const options = { strides: 1, pad, dilations: [2, 3] as [number, number] };
  return [
    {
      what: `fused.conv2d ${what}`,
      shapes: [SEEN, [3, 2, 2, 3], [3]],
      run: (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor) => tf.fused.conv2d({ x, filter, bias, ...options }),
      loops: convolution(SEEN, 3, windows),
      forwardOnly: true,
    },
    {
      what: `fused.depthwiseConv2d ${what}`,
      shapes: [SEEN, [3, 2, 2, 2], [4]],
      run: (x: tf.Tensor4D, filter: tf.Tensor4D, bias: tf.Tensor) =>
        tf.fused.depthwiseConv2d({ x, filter, bias, ...options }),
      loops: depthwiseConvolution(SEEN, 2, windows),
      forwardOnly: true,
    },
  ];
});

const DILATIONS: Operation[] = [
  { size: [2, 2], strides: [1, 1], dilations: [1, 1] },
  { size: [3, 2], strides: [2, 1], dilations: [1, 1] },
  { size: [2, 2], strides: [1, 1], dilations: [2, 3] },
]
  .flatMap((each) => ['valid' as const, 'same' as const].map((pad) => ({ ...each, pad })))
  .map((windows: Windows) => {
    const { size, strides, dilations, pad } = windows;
    return {
      what: `dilation2d ${describeWindows(windows)}`,
      shapes: [SEEN, [...size, 2]],
      apart: true,
      run: (x: tf.Tensor4D, filter: tf.Tensor3D) =>
        tf.dilation2d(x, filter, strides as never, pad as never, dilations as never),
      loops: morphologicalDilation(SEEN, windows),
      forwardOnly: true,
    };
  });

const EINSUMS: Operation[] = (
  [
    ['ij,jk->ik', [3, 4], [4, 2]],
    ['bij,bkj->bik', [2, 3, 4], [2, 5, 4]],
    ['ij,kl->k', [3, 4], [2, 3]],
    ['aij,ja->i', [2, 3, 4], [4, 2]],
    ['ij->j', [3, 4]],
  ] as [string, ...number[][]][]
).map(([equation, ...shapes]) => ({
  what: `einsum ${equation}`,
  shapes,
  run: (...inputs: tf.Tensor[]) => tf.einsum(equation, ...inputs),
  loops: einsteinSum(equation, shapes),
}));

const ROWS = [2, 0, 2, 1, 2];

/** x_c (bias + alpha sum of x_d^2 over |d - c| <= radius)^-beta along the last of [2, 3, 2, 5]. */
const NORMALISED = { shape: [2, 3, 2, 5], radius: 1, bias: 1.2, alpha: 0.7, beta: 0.6 };

function localResponse(x: Float64Array): Float64Array {
  const { radius, bias, alpha, beta } = NORMALISED;
  const channels = NORMALISED.shape[3]!;
  return x.map((value, at) => {
    const first = at - (at % channels);
    let squares = 0;
    for (let other = first; other < first + channels; other++) {
      if (Math.abs(other - at) <= radius) squares += x[other]! ** 2;
    }
    return value * (bias + alpha * squares) ** -beta;
  });
}

const OTHERS: Operation[] = [
  {
    what: 'localResponseNormalization',
    shapes: [NORMALISED.shape],
    run: (x: tf.Tensor4D) => {
      const { radius, bias, alpha, beta } = NORMALISED;
      return tf.localResponseNormalization(x, radius, bias, alpha, beta);
    },
    loops: (x) => localResponse(x!),
  },
  {
    what: 'gather with a row three times',
    shapes: [[4, 3]],
    run: (x: tf.Tensor2D) => tf.gather(x, tf.tensor1d(ROWS, 'int32')),
    loops: (x) => Float64Array.from({ length: 15 }, (_, at) => x![ROWS[Math.floor(at / 3)]! * 3 + (at % 3)]!),
  },
  ...[
    [false, false],
    [true, false],
    [false, true],
    [true, true],
  ].map(([transposeA, transposeB]): Operation => {
    const shapes = [transposeA ? [2, 4, 3] : [2, 3, 4], transposeB ? [2, 5, 4] : [2, 4, 5], [5]];
    const sum = einsteinSum(`b${transposeA ? 'ji' : 'ij'},b${transposeB ? 'kj' : 'jk'}->bik`, shapes);
    return {
      what: `fused.matMul ${transposeA ? 'A^T' : 'A'} ${transposeB ? 'B^T' : 'B'} + bias`,
      shapes,
      run: (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) =>
        tf.fused.matMul({ a, b, bias, transposeA: transposeA!, transposeB: transposeB! }),
      loops: (a, b, bias) => sum(a!, b!).map((value, at) => value + bias![at % 5]!),
    };
  }),
  // TensorFlow.js has none where one side is a single matrix for the other's stack.
  ...[
    ['bij,jk->bik', [2, 3, 4], [4, 5], {}],
    ['ij,bkj->bik', [3, 4], [2, 5, 4], { transposeB: true }],
    ['bji,jk->bik', [2, 4, 3], [4, 5], { transposeA: true }],
  ].map((entry): Operation => {
    const [equation, left, right, transposed] = entry as [string, number[], number[], object];
    const sum = einsteinSum(equation, [left, right]);
    return {
      what: `fused.matMul ${equation} + bias, broadcast`,
      shapes: [left, right, [5]],
      run: (a: tf.Tensor, b: tf.Tensor, bias: tf.Tensor) => tf.fused.matMul({ a, b, bias, ...transposed }),
      loops: (a, b, bias) => sum(a!, b!).map((value, at) => value + bias![at % 5]!),
    };
  }),
];

const OPERATIONS: Operation[] = [
  ...PLANAR_POOLING,
  ...SOLID_POOLING,
  ...DILATED_POOLING,
  ...RESIZING,
  ...PLANAR_CONVOLVING,
  ...SOLID_CONVOLVING,
  ...FUSED,
  ...DILATIONS,
  ...EINSUMS,
  ...OTHERS,
];

/** Evenly spaced between -1.2 and 0.6, in mixed order. */
function spread(count: number): Float64Array {
  // A prime that divides no size here: all multiples are different.
  return Float64Array.from({ length: count }, (_, i) => -1.2 + (1.8 * ((i * 367) % count)) / count);
}

/** The inputs of an operation, rounded to float32, one after the other. */
function pointOf({ shapes, apart }: Operation): Float64Array {
  const next = uniforms(7);
  return Float64Array.from(
    shapes.flatMap((shape, i) =>
      apart && i === 0 ? [...spread(sizeOf(shape))] : Array.from({ length: sizeOf(shape) }, next),
    ),
    Math.fround,
  );
}

function splitUp({ shapes }: Operation, point: Float64Array): Float64Array[] {
  let offset = 0;
  return shapes.map((shape) => {
    offset += sizeOf(shape);
    return point.subarray(offset - sizeOf(shape), offset);
  });
}

/** Weights of the outputs, all different. */
const weightsOf = (count: number): Float64Array =>
  Float64Array.from({ length: count }, (_, i) => Math.fround(1 + 0.5 * Math.sin(1.7 * i)));

/** The loss of the outputs: its slope by y is never zero and depends on y. */
const LOSS = {
  /** sum of w (y + y^3) */
  loops: (y: Float64Array): number => {
    const weights = weightsOf(y.length);
    return y.reduce((sum, value, i) => sum + weights[i]! * (value + value ** 3), 0);
  },
  run: (y: tf.Tensor, weights: tf.Tensor): tf.Tensor =>
    tf.sum(tf.mul(weights, tf.reshape(tf.add(y, tf.mul(y, tf.square(y))), [-1]))),
};

/** What is right, by central differences in float64, whose own error is below 1e-6 relative. */
class Exact {
  readonly outputs: number;
  readonly loss: number;
  readonly gradient: Float64Array;
  readonly direction: Float64Array;
  readonly #lossAt: (i: number, step: number, along: number) => number;
  #product: Float64Array | undefined;

  constructor(operation: Operation) {
    const point = pointOf(operation);
    const outputsAt = (at: Float64Array): Float64Array => operation.loops(...splitUp(operation, at));
    this.outputs = outputsAt(point).length;
    this.loss = LOSS.loops(outputsAt(point));
    this.direction = point.map(uniforms(11));
    this.#lossAt = (i, step, along) => {
      const moved = point.map((value, j) => value + along * this.direction[j]!);
      moved[i]! += step;
      return LOSS.loops(outputsAt(moved));
    };
    const h = 1e-4;
    this.gradient = point.map((_, i) => (this.#lossAt(i, h, 0) - this.#lossAt(i, -h, 0)) / (2 * h));
  }

  /** Hessian times direction. */
  get product(): Float64Array {
    const h = 5e-4;
    const slope = (i: number, along: number): number => this.#lossAt(i, h, along) - this.#lossAt(i, -h, along);
    this.#product ??= this.direction.map((_, i) => (slope(i, h) - slope(i, -h)) / (4 * h ** 2));
    return this.#product;
  }
}

const known = new Map<Operation, Exact>();

/** Computed once for all backends. */
function exactOf(operation: Operation): Exact {
  const exact = known.get(operation) ?? new Exact(operation);
  known.set(operation, exact);
  return exact;
}

/** Largest difference of two entries, relative to the largest entry. */
function worst(found: ArrayLike<number>, expected: Float64Array): number {
  expect(found).toHaveLength(expected.length);
  const scale = Math.max(...expected.map(Math.abs));
  return Math.max(...expected.map((value, i) => Math.abs(found[i]! - value))) / scale;
}

/** The operation's loss as a problem at its point. */
function problemOf(operation: Operation) {
  const inputs = splitUp(operation, pointOf(operation));
  const parameters = operation.shapes.map((shape, i) =>
    tf.tidy(() => tf.variable(tf.tensor(Float32Array.from(inputs[i]!), [...shape]))),
  );
  const batch = [tf.ones([1]), tf.tensor1d(Float32Array.from(weightsOf(exactOf(operation).outputs)))];
  const problem = { model: () => operation.run(...(parameters as never[])), loss: LOSS.run, parameters, data: [batch] };
  return { problem: problem as never, dispose: () => tf.dispose([...parameters, ...batch]) };
}

const TABLE = OPERATIONS.map((operation) => [operation.what, operation] as const);

describe.each(['cpu', 'wasm'] as const)('loss and gradient on backend %s', (backend) => {
  beforeAll(() => useBackend(backend));
  afterAll(() => expect(tf.memory().numTensors).toBe(0));

  test.each(TABLE)('%s', async (_, operation) => {
    const exact = exactOf(operation);
    const { problem, dispose } = problemOf(operation);
    const found = await gradient(problem);
    expect(Math.abs(found.loss - exact.loss)).toBeLessThan(1e-5 * Math.max(1, Math.abs(exact.loss)));
    expect(worst(found.gradient, exact.gradient)).toBeLessThan(1e-5);
    dispose();
  });
});

describe.each(['forward', 'reverse'] as const)('Hessian products, mode %s', (mode) => {
  beforeAll(() => useBackend('wasm'));
  afterAll(() => expect(tf.memory().numTensors).toBe(0));

  test.each(TABLE.filter(([, { forwardOnly }]) => mode === 'forward' || !forwardOnly))('%s', async (_, operation) => {
    const { direction, product } = exactOf(operation);
    const { problem, dispose } = problemOf(operation);
    const H = hessian({ ...(problem as object), mode, check: false } as never);
    const X = { rows: direction.length, cols: 1, data: Float32Array.from(direction) };
    expect(worst((await H.matmat(X)).data, product)).toBeLessThan(2e-5);
    H.dispose();
    await Promise.resolve();
    dispose();
  });
});
