/**
 * XOR with two softmax units, 9 parameters: small enough to see the whole Hessian and to check everything against it.
 * Products, a randomised SVD with and without Krylov, conjugate gradients that meet negative curvature, and training by
 * Newton's method.
 *
 *     node dist/examples/xor.js [--out DIR]
 */
import * as tf from '@tensorflow/tfjs';
import { cg, nystromPreconditioner, seigh, ssvd } from 'eigensketch';
import { matrixSvg } from 'eigensketch/report';
import { hessian, useBackend } from 'eigensketch/tfjs';
import { eigenvaluesOf, wholeMatrix } from './support/exact.ts';
import { type NewtonStep, newtonSteps } from './support/newton.ts';
import { notebookFlags, saveFigure } from './support/notebook.ts';

await useBackend('cpu');
const { out } = notebookFlags();
const x = tf.tensor2d([0, 0, 0, 1, 1, 0, 1, 1], [4, 2]);
const y = tf.tensor2d([0, 1, 1, 0], [4, 1]);
const initializer = (seed: number) => tf.initializers.randomNormal({ stddev: 1.5, seed });
const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 2, activation: 'softmax', inputShape: [2], kernelInitializer: initializer(1) }),
    tf.layers.dense({ units: 1, kernelInitializer: initializer(2) }),
  ],
});
const loss = (outputs: tf.Tensor, labels: tf.Tensor): tf.Scalar => tf.losses.meanSquaredError(labels, outputs);
const hessianAt = () => hessian({ model, loss, data: [[x, y]] });
const NAMES = ['W11', 'W12', 'W21', 'W22', 'b1', 'b2', 'v1', 'v2', 'c'];
const n = NAMES.length;

/** One character for each entry: how large it is against the largest, with its sign. */
function draw(matrix: Float64Array): string {
  const largest = Math.max(...matrix.map(Math.abs));
  const cell = (value: number): string => {
    const share = Math.abs(value) / largest;
    const shade = ' ░▒▓█'[Math.ceil(4 * Math.min(1, share - 0.01))] ?? ' ';
    return `${value < 0 && shade !== ' ' ? '-' : ' '}${shade.repeat(2)}`;
  };
  const row = (i: number) => Array.from({ length: n }, (_, j) => cell(matrix[i * n + j]!)).join(' ');
  const header = `     ${NAMES.map((name) => name.padStart(3)).join(' ')}`;
  return [header, ...NAMES.map((name, i) => `${name.padStart(4)} ${row(i)}`)].join('\n');
}

async function show(title: string): Promise<Float64Array> {
  const H = hessianAt();
  const matrix = await wholeMatrix(H);
  console.log(`${title}: loss ${(await H.loss()).toFixed(6)}, ${n} parameters`);
  H.dispose();
  console.log(draw(matrix));
  const listed = eigenvaluesOf(matrix).map((value) => (Math.abs(value) < 5e-4 ? '0' : value.toFixed(3)));
  console.log(`eigenvalues ${listed.join(', ')}\n`);
  return matrix;
}

// 4 of the 9 are zero: the softmax sees only differences of its inputs (3), and its outputs add up to one (1: v and c)
const matrix = await show('before training');
const H = hessianAt();

const vector = Float32Array.from({ length: n }, (_, i) => Math.sin(1 + i));
const { data: product } = await H.matmat({ rows: n, cols: 1, data: vector });
const expected = vector.map((_, i) => vector.reduce((sum, value, j) => sum + matrix[i * n + j]! * value, 0));
const difference = Math.hypot(...expected.map((value, i) => value - product[i]!)) / Math.hypot(...expected);
console.log(`a product with a vector against the matrix: relative difference ${difference.toExponential(1)}\n`);

