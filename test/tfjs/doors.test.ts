/** The door of every function of eigensketch/tfjs: what is wrong is refused before anything runs, and named once. */
import * as tf from '@tensorflow/tfjs-core';
import type { LinearOperator } from '../../src/index.ts';
import * as api from '../../src/tfjs/index.ts';
import { checkRefusals } from '../laws/linop.ts';
import { relativeError } from '../support/dense.ts';
import { expectRefusal, failureOf } from '../support/doors.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

const FLAGS = [null, 'x', 3, {}, 0];
const NAMES = [null, 3, 'no such name', {}, ''];
const MEMORY = [null, 'much', -1, 0, Number.NaN, '3 XB', {}];
const FUNCTIONS = [null, 'x', 3, {}];

let W: tf.Variable;
let x: tf.Tensor2D;
let y: tf.Tensor1D;
let fewX: tf.Tensor2D;
let fewY: tf.Tensor1D;
let point: tf.Tensor1D;
/** How often the model, the loss and the data were asked for anything. */
let touched = 0;

beforeAll(async () => {
  await api.useBackend('cpu');
  W = tf.variable(tf.tensor2d([1, 2], [2, 1]), true, 'W');
  x = tf.tensor2d([1, 0, 0, 1, 1, 1], [3, 2]);
  y = tf.tensor1d([1, 2, 3]);
  fewX = tf.tensor2d([1, 0, 0, 1], [2, 2]);
  fewY = tf.tensor1d([1, 2]);
  point = tf.tensor1d([1, 2]);
});

const model = (input: tf.Tensor): tf.Tensor => {
  touched++;
  return tf.squeeze(tf.matMul(input as tf.Tensor2D, W as tf.Tensor2D), [1]);
};
const loss = (outputs: tf.Tensor, target: tf.Tensor): tf.Tensor => {
  touched++;
  return tf.losses.meanSquaredError(target, outputs);
};
function* batches() {
  touched++;
  yield [x, y];
}

const MODEL = {
  model: [
    undefined,
    null,
    3,
    'x',
    {},
    [],
    { apply: () => 0, trainableWeights: [null] },
    { predict: () => 0, weights: null },
    { predict: () => 0, weights: { W: 3 } },
  ],
  parameters: [
    undefined,
    null,
    3,
    'x',
    {},
    [],
    [null],
    [undefined],
    [3],
    [{ read: () => null }],
    { trainableWeights: null },
    /W/,
    () => true,
  ],
  output: [null, 3, '', {}, [], 'y'],
  data: [undefined, null, 3, 'x', {}, [], [null], [3], [[1]], [[1, 2, 3]], new Float32Array(3)],
};
const PROBLEM = { ...MODEL, loss: [undefined, ...FUNCTIONS], reduction: NAMES, regularizers: FLAGS };
const KEEPING = { cache: FLAGS, memory: MEMORY };

const modelOptions = () => ({ model, parameters: [W], data: batches });
const problemOptions = () => ({ ...modelOptions(), loss });

interface Door {
  call: (options: never) => unknown;
  /** Options that are right. */
  right: () => object;
  /** Bad values by option. */
  wrong: Record<string, readonly unknown[]>;
}

const DOORS: Record<string, Door> = {
  hessian: {
    call: (options) => api.hessian(options),
    right: problemOptions,
    wrong: { ...PROBLEM, ...KEEPING, check: FLAGS, mode: NAMES },
  },
  ggn: {
    call: (options) => api.ggn(options),
    right: problemOptions,
    wrong: { ...PROBLEM, ...KEEPING, check: FLAGS, convex: FLAGS },
  },
  gradient: { call: (options) => api.gradient(options), right: problemOptions, wrong: PROBLEM },
  jacobian: { call: (options) => api.jacobian(options), right: modelOptions, wrong: { ...MODEL, ...KEEPING } },
  hessianOf: {
    call: (options) => api.hessianOf(tf.square as never, tf.scalar(1), options),
    right: () => ({}),
    wrong: { mode: NAMES },
  },
  useBackend: {
    call: (options) => api.useBackend('webgpu', options),
    right: () => ({}),
    wrong: { requireHardware: FLAGS, adapter: [null, 3, '', {}] },
  },
};

