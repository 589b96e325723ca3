/** Losses by name, as members of tf.losses and tf.metrics, and of compiled models: the right way round. */
import { layers, losses, model as makeModel, metrics, sequential } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, ShapeError } from '../../src/core/errors.ts';
import { gradient, hessian, type LossName, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

type Loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.Tensor;

const SAMPLES = 6;
const CLASSES = 3;
let W: tf.Variable;
let x: tf.Tensor2D;
let rows: tf.Tensor;
let signs: tf.Tensor;
let classes: tf.Tensor;

beforeAll(async () => {
  await useBackend('cpu');
  W = tf.variable(tf.randomNormal([2, CLASSES], 0, 1, 'float32', 3));
  x = tf.randomNormal([SAMPLES, 2], 0, 1, 'float32', 4);
  classes = tf.tensor1d([0, 2, 1, 2, 0, 1], 'int32');
  rows = tf.cast(tf.oneHot(classes, CLASSES), 'float32');
  signs = tf.cast(tf.randomUniform([SAMPLES, CLASSES], 0, 2, 'int32', 5), 'float32');
});

const linear = (input: tf.Tensor2D) => tf.matMul(input, W as tf.Tensor2D);
/** Outputs between 0 and 1, as logarithms of them need. */
const bounded = (input: tf.Tensor2D) => tf.sigmoid(linear(input));

const per = (values: tf.Tensor, axis?: number) => tf.sum(values, axis);
const logits: Loss = (o, y) => tf.div(tf.sub(per(tf.logSumExp(o, 1)), per(tf.mul(o, y))), SAMPLES);
const cells = (values: tf.Tensor) => tf.div(tf.sum(values), SAMPLES * CLASSES);
const unit = (v: tf.Tensor) => tf.div(v, tf.sqrt(tf.sum(tf.square(v), 1, true)));

/** Each name, the formula it stands for, the model and the y for it. */
const FORMULAS: Record<LossName, [Loss, typeof linear, () => tf.Tensor]> = {
  softmaxCrossEntropy: [logits, linear, () => rows],
  sigmoidCrossEntropy: [(o, y) => cells(tf.sub(tf.softplus(o), tf.mul(o, y))), linear, () => signs],
  meanSquaredError: [(o, y) => cells(tf.square(tf.sub(o, y))), linear, () => signs],
  absoluteDifference: [(o, y) => cells(tf.abs(tf.sub(o, y))), (v) => tf.square(linear(v)), () => signs],
  huberLoss: [
    (o, y) => {
      const e = tf.abs(tf.sub(o, y));
      return cells(tf.where(tf.lessEqual(e, 1), tf.div(tf.square(e), 2), tf.sub(e, 0.5)));
    },
    linear,
    () => signs,
  ],
  logLoss: [
    (o, y) =>
      cells(
        tf.neg(tf.add(tf.mul(y, tf.log(tf.add(o, 1e-7))), tf.mul(tf.sub(1, y), tf.log(tf.add(tf.sub(1, o), 1e-7))))),
      ),
    bounded,
    () => signs,
  ],
  hingeLoss: [
    (o, y) => cells(tf.relu(tf.sub(1, tf.mul(tf.sub(tf.mul(y, 2), 1), o)))),
    (v) => tf.square(linear(v)),
    () => signs,
  ],
  cosineDistance: [
    (o, y) => tf.div(tf.sum(tf.sub(1, tf.sum(tf.mul(o, y), 1))), SAMPLES),
    (v) => unit(linear(v)) as tf.Tensor2D,
    () => rows,
  ],
};

async function expectSame(loss: unknown, formula: Loss, model: typeof linear, y: tf.Tensor): Promise<void> {
  const given = { model, parameters: [W], data: [[x, y]] };
  const [found, right] = [
    await gradient({ ...given, loss } as never),
    await gradient({ ...given, loss: formula } as never),
  ];
  expect(found.loss).toBeCloseTo(right.loss, 5);
  expect(relativeError(found.gradient, right.gradient)).toBeLessThan(1e-5);
  const [H, same] = [hessian({ ...given, loss } as never), hessian({ ...given, loss: formula } as never)];
  const size = W.size;
  expect(relativeError(await toDense(H, size), await toDense(same, size))).toBeLessThan(1e-5);
  H.dispose();
  same.dispose();
}

describe.each(Object.entries(FORMULAS))('%s', (name, [formula, model, y]) => {
  test('by name', () => expectSame(name, formula, model, y()));
  test('as the member of tf.losses', () =>
    expectSame(losses[name as Exclude<LossName, 'softmaxCrossEntropy'>], formula, model, y()));
});

test('softmaxCrossEntropy takes classes as well as rows with a one', async () => {
  await expectSame('softmaxCrossEntropy', (o) => logits(o, rows), linear, classes);
});

test('members of tf.metrics, and functions with parameters named as Keras does', async () => {
  const crossEntropy: Loss = (o, y) => {
    const p = tf.div(o, tf.sum(o, 1, true));
    return tf.div(tf.neg(tf.sum(tf.mul(y, tf.log(p)))), SAMPLES);
  };
  await expectSame(metrics.categoricalCrossentropy, crossEntropy, bounded, rows);
  const relative: Loss = (o, y) => cells(tf.mul(100, tf.abs(tf.div(tf.sub(o, y), y))));
  await expectSame(
    metrics.meanAbsolutePercentageError,
    relative,
    (v) => tf.square(linear(v)),
    tf.add(signs, 1) as tf.Tensor,
  );
  await expectSame(
    (yTrue: tf.Tensor, yPred: tf.Tensor) => tf.mul(tf.square(yPred), yTrue),
    (o, y) => cells(tf.mul(tf.square(o), y)),
    linear,
    signs,
  );
});

describe('a compiled model', () => {
  const input = () => layers.input({ shape: [2] });
  const options = { optimizer: 'sgd' } as const;

  test('brings its own loss', async () => {
    const model = sequential({ layers: [layers.dense({ units: CLASSES, inputShape: [2], activation: 'softmax' })] });
    model.compile({ ...options, loss: 'categoricalCrossentropy' });
    const formula: Loss = (o, y) => tf.div(tf.neg(tf.sum(tf.mul(y, tf.log(o)))), SAMPLES);
    const data = [[x, rows]] as const;
    const [own, right] = [await gradient({ model, data }), await gradient({ model, data, loss: formula })];
    expect(relativeError(own.gradient, right.gradient)).toBeLessThan(1e-5);
    const logs = model.evaluate(x, rows) as tf.Scalar;
    expect(own.loss).toBeCloseTo(logs.dataSync()[0]!, 5);
  });

  test('with several outputs adds the losses of all, in whatever order y names them', async () => {
    const start = input();
    const [a, b] = [layers.dense({ units: CLASSES, name: 'a' }), layers.dense({ units: CLASSES, name: 'b' })];
    const model = makeModel({ inputs: start, outputs: [a.apply(start), b.apply(start)] as never });
    model.compile({ ...options, loss: { a: 'meanSquaredError', b: losses.softmaxCrossEntropy } as never });
    const right: Loss = (o, y) => {
      const [[oa, ob], [ya, yb]] = [o, y] as never as tf.Tensor[][] as [tf.Tensor[], tf.Tensor[]];
      return tf.add(cells(tf.square(tf.sub(oa!, ya!))), logits(ob!, yb!));
    };
    const expected = await gradient({ model, loss: right as never, data: [[x, [signs, rows]]] });
    for (const y of [[signs, rows], { b: rows, a: signs }]) {
      const found = await gradient({ model, data: [[x, y]] });
      expect(found.loss).toBeCloseTo(expected.loss, 5);
      expect(relativeError(found.gradient, expected.gradient)).toBeLessThan(1e-5);
    }
    await expect(gradient({ model, data: [[x, { a: signs }]] })).rejects.toThrow(
      "gradient: y must have a tensor for each of the model's outputs a, b",
    );
    await expect(gradient({ model, loss: 'meanSquaredError', data: [[x, rows]] })).rejects.toThrow(
      'gradient: a named loss compares one tensor with one, and the model has 2; pass a function',
    );
  });

  test('is needed where loss is left out', () => {
    const model = sequential({ layers: [layers.dense({ units: 1, inputShape: [2] })] });
    expect(() => hessian({ model, data: [[x, rows]] })).toThrow(
      /^hessian: loss must be a function .* or one of 'softmaxCrossEntropy'.*only a compiled tf.LayersModel brings its own; got undefined$/,
    );
  });
});

test('y of another shape than a named loss compares with is refused with both shapes', async () => {
  const refusal = (loss: LossName, y: tf.Tensor) =>
    gradient({ model: linear, parameters: [W], loss, data: [[x, y]] as never }).catch((error: Error) => error);
  for (const [loss, y, message] of [
    [
      'meanSquaredError',
      classes,
      /^gradient: loss 'meanSquaredError' compares outputs \[6, 3\] with y of the same shape, got y \[6\]/,
    ],
    [
      'softmaxCrossEntropy',
      tf.ones([6, 4]),
      /outputs \[6, 3\] with y of the same shape or classes \[6\], got y \[6, 4\]; mend/,
    ],
    ['softmaxCrossEntropy', tf.ones([6, 1]), /, got y \[6, 1\]/],
  ] as const) {
    const failure = await refusal(loss, y);
    expect(failure).toBeInstanceOf(ShapeError);
    expect((failure as Error).message).toMatch(message);
  }
});

test('what is wrong is refused at once', () => {
  const given = { model: linear, parameters: [W], data: [[x, rows]] };
  const refused = (loss: unknown) => expect(() => hessian({ ...given, loss } as never));
  refused('softmaxCrossEntrpy').toThrow(
    /^hessian: loss must be .* got 'softmaxCrossEntrpy'; did you mean 'softmaxCross/,
  );
  refused((labels: tf.Tensor, outputs: tf.Tensor) => losses.softmaxCrossEntropy(labels, outputs)).toThrow(
    new ArgumentError(
      'hessian: loss is called as loss(outputs, y), and its parameters are (labels, outputs); swap them, or call them ' +
        '(yTrue, yPred) for a function that takes labels first, as those of tf.metrics do',
    ),
  );
  refused(losses.computeWeightedLoss).toThrow('hessian: loss: tf.losses.computeWeightedLoss does not compare');
});
