/**
 * Products that `seigh(A, { tol })` needs, by krylov, by krylov in wide blocks, and by hmt: prints the table of docs/eigsh.md.
 *
 *     npm run build && node dist/bench/adaptive.js
 */
import { type AdaptiveOptions, diagonalOperator, seigh } from '../src/index.ts';

const N = 4000;
const sign = (i: number): number => (i % 2 ? -1 : 1);
const power = (i: number): number => (i % 3 === 2 ? -1 : 1) / (i + 1);
const geometric = (i: number): number => sign(i) * (0.98 ** i + 1e-3);
const CASES: readonly [spectrum: string, value: (i: number) => number, tol: number][] = [
  ['±1/j', power, 0.1],
  ['±1/j', power, 0.05],
  ['±(0.98^j + 10⁻³)', geometric, 0.05],
  ['±(0.98^j + 10⁻³)', geometric, 0.02],
  ['j^-0.75', (i) => (i + 1) ** -0.75, 0.3],
];
const WAYS: readonly Partial<AdaptiveOptions>[] = [
  { method: 'krylov' },
  { method: 'krylov', blockSize: 64 },
  { method: 'hmt' },
];

console.log('| spectrum, `tol` | `krylov` (default) | `blockSize: 64` | `hmt` |');
console.log('| --- | --- | --- | --- |');
for (const [spectrum, value, tol] of CASES) {
  const A = diagonalOperator(Float64Array.from({ length: N }, (_, i) => value(i)));
  const cells: string[] = [];
  for (const way of WAYS) {
    const result = await seigh(A, { ...way, tol, confidence: 0.95, maxDims: 1500, seed: 1 });
    cells.push(`${result.numMatvecs}${result.converged ? '' : ' (not reached)'}`);
  }
  console.log(`| ${[`${spectrum}, ${tol}`, ...cells].join(' | ')} |`);
}
