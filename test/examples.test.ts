/** Every example runs and prints what it promises; the demo keeps its numbers. */
import { command } from './support/command.ts';
import { countMarks, example, figuresOf, tableRows } from './support/example.ts';
import { describe, expect, test } from './support/jest.ts';
import { testLarge } from './support/long.ts';

test('dense-matrix: the leading eigenvalue of the Hilbert matrix', async () => {
  const output = await example('dense-matrix');
  // LAPACK (numpy.linalg.eigvalsh): 2.182696097757, 0.821445560556
  expect(output).toContain('2.182696097757 ±');
  expect(output).toContain('0.821445560556 ±');
  expect(output).toMatch(/relative error at most \de-\d+|relative error at most \d\.\de-\d+/);
});

testLarge('graph-clusters: as many small eigenvalues as communities, and every node in its own', async () => {
  const output = await example('graph-clusters');
  expect(output).toContain('converged: true');
  const values = /Laplacian: (.*)$/m.exec(output)![1]!.split(', ').map(Number);
  // a connected graph has the eigenvalue 0 once, with either sign of rounding; between 3 and 4 is the gap
  expect(Math.abs(values[0]!)).toBe(0);
  expect(values[1]).toBeGreaterThan(0);
  expect(values[3]! - values[2]!).toBeGreaterThan(2 * values[2]!);
  expect(output).toContain('450 of 450 nodes are in the community that was planted');
});

testLarge('principal-components: the variances that the data were drawn with, certified', async () => {
  const output = await example('principal-components');
  const rows = Array.from(output.matchAll(/variance (\S+), certified between (\S+) and (\S+)$/gm), ([, ...row]) =>
    row.map(Number),
  );
  expect(rows).toHaveLength(3);
  for (const [k, [estimate, lower, upper]] of rows.entries()) {
    // a variance of 2000 normal numbers has a standard deviation of sqrt(2 / 2000); the noise adds 0.01
    const drawn = [9, 4, 1][k]! + 0.01;
    expect(Math.abs(estimate! / drawn - 1)).toBeLessThan(4 * Math.sqrt(2 / 2000));
    expect(lower!).toBeLessThanOrEqual(estimate!);
    expect(upper!).toBeGreaterThanOrEqual(estimate!);
  }
  expect(Number(/direction: (\S+)$/m.exec(output)![1])).toBeGreaterThan(0.999);
  expect(output).toContain('300 x 20 components');
});

testLarge(
  'polynomial: loss, gradient, Hessian and its eigenvalues; third derivatives; power iteration to 30',
  async () => {
    const output = await example('polynomial');
    expect(output).toContain('loss         2\n');
    expect(output).toContain('gradient     [6, 6]\n');
    expect(output).toContain('[[12, 18], [18, 12]]');
    expect(output).toContain('30.0000, -6.0000');
    // with d = (0.6, -0.8): 6 (0.6 - 0.8); 12 + 36 * 0.6 * -0.8; 12 * 0.6^3 + 108 * 0.6 * -0.8 * (0.6 - 0.8) - 12 * 0.8^3
    expect(output).toContain('first -1.2000, second -5.2800, third 6.8160\n');
    const [taylor, quotients] = output.split('power iteration').map(tableRows) as [number[][], number[][]];
    for (const [i, row] of taylor.slice(-3).entries()) expect(Math.abs(row.at(-1)! - (i + 2))).toBeLessThan(0.15);
    // the start (1, 0) has equal shares of both eigenvectors: q_k = (30 - 6 x) / (1 + x) with x = (6 / 30)^(2 k)
    for (const [k, [quotient]] of quotients.entries()) {
      const share = 0.2 ** (2 * k);
      expect(Math.abs(quotient! - (30 - 6 * share) / (1 + share))).toBeLessThan(2e-5);
    }
    const [svg] = await figuresOf(output);
    expect(countMarks(svg!, 'symbol')).toBe(7);
  },
);

test('linear-regression: 2 X^T X / N exactly', async () => {
  const output = await example('linear-regression');
  expect(Number(/relative error (\S+)/.exec(output)![1])).toBeLessThan(1e-6);
});

