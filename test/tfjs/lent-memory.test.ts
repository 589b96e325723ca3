/** Curvature operators and Jacobians write their products to memory of any content. */
import * as tf from '@tensorflow/tfjs-core';
import type { LinearOperator } from '../../src/index.ts';
import { ggn, hessian, hessianOf, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { lentMemoryLaw } from '../laws/lent-memory.ts';
import { afterAll, beforeAll, describe } from '../support/jest.ts';

const wave = (count: number): Float32Array => Float32Array.from({ length: count }, (_, i) => Math.sin(1 + 2.7 * i));

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  let parameters: tf.Variable[];
  let data: [tf.Tensor, tf.Tensor][];

  beforeAll(async () => {
    await useBackend(backend);
    // The loss does not depend on the second one: its rows of a product are zero.
    const shapes = [
      [3, 4],
      [2, 2],
      [4, 2],
    ];
    parameters = shapes.map((shape) => tf.variable(tf.tensor(wave(shape[0]! * shape[1]!), shape)));
    data = [4, 3].map((samples) => [
      tf.tensor(wave(3 * samples), [samples, 3]),
      tf.tensor(wave(2 * samples), [samples, 2]),
    ]);
  });
  afterAll(() => {
    for (const each of [...parameters, ...data.flat()]) each.dispose();
  });

  const problem = () => ({
    model: (x: tf.Tensor) =>
      tf.matMul(tf.tanh(tf.matMul(x as tf.Tensor2D, parameters[0] as tf.Tensor2D)), parameters[2] as tf.Tensor2D),
    loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.meanSquaredError(y, outputs),
    parameters,
    data,
    check: false,
  });
  const cubes = (x: tf.Tensor, _: tf.Tensor): tf.Tensor => tf.sum(tf.mul(x, tf.square(x)));

  const OPERATORS: [string, boolean, () => Promise<LinearOperator & { dispose(): void }>][] = [
    ['hessian', true, async () => hessian(problem())],
    ["hessian, mode: 'reverse'", true, async () => hessian({ ...problem(), mode: 'reverse' })],
    ['hessian, recorded anew', true, async () => hessian({ ...problem(), cache: false })],
    ['hessian, few columns at a time', true, async () => hessian({ ...problem(), memory: 2000 })],
    ['ggn', true, async () => ggn(problem())],
    ['ggn, few columns at a time', true, async () => ggn({ ...problem(), memory: 2000 })],
    ['hessianOf', true, async () => hessianOf(cubes, [tf.tensor(wave(5)), tf.tensor(wave(3))])],
    [
      'jacobian',
      false,
      async () => {
        const { model } = problem();
        return jacobian({ model, parameters, data });
      },
    ],
  ];

  describe.each(OPERATORS)('%s', (_, takes, make) => {
    let operator: ReturnType<typeof make> | undefined;
    const once = () => {
      operator ??= make();
      return operator;
    };
    afterAll(async () => (await operator)?.dispose());
    lentMemoryLaw(once, { takes });
  });
});
