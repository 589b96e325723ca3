/**
 * The dense algebra of the work of reference, verb by verb, beside what the provider reaches on one large product: how
 * far each verb is from the machine's ceiling. Prints a lap of seconds and GFLOP/s.
 */
import { parseArgs } from 'node:util';
import { type Block, type Matrix, zeros } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import { sketchRows } from '../../src/linalg/kernels/row-sketch.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { sweep } from '../../src/multivector/sweep.ts';
import { columnNorms, gram, subtractTimes, times } from '../../src/multivector/verbs.ts';

const { values: flags } = parseArgs({ options: { kernels: { type: 'string', default: 'auto' } } });
const kernels = await selectKernels(flags.kernels as 'auto');
const context = { kernels };
const [n, k] = [39760, 1910];

function gaussian(rows: number, cols: number, dtype: 'float32' | 'float64', seed: number): Block {
  const block = zeros(rows, cols, dtype);
  fillRandom(block, 'gaussian', { seed, purpose: 'start' }, 0);
  return block;
}

const metrics: Record<string, number> = {};

/** Best of `repeats`: seconds, and the rate for an operation count. */
async function clock(name: string, flops: number, repeats: number, work: () => Promise<unknown>): Promise<void> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    await work();
    least = Math.min(least, (performance.now() - started) / 1000);
  }
  metrics[name] = least;
  metrics[`${name}, GFLOP/s`] = flops / least / 1e9;
}

const square = gaussian(2048, 2048, 'float64', 1) as Matrix;
const narrow = gaussian(2048, 2048, 'float32', 2);
const product = zeros(2048, 2048, 'float32');
await clock('ceiling float64', 2 * 2048 ** 3, 3, () => kernels.gemm(square, square));
await clock('ceiling float32', 2 * 2048 ** 3, 3, () => kernels.times(narrow, square, product));

const space = hostSpace(n, 'float32');
const Y = await multivectorOf(gaussian(n, k, 'float32', 3), 'float32');
const Z = await multivectorOf(gaussian(n, k, 'float32', 4), 'float32');
const out = await space.allocate(k);
const C = gaussian(k, k, 'float64', 5) as Matrix;
const sketch = () => sketchRows(n, k, (add) => sweep('sketch', [Y], {}, async ([y], _, start) => add(y!, start)));
await clock('sketch of the rows', 8 * n * k, 2, sketch);
await clock('gram Y^T Y', n * k * k, 2, () => gram(Y, Y, context));
await clock('product Y T, T triangular, float64', n * k * k, 2, () => times(Y, C, out, context, { wide: true }));
await clock('core Q^T Z, one triangle', n * k * k, 2, () => gram(Y, Z, context, { symmetric: true }));
await clock('rotation Q U', 2 * n * k * k, 2, () => times(Y, C, out, context));
await clock('column norms', 2 * n * k, 2, () => columnNorms(Z, context));
// what a certificate of 30 tests asks of the eigenvectors
const columns = (cols: number) => multivectorOf(gaussian(n, cols, 'float32', 7), 'float32');
const [tests, beside, all, images] = [await columns(30), await columns(31), await columns(81), await columns(51)];
const [away, combined] = [gaussian(k, 30, 'float64', 8) as Matrix, gaussian(k, 51, 'float64', 8) as Matrix];
await clock('V C, 51 columns', 2 * n * k * 51, 2, () => times(Y, combined, images, context));
await clock('V^T X, 81 columns', 2 * n * k * 81, 2, () => gram(Y, all, context));
await clock('V^T X, 31 columns', 2 * n * k * 31, 2, () => gram(Y, beside, context));
await clock('X - V C, 30 columns', 2 * n * k * 30, 2, () => subtractTimes(tests, Y, away, context));
const core = gaussian(k, k, 'float64', 6) as Matrix;
await clock('core eigendecomposition', 9 * k ** 3, 1, () => kernels.eigh(core));
console.log(JSON.stringify({ metrics, info: { kernels: kernels.name } }));