testLarge('xor: everything agrees with the 9 x 9 matrix, and Newton reaches what one unit can', async () => {
  const output = await example('xor');
  expect(output.match(/^ +(W11|W12|W21|W22|b1|b2|v1|v2|c) /gm)).toHaveLength(30);
  // three differences of the softmax and one of its outputs do nothing
  expect(output).toMatch(/eigenvalues -?[1-9]\S+(, -?\d\.\d+){4}, 0, 0, 0, 0\n/);
  expect(Number(/relative difference (\S+)/.exec(output)![1])).toBeLessThan(1e-6);
  const errors = Array.from(output.matchAll(/ {3}error (\S+)$/gm), ([, error]) => Number(error));
  const [, plain, power, krylov] = errors as [number, number, number, number];
  expect(plain).toBeGreaterThan(power);
  expect(power).toBeLessThan(1e-4);
  // six different eigenvalues: after six products a Krylov space is invariant
  expect(krylov).toBeLessThan(1e-5);
  const [curvature, form] = /curvature (\S+) along d; from the matrix d.Hd = (\S+)/.exec(output)!.slice(1).map(Number);
  expect(output).toContain('preconditioned CG: negativeCurvature');
  expect(curvature).toBeLessThan(0);
  expect(form).toBe(curvature);
  const losses = Array.from(output.matchAll(/: loss (\d\.\d+), 9 parameters/g), ([, loss]) => Number(loss));
  const [before, newton, adam] = losses as [number, number, number];
  // isotonic regression: no function of one monotone unit is below 1/6
  expect(newton).toBeGreaterThan(1 / 6 - 1e-6);
  expect(newton).toBeLessThan(1 / 6 + 1e-4);
  expect(newton).toBeLessThan(adam);
  expect(adam).toBeLessThan(before);
  const [svg] = await figuresOf(output);
  expect(countMarks(svg!, 'rect')).toBe(81);
});

testLarge('cnn-classes: the gap in the spectrum counts the classes', async () => {
  const output = await example('cnn-classes');
  expect(Number(/accuracy (\S+) %/.exec(output)![1])).toBeGreaterThan(95);
  expect(output).toContain('3 + 1 = 4 classes');
});

testLarge('transformer: a certified sketch of its Gauss-Newton matrix', async () => {
  const output = await example('transformer');
  expect(Number(/loss (\S+) after/.exec(output)![1])).toBeLessThan(1);
  expect(Number(/error of at most (\S+) /.exec(output)![1])).toBeLessThan(0.1);
  const shares = Array.from(output.matchAll(/^ {2}\w+ +(\d+\.\d) %$/gm), ([, share]) => Number(share));
  expect(shares).toHaveLength(7);
  expect(shares.reduce((sum, share) => sum + share, 0)).toBeCloseTo(100, 0);
});

testLarge('newton-cg: goes along negative curvature, and ahead of gradient descent at equal cost', async () => {
  const output = await example('newton-cg');
  expect(Number(/negative curvature met in (\d+) of/.exec(output)![1])).toBeGreaterThan(0);
  expect(Number(/Newton-CG +(\S+)/.exec(output)![1])).toBeLessThan(1e-3);
  expect(Number(/ratio +(\S+)/.exec(output)![1])).toBeGreaterThan(1.2);
});

testLarge(
  'resnet18: 11,173,962 parameters, a block of 4 on a batch of 8 within 8 GB',
  async () => {
    const output = await example('resnet18');
    expect(output).toContain('parameters   11173962');
    expect(Number(/peak memory +(\S+) GB/.exec(output)![1])).toBeLessThan(8);
  },
  180_000,
);

describe('mlp-hessian, the demo', () => {
  test('--json prints one object: certified below 1e-3', async () => {
    const report = JSON.parse(await example('mlp-hessian', '--json'));
    expect(report.eigenvalues).toHaveLength(report.dims);
    expect(report.residualNorms).toHaveLength(report.dims);
    expect(report.confidence).toBe(0.99);
    expect(report.relativeError.upper).toBeLessThan(1e-3);
    expect(report.relativeError.lower).toBeLessThan(report.relativeError.estimate);
    expect(report.numMatvecs).toBe(2 * report.dims + report.tests + 3 + 8);
    expect(report.accuracy).toBeGreaterThan(0.9);
    expect(report.samples).toBeGreaterThanOrEqual(2000);
    expect(report.batches.at(-1)).toBeLessThan(report.batches[0]);
    expect(report.inertia.negative).toBeGreaterThan(0);
    expect(report.backend).toBe('wasm');
    expect(typeof report.kernels).toBe('string');
    expect(Object.keys(report.seconds)).toEqual(['training', 'operator', 'sketch', 'recovery', 'certificate']);
  }, 120_000);

  testLarge(
    'the report lists twenty eigenvalues with their bars, and no progress bar goes into a pipe',
    async () => {
      const { stdout, stderr } = await command(process.execPath, ['dist/examples/mlp-hessian.js']);
      expect(stdout.match(/^ +\d+ +\d\.\d{6} ± \d\.\de-\d+$/gm)).toHaveLength(20);
      expect(stdout).toMatch(/each end at 99 %, 30 test products/);
      expect(stderr).toBe('');
    },
    120_000,
  );
});
