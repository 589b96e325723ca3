/** What release-check.js runs in the project of a user, on each Node: every entry, and something of each, in seconds. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { rm } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import * as core from 'eigensketch';
import { readArray, writeArray } from 'eigensketch/files';
import * as hdf5 from 'eigensketch/hdf5';
import { remoteOperator } from 'eigensketch/remote';
import { analysisOf, figureSvg, svgToPdf, svgToPng, toLatex } from 'eigensketch/report';
import { operatorWithSpectrum } from 'eigensketch/testing';

const isBare = process.argv.includes('--bare');
const require = createRequire(import.meta.url);
const near = (a, b) => assert.ok(Math.abs(a - b) < 1e-6, `${a} is not ${b}`);

const n = 300;
const values = Float64Array.from({ length: n }, (_, i) => (i % 3 === 2 ? -1 : 1) / (i + 1) ** 2);
const A = core.diagonalOperator(values);
const sketch = await core.seigh(A, 40, { seed: 1 });
near(sketch.eigenvalues[0], 1);
const certificate = await core.apost(A, sketch, { tests: 10, seed: 2 });
assert.ok(certificate.relativeError.lower <= certificate.relativeError.upper);
near((await core.eigsh(A, 3, { tol: 1e-8, seed: 1 })).eigenvalues[2], -1 / 9);
near((await core.cg(core.diagonalOperator([1, 2]), [1, 4])).solution[1], 2);
const trace = await core.trace(A, { maxProducts: 60, confidence: 0.9999, seed: 1 });
const exactly = values.reduce((sum, value) => sum + value, 0);
assert.ok(trace.lower <= exactly && exactly <= trace.upper);
assert.equal(require('eigensketch').seigh, core.seigh);
assert.equal(typeof remoteOperator, 'function');
assert.ok(hdf5.FORMAT_VERSION >= 1);
assert.equal(operatorWithSpectrum(Float64Array.of(1, 2), { seed: 1 }).shape[0], 2);

const stored = await core.seigh(A, 16, { store: 'smoke-run', seed: 1 });
assert.deepEqual((await core.seigh(A, 16, { store: 'smoke-run', seed: 1 })).eigenvalues, stored.eigenvalues);
await rm('smoke-run', { recursive: true });
await writeArray('smoke.npy', { shape: [3], data: Float64Array.of(1, 2, 3) });
assert.equal((await readArray('smoke.npy')).data[2], 3);

const analysis = analysisOf({ operator: 'A', result: sketch, certificate });
assert.match(toLatex(analysis), /toprule/);
const bin = join(require.resolve('eigensketch/package.json'), '../bin/eigensketch.js');
const plan = execFileSync(process.execPath, [bin, 'plan', '--n', '100', '--max-products', '20', '--json'], {
  encoding: 'utf8',
});
assert.equal(JSON.parse(plan).sketch.dims, 10);

if (isBare) {
  // what is missing is said by what misses it
  await assert.rejects(figureSvg(analysis, 'spectrum'), /npm install vega/);
  await assert.rejects(core.seigh(A, 8, { kernels: 'native' }), /koffi/);
} else {
  const svg = await figureSvg(analysis, 'spectrum');
  assert.equal((await svgToPng(svg))[1], 'P'.charCodeAt(0));
  assert.equal((await svgToPdf(svg))[1], 'P'.charCodeAt(0));
  const tf = await import('@tensorflow/tfjs');
  const { hessian, useBackend } = await import('eigensketch/tfjs');
  await useBackend('wasm');
  const w = tf.variable(tf.tensor1d([1, 2]));
  // the Hessian of (2 w_1)^2 + w_2^2 is diag(8, 2)
  const H = hessian({
    model: (x) => tf.mul(x, w),
    loss: (outputs) => tf.sum(tf.square(outputs)),
    parameters: [w],
    data: [[tf.tensor2d([[2, 1]]), tf.tensor1d([0])]],
  });
  near((await core.seigh(H, 2, { seed: 1 })).eigenvalues[0], 8);
  H.dispose();
}
console.log(`${process.version}, kernels ${sketch.kernels}`);
process.exit(0);
