/**
 * seigh of diag(1/j) plus rank 20 for growing n and k, float32: a cheap operator, so what is seen is the algebra. `N:K:plain` is the
 * diagonal alone. A small job before them loads and compiles what they use.
 */
import { parseArgs } from 'node:util';
import { diagonalOperator, type LinearOperator, lowRankOperator, seigh, sum } from 'eigensketch';
import { zeros } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';

const { values: flags, positionals } = parseArgs({
  options: { kernels: { type: 'string', default: 'auto' } },
  allowPositionals: true,
});
const metrics: Record<string, number> = {};
let provider = '';

function makeOperator(n: number, isPlain: boolean): LinearOperator {
  const diagonal = diagonalOperator(Float32Array.from({ length: n }, (_, i) => 1 / (i + 1)));
  if (isPlain) return diagonal;
  const U = zeros(n, 20, 'float32');
  fillRandom(U, 'gaussian', { seed: 1, purpose: 'start' }, 0);
  for (let i = 0; i < U.data.length; i++) U.data[i]! /= Math.sqrt(n);
  return sum([diagonal, lowRankOperator(U, new Float32Array(20).fill(1))]);
}

for (const [lap, sizes] of ['5000:50', ...positionals].entries()) {
  const [n, k, kind] = sizes.split(':') as [string, string, string?];
  const A = makeOperator(Number(n), kind === 'plain');
  const started = performance.now();
  const result = await seigh(A, Number(k), { seed: 1, kernels: flags.kernels as 'auto' });
  const seconds = (performance.now() - started) / 1000;
  if (lap > 0) metrics[`n ${n}, k ${k}${kind === 'plain' ? ', diagonal' : ''}`] = seconds;
  provider = result.kernels;
}
metrics.peakBytes = process.resourceUsage().maxRSS * 1024;
console.log(JSON.stringify({ metrics, info: { kernels: provider } }));
