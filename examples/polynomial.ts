/** L(x, y) = 2 x^3 y^3 at (1, 1): its Hessian, its eigenvalues 30 and -6, and a Taylor expansion that needs both. */
import * as tf from '@tensorflow/tfjs';
import { seigh } from 'eigensketch';
import { hessianOf, useBackend } from 'eigensketch/tfjs';

await useBackend('wasm');
const L = (p: tf.Tensor): tf.Scalar => tf.mul(2, tf.prod(tf.pow(p, 3))) as tf.Scalar;
const H = hessianOf(L, tf.tensor1d([1, 1]));

const { data } = await H.matmat({ rows: 2, cols: 2, data: Float32Array.of(1, 0, 0, 1) });
console.log(`Hessian      [[${data[0]}, ${data[1]}], [${data[2]}, ${data[3]}]]`);

const { eigenvalues } = await seigh(H, 2, { seed: 1 });
console.log(`eigenvalues  ${Array.from(eigenvalues, (value) => value.toFixed(4)).join(', ')}`);

// L(p + s d) = L + s g.d + s^2/2 d.H d + O(s^3): halving s divides the remainder by 8
const gradient = await H.gradient();
const direction = [0.6, -0.8];
const Hd = (await H.matmat({ rows: 2, cols: 1, data: Float32Array.from(direction) })).data;
const dot = (a: ArrayLike<number>): number => a[0]! * direction[0]! + a[1]! * direction[1]!;
const exact = (s: number): number => 2 * (1 + s * direction[0]!) ** 3 * (1 + s * direction[1]!) ** 3;
const remainder = (s: number): number => exact(s) - (2 + s * dot(gradient) + ((s * s) / 2) * dot(Hd));
const order = Math.log2(remainder(0.02) / remainder(0.01));
console.log(`Taylor       the remainder is of order ${order.toFixed(2)} in the step`);
H.dispose();