describe.each(Object.entries(DOORS))('%s', (name, { call, right, wrong }) => {
  const refused = async (options: unknown): Promise<Error> => {
    const before = [touched, tf.memory().numTensors, tf.getBackend()];
    const failure = await failureOf(() => call(options as never));
    expectRefusal(failure, name);
    // a scalar is what a call of hessianOf is given
    const given = name === 'hessianOf' ? 1 : 0;
    expect([touched, tf.memory().numTensors - given, tf.getBackend()]).toEqual(before);
    return failure;
  };

  const cases = Object.entries(wrong).flatMap(([option, values]) => values.map((value) => ({ option, value })));
  test.each(cases)('refuses $option: $value before anything runs', async ({ option, value }) => {
    expect((await refused({ ...right(), [option]: value })).message).toContain(option);
  });

  test.each([[null], [3], ['x'], [[]]])('refuses options that are %p', async (value) => {
    await refused(value);
  });

  test('names the option that an unknown one most likely is', async () => {
    for (const option of Object.keys(wrong)) {
      const misspelt = `${option}s`;
      expect((await refused({ ...right(), [misspelt]: 1 })).message).toContain(
        `unknown option '${misspelt}'; did you mean '${option}'?`,
      );
    }
  });
});

test.each<[string, () => unknown, string]>([
  ['hessian', () => api.hessian(undefined as never), 'model must be'],
  ['jacobian', () => api.jacobian({ ...problemOptions() } as never), "unknown option 'loss'"],
  ['hessianOf', () => api.hessianOf(3 as never, tf.scalar(1)), 'f must be a function of tensors, got 3'],
  ...[undefined, null, 3, 'x', [], [null], [1, 2]].map((x0): [string, () => unknown, string] => [
    'hessianOf',
    () => api.hessianOf(tf.square as never, x0 as never),
    'x0 must be a float32 tensor or an array of them',
  ]),
  ['hessianOf', () => api.hessianOf(tf.square as never, tf.tensor1d([1, 2], 'int32')), 'x0 must be a float32 tensor'],
  ...[undefined, null, 3, '', 'Cpu', {}].map((backend): [string, () => unknown, string] => [
    'useBackend',
    () => api.useBackend(backend as never),
    "name must be one of 'cpu', 'wasm', 'webgpu', 'tensorflow'",
  ]),
  ['useBackend', () => api.useBackend('cpu', { requireHardware: true }), 'never uses a GPU'],
  ['useBackend', () => api.useBackend('wasm', { adapter: 'any' }), "adapter belongs to 'webgpu'"],
  ...[undefined, null, 3, ''].flatMap((path): [string, () => unknown, string][] => [
    ['readMnist', () => api.readMnist(path as never, 'labels'), 'imagesFile must be'],
    ['readMnist', () => api.readMnist('images', path as never), 'labelsFile must be'],
    ['readCifar10', () => api.readCifar10(path as never), 'files must be'],
    ['readCifar10', () => api.readCifar10(['a', path as never]), 'files[1] must be'],
  ]),
  ['readCifar10', () => api.readCifar10([]), 'files must be'],
])('%s refuses what it cannot use: %s', async (name, call, message) => {
  const failure = await failureOf(call);
  expectRefusal(failure, name);
  expect(failure.message).toContain(message);
});

describe('imageBatches', () => {
  const images = { shape: [2, 1, 2, 1], pixels: new Uint8Array(4), labels: new Uint8Array(2), classes: 3 };
  test.each<[object, unknown, string]>([
    [{ shape: null }, 1, 'images.shape must be'],
    [{ shape: [2, 2, 1] }, 1, 'images.shape must be'],
    [{ shape: [2, -1, 2, 1] }, 1, 'images.shape must be'],
    [{ pixels: [1, 2, 3, 4] }, 1, 'images.pixels must be'],
    [{ pixels: new Uint8Array(5) }, 1, 'have 4 pixels and 2 labels, got 5 and 2'],
    [{ labels: null }, 1, 'images.labels must be'],
    [{ labels: new Uint8Array(3) }, 1, 'have 4 pixels and 2 labels, got 4 and 3'],
    [{ labels: new Uint8Array([0, 3]) }, 1, 'images.labels must be in 0..2, got 3 for image 1'],
    [{ classes: 0 }, 1, 'images.classes must be'],
    ...[undefined, null, 0, -1, 1.5, '2', Number.NaN].map((size): [object, unknown, string] => [
      {},
      size,
      'batchSize must be',
    ]),
  ])('refuses %p with %p', async (change, size, message) => {
    const failure = await failureOf(() => api.imageBatches({ ...images, ...change } as never, size as never));
    expectRefusal(failure, 'imageBatches');
    expect(failure.message).toContain(message);
  });

  test.each([null, undefined, 3, []])('refuses %p for images', async (value) => {
    expectRefusal(await failureOf(() => api.imageBatches(value as never, 1)), 'imageBatches');
  });
});

type Disposable = LinearOperator & { dispose(): void; apply(x: unknown): Promise<Float32Array> };

const data = () => [
  [x, y],
  [fewX, fewY],
];

/** Every kind of operator, and whether its batches are kept. */
const OPERATORS: [string, (cache: boolean) => Promise<Disposable>][] = [
  ['hessian', async (cache) => api.hessian({ ...problemOptions(), data, cache } as never) as never],
  ['ggn', async (cache) => api.ggn({ ...problemOptions(), data, cache } as never) as never],
  ['jacobian', async (cache) => (await api.jacobian({ ...modelOptions(), data, cache } as never)) as never],
  [
    'hessianOf',
    async () => api.hessianOf(((v: tf.Tensor) => tf.sum(tf.mul(v, tf.square(v)))) as never, point) as never,
  ],
];

