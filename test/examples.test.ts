/** Every example runs and prints what it promises; the demo keeps its numbers. */
import { describe, expect, test } from '@jest/globals';
import { command } from './support/command.ts';

const example = async (name: string, ...args: string[]): Promise<string> =>
  (await command(process.execPath, [`dist/examples/${name}.js`, ...args])).stdout;

test('dense-matrix: the leading eigenvalue of the Hilbert matrix', async () => {
  const output = await example('dense-matrix');
  // LAPACK (numpy.linalg.eigvalsh): 2.182696097757, 0.821445560556
  expect(output).toContain('2.182696097757 ±');
  expect(output).toContain('0.821445560556 ±');
  expect(output).toMatch(/relative error at most \de-\d+|relative error at most \d\.\de-\d+/);
});

test('polynomial: Hessian [[12, 18], [18, 12]], eigenvalues 30 and -6, a remainder of third order', async () => {
  const output = await example('polynomial');
  expect(output).toContain('[[12, 18], [18, 12]]');
  expect(output).toContain('30.0000, -6.0000');
  expect(Number(/of order (\d\.\d+)/.exec(output)![1])).toBeCloseTo(3, 1);
});

test('linear-regression: 2 X^T X / N exactly', async () => {
  const output = await example('linear-regression');
  expect(Number(/relative error (\S+)/.exec(output)![1])).toBeLessThan(1e-6);
});

test('xor: a 9 x 9 Hessian drawn before and after training', async () => {
  const output = await example('xor');
  expect(output.match(/^ +(W11|W12|W21|W22|b1|b2|v1|v2|c) /gm)).toHaveLength(20);
  const losses = Array.from(output.matchAll(/loss (\d\.\d+), 9 parameters/g), ([, loss]) => Number(loss));
  expect(losses[1]).toBeLessThan(losses[0]!);
});

test('cnn-classes: the gap in the spectrum counts the classes', async () => {
  const output = await example('cnn-classes');
  expect(Number(/accuracy (\S+) %/.exec(output)![1])).toBeGreaterThan(95);
  expect(output).toContain('3 + 1 = 4 classes');
});

test('transformer: a certified sketch of its Gauss-Newton matrix', async () => {
  const output = await example('transformer');
  expect(Number(/loss (\S+) after/.exec(output)![1])).toBeLessThan(1);
  expect(Number(/error of at most (\S+) /.exec(output)![1])).toBeLessThan(0.1);
  const shares = Array.from(output.matchAll(/^ {2}\w+ +(\d+\.\d) %$/gm), ([, share]) => Number(share));
  expect(shares).toHaveLength(7);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
});

test('newton-cg: goes along negative curvature, and ahead of gradient descent at equal cost', async () => {
  const output = await example('newton-cg');
  expect(Number(/negative curvature met in (\d+) of/.exec(output)![1])).toBeGreaterThan(0);
  expect(Number(/Newton-CG +(\S+)/.exec(output)![1])).toBeLessThan(1e-3);
  expect(Number(/ratio +(\S+)/.exec(output)![1])).toBeGreaterThan(1.2);
});

test('resnet18: 11,173,962 parameters, a block of 4 on a batch of 8 within 8 GB', async () => {
  const output = await example('resnet18');
  expect(output).toContain('parameters   11173962');
  expect(Number(/peak memory +(\S+) GB/.exec(output)![1])).toBeLessThan(8);
}, 180_000);

describe('mlp-hessian, the demo', () => {
  test('--json prints one object: certified below 1e-3 within the minute', async () => {
    const started = performance.now();
    const report = JSON.parse(await example('mlp-hessian', '--json'));
    expect(performance.now() - started).toBeLessThan(60_000);
    expect(report.eigenvalues).toHaveLength(report.dims);
    expect(report.residualNorms).toHaveLength(report.dims);
    expect(report.confidence).toBe(0.99);
    expect(report.relativeError.upper).toBeLessThan(1e-3);
    expect(report.relativeError.lower).toBeLessThan(report.relativeError.estimate);
    expect(report.numMatvecs).toBe(2 * report.dims + report.tests + 1 + 8);
    expect(report.accuracy).toBeGreaterThan(0.9);
    expect(report.samples).toBeGreaterThanOrEqual(2000);
    expect(report.batches.at(-1)).toBeLessThan(report.batches[0]);
    expect(report.inertia.negative).toBeGreaterThan(0);
    expect(report.backend).toBe('wasm');
    expect(typeof report.kernels).toBe('string');
    expect(Object.keys(report.seconds)).toEqual(['training', 'operator', 'sketch', 'recovery', 'certificate']);
  }, 120_000);

  test('the report lists twenty eigenvalues with their bars, and no progress bar goes into a pipe', async () => {
    const { stdout, stderr } = await command(process.execPath, ['dist/examples/mlp-hessian.js']);
    expect(stdout.match(/^ +\d+ +\d\.\d{6} ± \d\.\de-\d+$/gm)).toHaveLength(20);
    expect(stdout).toMatch(/each end at 99 %, 30 test products/);
    expect(stderr).toBe('');
  }, 120_000);
});
