/** Seconds of the dense algebra under every result, by provider. Prints a lap. */
import { parseArgs } from 'node:util';
import { type Matrix, zeroMatrix, zeros } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';

const { values: flags } = parseArgs({
  options: { kernels: { type: 'string', default: 'auto' }, product: { type: 'boolean', default: false } },
});
const kernels = await selectKernels(flags.kernels as 'auto');

function gaussian(rows: number, cols: number, dtype: 'float32' | 'float64', seed: number) {
  const block = zeros(rows, cols, dtype);
  fillRandom(block, 'gaussian', { seed, purpose: 'start' }, 0);
  return block;
}

async function best(work: () => Promise<unknown>, repeats: number): Promise<number> {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 0; i < repeats; i++) {
    const started = performance.now();
    await work();
    least = Math.min(least, (performance.now() - started) / 1000);
  }
  return least;
}

const metrics: Record<string, number> = {};
if (!flags.product) {
  if (kernels.name !== 'js') {
    const Y = await multivectorOf(gaussian(39760, 2000, 'float32', 1), 'float32');
    const work = () => orthonormalise(Y, hostSpace(39760, 'float32'), { kernels });
    metrics['orthonormalise 39760 x 2000 float32'] = await best(work, 1);
  }
  for (const k of kernels.name === 'js' ? [256, 512] : [256, 512, 1024, 2000]) {
    const A = gaussian(k, k, 'float64', 2) as Matrix;
    for (let i = 0; i < k; i++) for (let j = 0; j < i; j++) A.data[i * k + j] = A.data[j * k + i]!;
    metrics[`eigh ${k}`] = await best(() => kernels.eigh(A), k < 1000 ? 3 : 1);
  }
}
const A = gaussian(1024, 1024, 'float64', 3) as Matrix;
await kernels.gemm(zeroMatrix(8, 8), zeroMatrix(8, 8));
metrics['product 1024 float64'] = await best(() => kernels.gemm(A, A), 5);
console.log(JSON.stringify({ metrics, info: { kernels: kernels.name } }));
