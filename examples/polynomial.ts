/**
 * L(x, y) = 2 x^3 y^3 at (1, 1), where everything is known: loss, gradient and Hessian from one call, the eigenvalues 30 and
 * -6, a Taylor expansion to third order, and power iteration to 30.
 *
 *     node dist/examples/polynomial.js [--out DIR]
 */
import * as tf from '@tensorflow/tfjs';
import { seigh } from 'eigensketch';
import { plotSvg } from 'eigensketch/report';
import { hessianOf, useBackend } from 'eigensketch/tfjs';
import { notebookFlags, saveFigure } from './support/notebook.ts';

await useBackend('wasm');
const { out } = notebookFlags();
const L = (x: tf.Tensor, y: tf.Tensor): tf.Scalar => tf.mul(2, tf.mul(tf.pow(x, 3), tf.pow(y, 3))) as tf.Scalar;
const point = [tf.scalar(1), tf.scalar(1)];
const H = hessianOf(L, point);

// one call: the loss, its gradient and the product with a block of directions, here the identity
const { loss, gradient, product } = await H.action({ rows: 2, cols: 2, data: Float32Array.of(1, 0, 0, 1) });
console.log(`loss         ${loss}`);
console.log(`gradient     [${gradient.join(', ')}]`);
console.log(`Hessian      [[${product.data.slice(0, 2).join(', ')}], [${product.data.slice(2).join(', ')}]]`);

const { eigenvalues } = await seigh(H, 2, { seed: 1 });
console.log(`eigenvalues  ${Array.from(eigenvalues, (value) => value.toFixed(4)).join(', ')}`);

// L(p + s d) = L + s g.d + s^2/2 d.Hd + s^3/6 D3L[d,d,d] + O(s^4).
// The slope d.grad L is a function of (x, y) like any other; d . (its Hessian d) is the third derivative along d.
const d = Float32Array.of(0.6, -0.8);
const slope = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => {
  const [gx, gy] = tf.grads(L)([x, y]) as [tf.Tensor, tf.Tensor];
  return tf.add(tf.mul(d[0]!, gx), tf.mul(d[1]!, gy));
};
const T = hessianOf(slope, point);
const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => a[0]! * b[0]! + a[1]! * b[1]!;
const second = dot((await H.matmat({ rows: 2, cols: 1, data: d })).data, d);
const third = dot((await T.matmat({ rows: 2, cols: 1, data: d })).data, d);
console.log(
  `along d      first ${dot(gradient, d).toFixed(4)}, second ${second.toFixed(4)}, third ${third.toFixed(4)}`,
);

const exact = (s: number): number => 2 * (1 + s * d[0]!) ** 3 * (1 + s * d[1]!) ** 3;
const terms = [loss, dot(gradient, d), second / 2, third / 6];
const remainder = (s: number, order: number): number =>
  Math.abs(exact(s) - terms.slice(0, order + 1).reduce((sum, term, power) => sum + term * s ** power, 0));
const steps = [0.2, 0.1, 0.05];
console.log('Taylor       order, remainder at steps 0.2, 0.1, 0.05, and the power of the step that it goes with');
for (const order of [1, 2, 3]) {
  const remainders = steps.map((s) => remainder(s, order));
  const power = Math.log2(remainders[1]! / remainders[2]!);
  console.log(`  ${order}  ${remainders.map((value) => value.toExponential(2)).join('  ')}  ${power.toFixed(2)}`);
}

// power iteration: the error of the Rayleigh quotient falls by (6 / 30)^2 at each product
console.log('power iteration');
const quotients: number[] = [];
let v = Float32Array.of(1, 0);
for (let iteration = 0; iteration <= 6; iteration++) {
  const Hv = (await H.matmat({ rows: 2, cols: 1, data: v })).data;
  quotients.push(dot(v, Hv));
  console.log(`  ${iteration}  ${quotients.at(-1)!.toFixed(6)}`);
  const length = Math.hypot(...Hv);
  v = Float32Array.from(Hv, (value) => value / length);
}
const errors = quotients.map((quotient) => Math.abs(30 - quotient));
await saveFigure(
  out,
  'polynomial',
  plotSvg({
    title: 'Power iteration on the Hessian of 2 x³ y³',
    subtitle: 'the error falls by (6/30)² = 0.04 at each product, down to float32 rounding',
    xTitle: 'products',
    yTitle: 'error of the Rayleigh quotient',
    yScale: 'log',
    series: [{ name: 'error', x: errors.map((_, i) => i), y: errors, mark: 'points' }],
  }),
);
H.dispose();
T.dispose();
