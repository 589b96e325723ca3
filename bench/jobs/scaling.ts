/** seigh of diag(1/j) plus rank 20 for growing n and k, float32: a cheap operator, so what is seen is the algebra. */
import { parseArgs } from 'node:util';
import { diagonalOperator, lowRankOperator, seigh, sum } from 'eigensketch';
import { zeros } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';

const { values: flags, positionals } = parseArgs({
  options: { kernels: { type: 'string', default: 'auto' } },
  allowPositionals: true,
});
const metrics: Record<string, number> = {};
let provider = '';
for (const sizes of positionals) {
  const [n, k] = sizes.split(':').map(Number) as [number, number];
  const U = zeros(n, 20, 'float32');
  fillRandom(U, 'gaussian', { seed: 1, purpose: 'start' }, 0);
  for (let i = 0; i < U.data.length; i++) U.data[i]! /= Math.sqrt(n);
  const A = sum([
    diagonalOperator(Float32Array.from({ length: n }, (_, i) => 1 / (i + 1))),
    lowRankOperator(U, new Float32Array(20).fill(1)),
  ]);
  const started = performance.now();
  const result = await seigh(A, k, { seed: 1, kernels: flags.kernels as 'auto' });
  metrics[`n ${n}, k ${k}`] = (performance.now() - started) / 1000;
  provider = result.kernels;
}
metrics.peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ metrics, info: { kernels: provider } }));
