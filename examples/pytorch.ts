/**
 * The Hessian of a classifier that lives in PyTorch: sketched and certified from here, and the eigenpairs that SciPy finds for it
 * certified too. Needs Python with torch and scipy (Debian: python3-torch, python3-scipy).
 *
 *     node dist/examples/pytorch.js            64-16-10, 1,210 parameters
 *     node dist/examples/pytorch.js --full     784-50-10, 39,760 parameters
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { apost, type Certificate, ritzPairs, seigh } from 'eigensketch';
import { pythonOperator, pythonServer } from 'eigensketch/remote';

const full = process.argv.includes('--full');
const file = fileURLToPath(new URL('../../examples/python/classifier.py', import.meta.url));
const python = process.env.EIGENSKETCH_PYTHON ?? 'python3';
const sizes = full ? [784, 50, 10, 100] : [64, 16, 10, 40];

const H = await pythonOperator(`${file}:make`, { python, args: sizes });
const [n] = H.shape;
console.log(`operator        ${n} parameters, ${H.backend?.replace(/ .*/, '')}`);

const interval = ({ relativeError: { estimate, lower, upper } }: Certificate): string =>
  `${estimate.toExponential(2)}, each end of [${lower.toExponential(2)}, ${upper.toExponential(2)}] at 99 %`;

const sketch = await seigh(H, full ? 400 : 200, { seed: 1 });
const certificate = await apost(H, sketch, { seed: 2 });
console.log(`sketch          ${sketch.rank} eigenpairs, ${sketch.numMatvecs} + ${certificate.numMatvecs} products`);
console.log(`relative error  ${interval(certificate)}`);

// ten eigenpairs that were computed in Python: nothing of them is taken on trust
const folder = await mkdtemp(join(tmpdir(), 'eigensketch-pytorch-'));
const env = { ...process.env, PYTHONPATH: dirname(pythonServer) };
const { stdout } = await promisify(execFile)(python, [file, folder, ...sizes.map(String)], { env });
const numbers = async (name: string): Promise<Float64Array> =>
  new Float64Array(new Uint8Array(await readFile(join(folder, name))).buffer);
const [eigenvalues, data] = [await numbers('w.bin'), await numbers('V.bin')];
await rm(folder, { recursive: true });
const given = await ritzPairs({ eigenvalues, eigenvectors: { rows: n, cols: eigenvalues.length, data } });
const referee = await apost(H, given, { seed: 3 });
const { orthonormalityDefect, residualNorms } = referee.given!;
console.log(`\nSciPy's eigsh   ${eigenvalues.length} eigenpairs, |V'V - I| = ${orthonormalityDefect.toExponential(1)}`);
console.log(`relative error  ${interval(referee)}`);
const exact = stdout === '' ? undefined : (JSON.parse(stdout) as { eigenvalues: number[]; relativeError: number });
if (exact) console.log(`exactly         ${exact.relativeError.toExponential(2)}`);
console.log(`largest missed  at most ${referee.missedEigenvalueBound!.toFixed(4)}`);
console.log('     i   SciPy        residual    sketch ± bound          exactly');
for (const [i, value] of eigenvalues.entries()) {
  const bound = certificate.eigenvalueIntervals![i]!.upper - sketch.eigenvalues[i]!;
  const own = `${sketch.eigenvalues[i]!.toFixed(8)} ± ${bound.toExponential(1)}`;
  const truth = exact ? `   ${exact.eigenvalues[i]!.toFixed(8)}` : '';
  console.log(
    `  ${String(i + 1).padStart(4)}   ${value.toFixed(8)}   ${residualNorms[i]!.toExponential(1)}     ${own}${truth}`,
  );
}
await H.close();
