/**
 * Training by Newton-CG: each step solves (H + damping) p = -gradient by conjugate gradients on exact Hessian products, goes
 * along directions of negative curvature where it meets them, and is compared with gradient descent with momentum at equal
 * cost: a Hessian product counts as two gradients. The lead comes late: after 30 steps both are about equal.
 *
 *     node dist/examples/newton-cg.js
 *     node dist/examples/newton-cg.js --hidden 64 --samples 2000 --steps 80      full size: 4,417 parameters
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { newtonSteps } from './support/newton.ts';

const { values: flags } = parseArgs({
  options: {
    hidden: { type: 'string', default: '12' },
    samples: { type: 'string', default: '300' },
    steps: { type: 'string', default: '60' },
  },
});
const [hidden, samples, steps] = [Number(flags.hidden), Number(flags.samples), Number(flags.steps)];

await useBackend('wasm');

// a smooth function of two variables, and a network 2 - hidden - hidden - 1 that starts near the saddle at zero weights
const x = tf.randomUniform<tf.Rank.R2>([samples, 2], -1, 1, 'float32', 1);
const y = tf.tidy(() => {
  const [a, b] = tf.split(x, 2, 1);
  return tf.add(tf.sin(tf.mul(4, a!)), tf.mul(tf.cos(tf.mul(3, b!)), a!));
});
const shapes = [[2, hidden], [hidden], [hidden, hidden], [hidden], [hidden, 1], [1]];
const start = shapes.map((shape, i) => tf.randomNormal(shape, 0, shape.length === 2 ? 0.3 : 0, 'float32', 10 + i));
const weights = start.map((tensor) => tf.variable(tensor));
const sizes = weights.map(({ size }) => size);

const matMul = (a: tf.Tensor, b: tf.Tensor): tf.Tensor => tf.matMul(a as tf.Tensor2D, b as tf.Tensor2D);
const model = (input: tf.Tensor): tf.Tensor => {
  const [W1, b1, W2, b2, W3, b3] = weights as unknown as tf.Tensor[];
  const first = tf.tanh(tf.add(matMul(input, W1!), b1!));
  const second = tf.tanh(tf.add(matMul(first, W2!), b2!));
  return tf.add(matMul(second, W3!), b3!);
};
const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.meanSquaredError(labels, outputs);
const lossNow = (): number => tf.tidy(() => loss(model(x), y).dataSync()[0]!);

const training = newtonSteps({
  hessianAt: () => hessian({ model, loss, parameters: weights, data: [[x, y]], check: false }),
  loss: lossNow,
  variables: weights,
  tolerance: 0,
  maxSteps: steps,
  policy: {
    // roughly far from a minimum, where the quadratic model is good for little
    solve: (gradientNorm) => ({ tol: Math.min(0.3, Math.sqrt(gradientNorm)), maxIterations: 60 }),
    bend: (solution, downhill) => {
      const size = Math.max(0.3, Math.sqrt(solution.reduce((sum, value) => sum + value * value, 0)));
      return solution.map((value, i) => value + size * downhill[i]!);
    },
    tries: 8,
    decrease: 1e-4,
    nextShift: ({ shift, isAccepted, tries }) =>
      isAccepted && tries === 1 ? Math.max(1e-7, shift / 3) : Math.min(10, shift * 3),
  },
});

let [taken, cost, bends, current] = [0, 0, 0, lossNow()];
console.log(`${sizes.reduce((sum, size) => sum + size, 0)} parameters, ${samples} samples, loss ${current.toFixed(5)}`);
console.log('step        loss   |gradient|   damping    cost');
for await (const { lossAfter, gradientNorm, products, tries, nextShift, isBent } of training) {
  taken++;
  current = lossAfter;
  // a gradient counts one, a Hessian product two, the loss alone a half
  cost += 1 + 2 * products + 0.5 * tries;
  if (isBent) bends++;
  if (taken % 5 === 0 || taken === 1) {
    console.log(
      `${String(taken).padStart(4)} ${current.toExponential(4).padStart(11)} ${gradientNorm.toExponential(2).padStart(12)} ` +
        `${nextShift.toExponential(1).padStart(9)} ${cost.toFixed(0).padStart(7)}`,
    );
  }
}
console.log(`negative curvature met in ${bends} of ${steps} steps`);

/** Full-batch gradient descent with momentum for the same cost, from the same start. */
function descend(rate: number): number {
  for (const [i, variable] of weights.entries()) variable.assign(start[i]!);
  const optimizer = tf.train.momentum(rate, 0.9);
  for (let spent = 0; spent < cost; spent++) optimizer.minimize(() => loss(model(x), y));
  optimizer.dispose();
  return lossNow();
}

const rates = [0.03, 0.1, 0.3];
const descended = rates.map(descend);
const best = Math.min(...descended.filter(Number.isFinite));
console.log(`loss at a cost of ${cost.toFixed(0)} gradients`);
console.log(`  Newton-CG          ${current.toExponential(3)}`);
console.log(`  gradient descent   ${best.toExponential(3)}  (momentum 0.9, best of rates ${rates.join(', ')})`);
console.log(`  ratio              ${(best / current).toFixed(1)}`);
