/** Eigenvalues of a stored symmetric matrix from a sketch, next to the exact ones. */
import { apost, denseOperator, seigh } from 'eigensketch';

// the Hilbert matrix 1 / (i + j + 1): symmetric, positive definite, of very fast decay
const n = 100;
const hilbert = Array.from({ length: n }, (_, i) => Array.from({ length: n }, (_, j) => 1 / (i + j + 1)));
const A = denseOperator(hilbert);

const sketch = await seigh(A, 12, { seed: 1 });
const cert = await apost(A, sketch, { tests: 10, confidence: 0.99 });

console.log('eigenvalue of the 100 x 100 Hilbert matrix, with its error bar');
for (const { estimate, upper } of cert.eigenvalueIntervals!.slice(0, 6)) {
  console.log(`  ${estimate.toFixed(12)} ± ${(upper - estimate).toExponential(1)}`);
}
console.log(`relative error at most ${cert.relativeError.upper.toExponential(1)} with probability ${cert.confidence}`);