/** A block of random signs for a side of the operator. */
const blockFor = (rows: number) => ({
  rows,
  cols: 2,
  data: Float32Array.from({ length: 2 * rows }, (_, i) => (i % 3 === 0 ? -1 : 1)),
});

describe.each(OPERATORS)('%s as an operator', (name, make) => {
  test('multiplies blocks, and single vectors by apply; anything else is refused', async () => {
    const op = await make(true);
    const [, n] = op.shape;
    const more = 'action' in op ? [op.action as (X: unknown) => unknown] : [];
    await checkRefusals(op, name, ...more);
    const { data: column } = blockFor(n);
    const product = await op.matmat({ rows: n, cols: 1, data: column.slice(0, n) });
    expect(await op.apply(column.slice(0, n))).toEqual(product.data);
    op.dispose();
  });

  test.each([true, false])(
    'disposed during a product it gives that product, and then all memory back (cache: %p)',
    async (cache) => {
      const reference = await make(cache);
      const [m, n] = reference.shape;
      const X = blockFor(n);
      const expected = (await reference.matmat(X)).data;
      reference.dispose();
      const { numTensors } = tf.memory();
      for (const recorded of [false, true]) {
        const op = await make(cache);
        if (recorded) await op.matmat(X);
        const products = [op.matmat(X), op.adjointMatmat ? op.adjointMatmat(blockFor(m)) : op.matmat(X)];
        op.dispose();
        const [product] = await Promise.all(products);
        expect(relativeError(product!.data, expected)).toBeLessThan(1e-6);
        expect(tf.memory().numTensors).toBe(numTensors);
      }
    },
  );

  test('a disposed one says so, whatever it is asked for', async () => {
    const op = await make(true);
    const [m, n] = op.shape;
    await op.matmat(blockFor(n));
    op.dispose();
    op.dispose();
    const uses: (() => unknown)[] = [() => op.matmat(blockFor(n)), () => op.apply(new Float32Array(n))];
    if (op.adjointMatmat) uses.push(() => op.adjointMatmat!(blockFor(m)));
    if (op.matmatByBatch) uses.push(() => op.matmatByBatch!(blockFor(n), () => {}));
    for (const method of ['loss', 'gradient'] as const) {
      if (method in op) uses.push(() => (op as never as Record<string, () => unknown>)[method]!());
    }
    if ('action' in op) uses.push(() => (op.action as (X: unknown) => unknown)(blockFor(n)));
    for (const use of uses) {
      const failure = await failureOf(use);
      expectRefusal(failure, name);
      expect(failure.message).toBe(`${name}: the operator is disposed; make a new one`);
    }
  });
});

test('an operator that a visitor disposes shows all its batches, then gives its memory back', async () => {
  const X = blockFor(2);
  const { numTensors } = tf.memory();
  const H = api.hessian({
    ...problemOptions(),
    data: [
      [x, y],
      [x, y],
    ],
  } as never);
  const seen: number[] = [];
  await H.matmatByBatch(X, ({ index }) => {
    seen.push(index);
    H.dispose();
  });
  expect(seen).toEqual([0, 1]);
  expect(tf.memory().numTensors).toBe(numTensors);
});

test('a parameter that was disposed is named', async () => {
  const gone = tf.variable(tf.ones([2, 1]), true, 'gone');
  const linear = (input: tf.Tensor) => tf.squeeze(tf.matMul(input as tf.Tensor2D, gone as tf.Tensor2D), [1]);
  const [before, after] = [0, 1].map(() =>
    api.hessian({ ...problemOptions(), model: linear, parameters: [gone] } as never),
  );
  await after!.matmat(blockFor(2));
  gone.dispose();
  for (const H of [before!, after!]) {
    await expect(H.matmat(blockFor(2))).rejects.toThrow("hessian: parameter 'gone' was disposed");
    H.dispose();
  }
});

test('numbers that do not have the shape that is said of them are a ShapeError', async () => {
  const wrong = { data: new Float32Array(5), shape: [3, 2] };
  const H = api.hessian({ ...problemOptions(), data: [[wrong, y]] } as never);
  await expect(H.loss()).rejects.toThrow('hessian: x of batch 0: an array of 5 numbers does not have the shape [3, 2]');
});

test('webgl is refused by name, with the reason', async () => {
  await expect(api.useBackend('webgl' as never)).rejects.toMatchObject({
    code: 'UNSUPPORTED',
    message: expect.stringMatching(/^useBackend: backend 'webgl' is refused: its textures may hold half precision/),
  });
});