const singular = eigenvaluesOf(matrix).map(Math.abs);
// the Krylov space of one vector is whole after as many products as there are different eigenvalues: five, and zero
const estimates: [string, ArrayLike<number>][] = [
  ['exact', singular],
  ['ssvd, 3 columns', (await ssvd(H, 3, { seed: 3 })).singularValues],
  ['ssvd, 3 columns, 2 power iterations', (await ssvd(H, 3, { seed: 3, powerIterations: 2 })).singularValues],
  ['Krylov, 6 products', (await seigh(H, 6, { seed: 1, method: 'krylov', blockSize: 1 })).eigenvalues.map(Math.abs)],
];
console.log('the three largest singular values');
for (const [name, values] of estimates) {
  const shown = [0, 1, 2].map((i) => values[i]!.toFixed(6)).join('  ');
  const error = Math.max(...[0, 1, 2].map((i) => Math.abs(values[i]! - singular[i]!))) / singular[0]!;
  console.log(`  ${name.padEnd(36)} ${shown}   error ${error.toExponential(1)}`);
}

// the Hessian is indefinite, so H p = -g has no minimum behind it: conjugate gradients find out and say along what
const preconditioner = nystromPreconditioner(await seigh(H, 2, { seed: 1 }), { shift: 0.1 });
const downhill = (await H.gradient()).map((value) => -value);
const { status, iterations, negativeCurvature } = await cg(H, downhill, { preconditioner });
console.log(`\npreconditioned CG: ${status} after ${iterations} iterations`);
if (negativeCurvature) {
  const { direction: d, curvature } = negativeCurvature;
  const form = d.reduce((sum, di, i) => sum + di * d.reduce((row, dj, j) => row + matrix[i * n + j]! * dj, 0), 0);
  console.log(`curvature ${curvature.toFixed(4)} along d; from the matrix d.Hd = ${form.toFixed(4)}`);
}
H.dispose();
await saveFigure(
  out,
  'xor',
  matrixSvg({ title: 'Hessian of the XOR network before training', rows: n, cols: n, data: matrix }),
);

const start = model.getWeights().map((weight) => weight.clone());
const training = newtonSteps({
  hessianAt,
  loss: () => tf.tidy(() => loss(model.predict(x) as tf.Tensor, y).dataSync()[0]!),
  variables: model.trainableWeights.map((weight) => weight.read() as tf.Variable),
  preconditioner: async (point, shift) => nystromPreconditioner(await seigh(point, 3, { seed: 1 }), { shift }),
  // along negative curvature by a length of one; a step that does not help is not tried again, but damped
  policy: {
    solve: () => ({}),
    bend: (_, downhill) => downhill,
    tries: 1,
    decrease: 0,
    nextShift: ({ shift, isBent, isAccepted }) => (isAccepted && !isBent ? Math.max(shift / 3, 1e-6) : shift * 3),
  },
  tolerance: 1e-5,
  maxSteps: 40,
});
const steps: NewtonStep[] = [];
for await (const step of training) steps.push(step);
const kindOf = ({ isBent, isAccepted }: NewtonStep): string =>
  !isAccepted ? 'refused' : isBent ? 'negative curvature' : 'newton';
const ways = (kind: string): number => steps.filter((step) => kindOf(step) === kind).length;
console.log(
  `\nNewton-CG: ${steps.length} steps, ${ways('negative curvature')} along negative curvature, ${ways('refused')} refused`,
);
console.log('  step  loss      |gradient|  damping  products');
for (const [i, step] of steps.entries()) {
  const { loss: value, gradientNorm, shift, products } = step;
  const numbers = [value.toFixed(6), gradientNorm.toExponential(1).padStart(10), shift.toExponential(1), products];
  console.log(`  ${String(i + 1).padStart(4)}  ${numbers.join('  ')}  ${kindOf(step)}`);
}
// a function of one monotone unit fits 0, 2/3, 2/3, 2/3 at best (isotonic regression): a loss of 1/6, never reached
await show('after training by Newton-CG');

model.setWeights(start);
model.compile({ optimizer: tf.train.adam(0.1), loss: 'meanSquaredError' });
await model.fit(x, y, { epochs: 300, verbose: 0, shuffle: false });
await show('after training by Adam');
