/**
 * The Hessian of a 784-50-10 network, 39,760 parameters, from 2000 random products to a relative error of 4e-6: its whole
 * spectrum, and a fragment of it as an image. Its exact eigenvalues are known (test/reference/mlp784.h5).
 *
 *     node dist/examples/mlp784.js            300 columns
 *     node dist/examples/mlp784.js --full     2000 columns, 2.4 GB
 */
import { apost, type LinearOperator, seigh } from 'eigensketch';
import { analysisOf, figureSvg, matrixSvg } from 'eigensketch/report';
import { hessian784, loadNetwork784 } from '../bench/support/network784.ts';
import { progressReporter } from '../src/cli/progress.ts';
import { notebookFlags, saveFigure, secondsSince } from './support/notebook.ts';

const { full, out } = notebookFlags();
const network = await loadNetwork784();
const H = hessian784(network);
const n = H.numParameters;
const onProgress = progressReporter(process.stderr);

const started = performance.now();
const sketch = await seigh(H, full ? 2000 : 300, { testMatrix: 'rademacher', seed: 1, onProgress });
const certificate = await apost(H, sketch, { tests: 30, confidence: 0.99, seed: 2, onProgress });
const seconds = secondsSince(started);
const { estimate, lower, upper } = certificate.relativeError;

// for Rayleigh-Ritz |A - V W V'|^2 = |A|^2 - |W|^2, and |A|^2 is the sum of the exact squares
const squares = (values: Float64Array): number => values.reduce((sum, value) => sum + value * value, 0);
const exact = network.eigenvalues;
const missing = 1 - squares(sketch.eigenvalues) / squares(exact);
const best = Math.sqrt(squares(exact.subarray(sketch.rank)) / squares(exact));

console.log(`network         784-50-10, ${n} parameters`);
console.log(`sketch          ${sketch.dims} Rademacher columns, rank ${sketch.rank}, kernels ${sketch.kernels}`);
console.log(`products        ${sketch.numMatvecs} + ${certificate.numMatvecs}, ${seconds.toFixed(1)} s in all`);
console.log(
  `relative error  ${estimate.toExponential(2)}, each end of [${lower.toExponential(2)}, ${upper.toExponential(2)}] at 99 %`,
);
// below 1e-3 the difference of squares is rounding
if (missing > 1e-6) console.log(`exactly         ${Math.sqrt(missing).toExponential(2)}`);
console.log(`best of rank ${sketch.rank}: ${best.toExponential(2)}`);
console.log('     i   eigenvalue ± bound                     exactly');
for (const i of [0, 1, 2, 3, 9, 29, 99]) {
  const bound = certificate.eigenvalueIntervals![i]!.upper - sketch.eigenvalues[i]!;
  const value = `${sketch.eigenvalues[i]!.toFixed(9).padStart(13)} ± ${bound.toExponential(1)}`;
  console.log(`  ${String(i + 1).padStart(4)}  ${value}   ${exact[i]!.toFixed(9).padStart(24)}`);
}

/** A square fragment of the matrix on the diagonal, by products with columns of the identity. */
async function fragment(op: LinearOperator, first: number, size: number): Promise<Float64Array> {
  const X = { rows: n, cols: size, data: new Float32Array(n * size) };
  for (let j = 0; j < size; j++) X.data[(first + j) * size + j] = 1;
  const { data } = await op.matmat(X);
  return Float64Array.from(data.subarray(first * size, (first + size) * size));
}

// the last weights of the first layer, its 50 biases, and the first weights of the second
const [first, size] = [784 * 50 - 10, 100];
const piece = await fragment(H, first, size);
const approximate = await fragment(sketch, first, size);
const difference = Math.hypot(...piece.map((value, at) => value - approximate[at]!)) / Math.hypot(...piece);
console.log(`fragment        ${size} x ${size}, the sketch differs by ${difference.toExponential(1)} of its norm`);
H.dispose();

const operator = 'the 784-50-10 network';
await saveFigure(out, 'mlp784-spectrum', figureSvg(analysisOf({ operator, result: sketch, certificate }), 'spectrum'));
await saveFigure(
  out,
  'mlp784-fragment',
  matrixSvg({
    title: 'log |H|, a fragment',
    subtitle: 'last weights and biases of layer 1, first weights of layer 2',
    rows: size,
    cols: size,
    data: piece,
    scale: 'log',
  }),
);
