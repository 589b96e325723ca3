/**
 * Operations that TensorFlow.js cannot differentiate, or differentiates wrongly, against the same functions written with
 * constant matrices: gradient, Hessian both ways, Gauss-Newton matrix, Jacobian and its adjoint.
 */
import * as tf from '@tensorflow/tfjs-core';
import { ggn, gradient, hessian, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

type Operation = (...parameters: tf.Tensor[]) => tf.Tensor;

interface Pair {
  readonly shapes: number[][];
  readonly operation: Operation;
  readonly byHand: Operation;
}

/** A 0-1 matrix whose row i takes entry `picked[i]` of n. */
const picking = (picked: readonly number[], n: number): tf.Tensor2D =>
  tf.tensor2d(
    picked.flatMap((at) => Array.from({ length: n }, (_, j) => Number(j === at))),
    [picked.length, n],
  );

/** Entries of x, flattened, by their places. */
const pick = (x: tf.Tensor, picked: readonly number[], shape: number[]): tf.Tensor =>
  tf.reshape(tf.matMul(picking(picked, x.size), tf.reshape(x, [x.size, 1])), shape);

const STATISTICS = { mean: [0.1, -0.2], variance: [0.5, 1.5] };

/** Normalised with given mean and variance, channels last. */
const normalised = (x: tf.Tensor, scale?: tf.Tensor, offset?: tf.Tensor): tf.Tensor => {
  const centred = tf.sub(x, STATISTICS.mean);
  const divided = tf.div(
    centred,
    STATISTICS.variance.map((value) => Math.sqrt(value + 0.001)),
  );
  const scaled = scale ? tf.mul(divided, scale) : divided;
  return offset ? tf.add(scaled, offset) : scaled;
};

const norm = (x: tf.Tensor, offset?: tf.Tensor, scale?: tf.Tensor): tf.Tensor =>
  tf.batchNorm(
    x,
    tf.tensor1d(STATISTICS.mean),
    tf.tensor1d(STATISTICS.variance),
    offset as never,
    scale as never,
    0.001,
  );

const TIED = [
  [0, 0, -1],
  [-2, -1, -1],
];

/** Moves as x does, and has these values where x is as `waves` makes it. */
const level = (x: tf.Tensor, phase: number, values: readonly number[]): tf.Tensor =>
  tf.add(
    tf.sub(
      x,
      values.map((_, i) => Math.sin(1.7 * i + phase)),
    ),
    [...values],
  );

const SCORES = [0, 1, 0, 0, 2, 0, 0, 0, 0, 0];
const [SOME, OTHERS] = [
  [0, 1, 2],
  [0, 2, 1],
];

const PAIRS: Record<string, Pair> = {
  'x[:, 1]': {
    shapes: [[3, 4]],
    operation: (x) => tf.stridedSlice(x!, [0, 1], [0, 2], [1, 1], 1, 1, 0, 0, 2),
    byHand: (x) => pick(x!, [1, 5, 9], [3]),
  },
  'x[::-2, 1]': {
    shapes: [[5, 2]],
    operation: (x) => tf.stridedSlice(x!, [0, 1], [0, 2], [-2, 1], 1, 1, 0, 0, 2),
    byHand: (x) => pick(x!, [9, 5, 1], [3]),
  },
  gatherND: {
    shapes: [[3, 2]],
    operation: (x) => tf.gatherND(x!, tf.tensor2d([2, 0, 0, 1, 2, 0], [3, 2], 'int32')),
    byHand: (x) => pick(x!, [4, 1, 4], [3]),
  },
  'gather for each row': {
    shapes: [[3, 4]],
    operation: (x) => tf.gather(x!, tf.tensor1d([2, 0, 3], 'int32'), 1, 1),
    byHand: (x) => pick(x!, [2, 4, 11], [3]),
  },
  depthToSpace: {
    shapes: [[1, 1, 2, 4]],
    operation: (x) => tf.depthToSpace(x as tf.Tensor4D, 2),
    byHand: (x) => pick(x!, [0, 1, 4, 5, 2, 3, 6, 7], [1, 2, 4, 1]),
  },
  'tile of five axes': {
    shapes: [[1, 2, 1, 2, 1]],
    operation: (x) => tf.tile(x!, [2, 1, 2, 2, 1]),
    byHand: (x) => {
      const row = (i: number): number[] => [2 * i, 2 * i + 1, 2 * i, 2 * i + 1];
      return pick(x!, [0, 0, 1, 1, 0, 0, 1, 1].flatMap(row), [2, 2, 2, 4, 1]);
    },
  },
  'an axis of one, unstacked': {
    shapes: [[3, 1, 2]],
    operation: (x) => tf.unstack(x!, 1)[0]!,
    byHand: (x) => tf.reshape(x!, [3, 2]),
  },
  'split into one': { shapes: [[3, 2]], operation: (x) => tf.split(x!, 1, 1)[0]!, byHand: (x) => x! },
  // all that attain the extremum move together: TensorFlow.js counts each
  'max of equal numbers': {
    shapes: [[2]],
    operation: (x) => tf.max(tf.add(tf.reshape(x!, [2, 1]), TIED), 1),
    byHand: (x) => tf.add(x!, [0, -1]),
  },
  'min of equal numbers': {
    shapes: [[2]],
    operation: (x) => tf.min(tf.sub(tf.reshape(x!, [2, 1]), TIED), 1, true),
    byHand: (x) => tf.reshape(tf.sub(x!, [0, -1]), [2, 1]),
  },
  logSumExp: {
    shapes: [[2]],
    operation: (x) => tf.logSumExp(tf.add(tf.reshape(x!, [2, 1]), TIED), 1),
    byHand: (x) => tf.add(x!, [Math.log(2 + Math.exp(-1)), Math.log(2 * Math.exp(-1) + Math.exp(-2))]),
  },
  // the parameters are sines of 1.7 i + 0.3, as `waves` makes them: entries 4, 0 and 3, 1 are the two largest of each row
  topk: {
    shapes: [[2, 5]],
    operation: (x) => tf.topk(x!, 2).values,
    byHand: (x) => {
      const rows = [0, 1].map((row) => [0, 1, 2, 3, 4].map((i) => 5 * row + i));
      const wave = (i: number): number => Math.sin(1.7 * i + 0.3);
      return pick(
        x!,
        rows.flatMap((row) => row.sort((i, j) => wave(j) - wave(i)).slice(0, 2)),
        [2, 2],
      );
    },
  },
  // of equal ones the first, where others choose as it comes
  'topk of equal numbers': {
    shapes: [[10]],
    operation: (x) => tf.topk(level(x!, 0.3, SCORES), 5).values,
    byHand: (x) => pick(level(x!, 0.3, SCORES), [4, 1, 0, 2, 3], [5]),
  },
  // all of the gradient is the first one's
  'maximum of equal numbers': {
    shapes: [[3], [3]],
    operation: (a, b) => tf.maximum(level(a!, 0.3, SOME), level(b!, 1.3, OTHERS)),
    byHand: (a, b) => tf.add(tf.mul([1, 0, 1], level(a!, 0.3, SOME)), tf.mul([0, 1, 0], level(b!, 1.3, OTHERS))),
  },
  'minimum of equal numbers': {
    shapes: [[3], [3]],
    operation: (a, b) => tf.minimum(level(a!, 0.3, SOME), level(b!, 1.3, OTHERS)),
    byHand: (a, b) => tf.add(tf.mul([1, 1, 0], level(a!, 0.3, SOME)), tf.mul([0, 0, 1], level(b!, 1.3, OTHERS))),
  },
  'batchNorm without scale': {
    shapes: [[3, 2], [2]],
    operation: (x, offset) => norm(x!, offset),
    byHand: (x, offset) => normalised(x!, undefined, offset),
  },
  'batchNorm without offset': {
    shapes: [[3, 2], [2]],
    operation: (x, scale) => norm(x!, undefined, scale),
    byHand: (x, scale) => normalised(x!, scale),
  },
  'batchNorm without both': { shapes: [[3, 2]], operation: (x) => norm(x!), byHand: (x) => normalised(x!) },
  '[B, T, D] x [D, H]': {
    shapes: [
      [2, 3, 2],
      [2, 2],
    ],
    operation: (a, b) => tf.matMul(a!, b!),
    byHand: (a, b) => tf.reshape(tf.matMul(tf.reshape(a!, [6, 2]), b!), [2, 3, 2]),
  },
  '[D, T]^T x [B, D, H]': {
    shapes: [
      [2, 3],
      [2, 2, 2],
    ],
    operation: (a, b) => tf.matMul(a!, b!, true),
    byHand: (a, b) => tf.stack(tf.unstack(b!).map((each) => tf.matMul(tf.transpose(a!), each))),
  },
  // of constants: nothing in it moves, and it must not disturb what does
  'a fused convolution without bias': {
    shapes: [
      [2, 2],
      [2, 2, 1, 1],
    ],
    operation: (x, filter) => {
      const image = tf.reshape(x!, [1, 2, 2, 1]) as tf.Tensor4D;
      const ones = tf.ones([2, 2, 1, 1]) as tf.Tensor4D;
      const constant = tf.fused.conv2d({ x: tf.onesLike(image), filter: ones, strides: 1, pad: 'valid' });
      const moving = tf.fused.conv2d({ x: image, filter: filter as tf.Tensor4D, strides: 1, pad: 'valid' });
      return tf.reshape(tf.mul(constant, moving), [1]);
    },
    byHand: (x, filter) => tf.reshape(tf.mul(4, tf.sum(tf.mul(x!, tf.reshape(filter!, [2, 2])))), [1]),
  },
  'maximum, broadcast': {
    shapes: [
      [3, 2],
      [3, 1],
    ],
    operation: (a, b) => tf.maximum(a!, b!),
    byHand: (a, b) => tf.add(b!, tf.relu(tf.sub(a!, b!))),
  },
  'minimum, broadcast': {
    shapes: [[2], [3, 2]],
    operation: (a, b) => tf.minimum(a!, b!),
    byHand: (a, b) => tf.sub(a!, tf.relu(tf.sub(a!, b!))),
  },
  'squaredDifference, broadcast': {
    shapes: [[2], [3, 1]],
    operation: (a, b) => tf.squaredDifference(a!, b!),
    byHand: (a, b) => tf.square(tf.sub(a!, b!)),
  },
  'comparisons inside where': {
    shapes: [[5], [5]],
    operation: (x, y) => tf.where(tf.logicalAnd(tf.greater(x!, 0), tf.less(y!, 2)), tf.mul(x!, y!), tf.square(y!)),
    byHand: (x, y) => {
      const mask = [0, 1, 2, 3, 4].map((i) => Number(Math.sin(1.7 * i + 0.3) > 0));
      return tf.add(tf.mul(mask, tf.mul(x!, y!)), tf.mul(tf.sub(1, mask), tf.square(y!)));
    },
  },
  'mirrorPad, reflect': {
    shapes: [[3, 3]],
    operation: (x) =>
      tf.mirrorPad(
        x!,
        [
          [1, 2],
          [0, 1],
        ],
        'reflect',
      ),
    byHand: (x) => {
      const rows = picking([1, 0, 1, 2, 1, 0], 3);
      return tf.matMul(tf.matMul(rows, x!), picking([0, 1, 2, 1], 3), false, true);
    },
  },
  'mirrorPad, symmetric': {
    shapes: [[3]],
    operation: (x) => tf.mirrorPad(x!, [[2, 3]], 'symmetric'),
    byHand: (x) => pick(x!, [1, 0, 0, 1, 2, 2, 1, 0], [8]),
  },
  'cumsum along columns': {
    shapes: [[3, 2]],
    operation: (x) => tf.cumsum(x!, 0),
    byHand: (x) => tf.matMul(tf.tensor2d([1, 0, 0, 1, 1, 0, 1, 1, 1], [3, 3]), x!),
  },
  cumprod: {
    shapes: [[3, 2]],
    operation: (x) => tf.cumprod(x!, 0),
    byHand: (x) => {
      const [a, b, c] = tf.unstack(x!) as [tf.Tensor, tf.Tensor, tf.Tensor];
      return tf.stack([a, tf.mul(a, b), tf.mul(tf.mul(a, b), c)]);
    },
  },
  'floorDiv and casts to integers are constant': {
    shapes: [[4]],
    operation: (x) => {
      const steps = tf.add(
        tf.cast(tf.floorDiv(x!, 0.3), 'float32'),
        tf.cast(tf.cast(tf.mul(x!, 5), 'int32'), 'float32'),
      );
      return tf.mul(x!, steps);
    },
    byHand: (x) => {
      const waves = [0, 1, 2, 3].map((i) => Math.sin(1.7 * i + 0.3));
      return tf.mul(
        x!,
        waves.map((value) => Math.floor(value / 0.3) + Math.trunc(value * 5)),
      );
    },
  },
};

/** Sines, of another phase for each parameter. */
const waves = (shape: number[], phase: number): tf.Variable => {
  const size = shape.reduce((product, n) => product * n, 1);
  return tf.tidy(() =>
    tf.variable(
      tf.tensor(
        Array.from({ length: size }, (_, i) => Math.sin(1.7 * i + phase)),
        shape,
      ),
    ),
  );
};

/** Everything that is computed of a function, in one list. */
async function derivativesOf({ shapes }: Pair, operation: Operation): Promise<Record<string, number[]>> {
  const parameters = shapes.map((shape, i) => waves(shape, 0.3 + i));
  const one = tf.ones([1]);
  const model = () => operation(...parameters);
  const weights = (y: tf.Tensor) =>
    tf.tensor(
      Array.from({ length: y.size }, (_, i) => 1 + (i % 3)),
      y.shape,
    );
  // not linear at the outputs, so that each derivative takes part in the Hessian
  const loss = (y: tf.Tensor) => tf.addN([tf.sum(tf.mul(weights(y), tf.exp(y)))]);
  const problem = { model, loss, parameters, data: [[one, one]], reduction: 'sum' } as never as Parameters<
    typeof hessian
  >[0];
  const results: Record<string, number[]> = { gradient: [...(await gradient(problem)).gradient] };
  for (const mode of ['forward', 'reverse'] as const) {
    const H = hessian({ ...problem, mode });
    results[`Hessian ${mode}`] = [...(await toDense(H, 32))];
    H.dispose();
  }
  const G = ggn(problem);
  results['Gauss-Newton'] = [...(await toDense(G, 32))];
  G.dispose();
  const J = await jacobian({ model, parameters, data: [[one, one]] } as never);
  const identity = (n: number) => ({
    rows: n,
    cols: n,
    data: Float32Array.from({ length: n * n }, (_, i) => Number(i % (n + 1) === 0)),
  });
  results.Jacobian = [...(await J.matmat(identity(J.shape[1]))).data];
  results['its adjoint'] = [...(await J.adjointMatmat!(identity(J.shape[0]))).data];
  J.dispose();
  tf.dispose([...parameters, one]);
  return results;
}

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  beforeAll(async () => {
    await useBackend(backend);
  });

  test.each(Object.entries(PAIRS))('%s', async (_, pair) => {
    const expected = await derivativesOf(pair, pair.byHand);
    const found = await derivativesOf(pair, pair.operation);
    for (const [what, numbers] of Object.entries(expected)) {
      expect([what, relativeError(found[what]!, numbers) < 1e-5]).toEqual([what, true]);
    }
  });

  test('pow(x, p) at 0: derivatives of x^0, x^1, x^2 and x^3', async () => {
    const powers = [0, 1, 2, 3];
    const x = tf.tidy(() => tf.variable(tf.zeros([4])));
    const one = tf.ones([1]);
    const problem = {
      model: () => tf.pow(x, powers),
      loss: (y: tf.Tensor) => tf.sum(y),
      parameters: [x],
      data: [[one, one]],
    } as never;
    expect([...(await gradient(problem)).gradient]).toEqual([0, 1, 0, 0]);
    const H = hessian(problem);
    expect([...(await toDense(H, 4))]).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0, 0]);
    H.dispose();
    tf.dispose([x, one]);
  });
});
