/** spectralDensity: its moments are the operator's, its mass is one, and its band covers what it says it covers. */
import { diagonalOperator, lanczos, spectralDensity, tridiagToDensity } from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';

const uniform = Float64Array.from({ length: 400 }, (_, i) => (i + 0.5) / 400);
const spectra: Record<string, Float64Array> = {
  uniform,
  'a bulk at zero and outliers of both signs': Float64Array.from(
    { length: 400 },
    (_, i) => [9, -4, 6][i] ?? 1e-2 * Math.sin(i),
  ),
  'low rank': Float64Array.from({ length: 400 }, (_, i) => (i < 20 ? i + 1 : 0)),
  identity: new Float64Array(400).fill(1),
};

describe.each(Object.keys(spectra))('%s', (name) => {
  const values = spectra[name]!;
  const A = diagonalOperator(values);

  test.each(['linear', 'log'] as const)('the %s density integrates to 1 within 1e-3', async (scale) => {
    const { density, grid, integral } = await spectralDensity(A, { order: 30, runs: 4, scale });
    let sum = 0;
    for (let i = 1; i < grid.length; i++) sum += ((density[i]! + density[i - 1]!) * (grid[i]! - grid[i - 1]!)) / 2;
    expect(Math.abs(sum - 1)).toBeLessThan(1e-3);
    expect(integral).toBeCloseTo(sum, 12);
    expect(density.every((value) => value >= 0)).toBe(true);
  });

  test('moments lie in their intervals', async () => {
    // 8 one-sided ends at 0.9999 each: a correct program fails with probability of about 1e-3 a spectrum, seeds are fixed
    const { moments } = await spectralDensity(A, { order: 20, runs: 12, confidence: 0.9999, seed: 5 });
    for (const [power, { estimate, lower, upper }] of moments.entries()) {
      const exact = values.reduce((sum, value) => sum + value ** power, 0) / values.length;
      const rounding = 1e-13 * Math.max(...values.map(Math.abs)) ** power;
      expect(exact).toBeGreaterThanOrEqual(lower - rounding);
      expect(exact).toBeLessThanOrEqual(upper + rounding);
      expect(Math.abs(estimate - exact)).toBeLessThanOrEqual(upper - lower + rounding);
    }
  });
});

test('starts and synthetic operators of the same seed know nothing of each other', async () => {
  const values = Array.from({ length: 50 }, (_, i) => (i === 0 ? 1 : 0));
  let mean = 0;
  for (let seed = 0; seed < 100; seed++) {
    const { moments } = await spectralDensity(operatorWithSpectrum(values, { seed }), { order: 2, runs: 1, seed });
    // n (q^T v)^2 for the eigenvector q and the unit start v: mean 1, variance below 2
    mean += (50 * moments[1]!.estimate) / 100;
  }
  // seven standard deviations of a mean of 100; its tail is that of chi-square, 100 degrees: below 1e-6
  expect(Math.abs(mean - 1)).toBeLessThan(1);
});

test.each(['float64', 'float32'] as const)(
  'eigenvalues that only the rounding of %s tells apart are one',
  async (dtype) => {
    for (const value of [3, 1, 1e-8, 1e8]) {
      const A = operatorWithSpectrum(new Array<number>(60).fill(value), { seed: 1, dtype });
      for (const scale of ['linear', 'log'] as const) {
        const { sigma, grid, density } = await spectralDensity(A, { order: 4, runs: 3, scale });
        // one per cent of the value, or of a decade, and the maximum where the value is
        const [width, centre] = scale === 'linear' ? [0.01 * value, value] : [0.01, Math.log10(value * (1 + 1e-6))];
        expect(sigma / width).toBeCloseTo(1, 4);
        const peak = grid[density.indexOf(Math.max(...density))]!;
        expect(Math.abs(peak - centre)).toBeLessThan(0.02 * width);
      }
    }
  },
);

test('order n from enough runs is the broadened spectrum itself, and the band covers it', async () => {
  const values = Float64Array.from({ length: 60 }, (_, i) => Math.sin(3 * i) + (i < 5 ? 2 : 0));
  const A = operatorWithSpectrum(values, { seed: 2 });
  const sigma = 0.1;
  const { grid, density, lower, upper, numMatvecs } = await spectralDensity(A, { order: 60, runs: 25, sigma, seed: 3 });
  expect(numMatvecs).toBe(60 * 25);
  const exact = grid.map(
    (x) =>
      values.reduce((sum, value) => sum + Math.exp(-(((x - value) / sigma) ** 2) / 2), 0) /
      (60 * sigma * Math.sqrt(2 * Math.PI)),
  );
  const inside = grid.filter((_, i) => exact[i]! >= lower[i]! && exact[i]! <= upper[i]!).length;
  // 90 % of the points on average; neighbours are correlated, so that a seed may well be ten points off
  expect(inside / grid.length).toBeGreaterThan(0.75);
  const worst = Math.max(...density.map((value, i) => Math.abs(value - exact[i]!)));
  expect(worst).toBeLessThan(0.25 * Math.max(...exact));
});

test('the band and the moments: Student’s t over what each start vector sees', async () => {
  const A = diagonalOperator(uniform.subarray(0, 60));
  const [sigma, grid] = [0.02, [0.03, 0.075, 0.12]];
  const result = await spectralDensity(A, { order: 12, runs: 8, sigma, grid, seed: 1, confidence: 0.95 });
  const gaussian = (x: number): number => Math.exp(-((x / sigma) ** 2) / 2) / (sigma * Math.sqrt(2 * Math.PI));
  const seen = (f: (node: number) => number): number[] =>
    result.rules.map(({ nodes, weights }) => nodes.reduce((sum, node, i) => sum + weights[i]! * f(node), 0));
  const quantities = [
    ...grid.map((x, i) => [seen((node) => gaussian(x - node)), result.lower[i]!, result.upper[i]!] as const),
    ...result.moments.map(({ lower, upper }, power) => [seen((node) => node ** power), lower, upper] as const),
  ];
  for (const [samples, lower, upper] of quantities) {
    const mean = samples.reduce((sum, value) => sum + value, 0) / 8;
    const deviation = Math.hypot(...samples.map((value) => value - mean)) / Math.sqrt(7);
    // scipy 1.10.1: t.ppf(0.95, 7)
    const reach = (1.894578605061305 * deviation) / Math.sqrt(8);
    expect(lower).toBeCloseTo(Math.max(0, mean - reach), 6);
    expect(upper).toBeCloseTo(mean + reach, 6);
  }
});

test('pointwise coverage over seeds is what both ends promise, not less and not more', async () => {
  const values = uniform.subarray(0, 60);
  const A = diagonalOperator(values);
  const sigma = 0.02;
  const grid = [0.03, 0.075, 0.12];
  const truth = grid.map(
    (x) =>
      values.reduce((sum, value) => sum + Math.exp(-(((x - value) / sigma) ** 2) / 2), 0) /
      (60 * sigma * Math.sqrt(2 * Math.PI)),
  );
  let covered = 0;
  for (let seed = 0; seed < 40; seed++) {
    const { lower, upper } = await spectralDensity(A, { order: 25, runs: 8, sigma, grid, seed, confidence: 0.7 });
    for (const [i, value] of truth.entries()) if (value >= lower[i]! && value <= upper[i]!) covered++;
  }
  // nominal 48 of 120, standard deviation 9.3 if points of one seed were one: outside of 8..88 once in 1e5; a band that is too
  // wide by the root of 8 covers 100
  expect(covered).toBeGreaterThan(7);
  expect(covered).toBeLessThan(89);
});

describe('tridiagToDensity', () => {
  test('a 2 x 2 matrix in closed form', async () => {
    // T = [[0, 1], [1, 0]]: eigenvalues -1 and 1, weights 1/2 each
    const T = { diagonal: Float64Array.of(0, 0), offDiagonal: Float64Array.of(1) };
    const { density } = await tridiagToDensity(T, { sigma: 0.5, grid: [-1, 0, 1] });
    const at = (x: number): number =>
      (Math.exp(-((x + 1) ** 2) / 0.5) + Math.exp(-((x - 1) ** 2) / 0.5)) / 2 / (0.5 * Math.sqrt(2 * Math.PI));
    for (const [i, x] of [-1, 0, 1].entries()) expect(density[i]).toBeCloseTo(at(x), 12);
  });

  test('is what spectralDensity of one run draws', async () => {
    const A = diagonalOperator(uniform);
    const options = { scale: 'log', sigma: 0.05, grid: [-2, -1, -0.5, 0] } as const;
    const { T } = await lanczos(A, 15, { seed: 4 });
    const { density } = await tridiagToDensity(T, { ...options, epsilon: 1e-6 });
    const { density: expected } = await spectralDensity(A, { ...options, epsilon: 1e-6, order: 15, runs: 1, seed: 4 });
    for (const [i, value] of expected.entries()) expect(density[i]).toBeCloseTo(value, 10);
  });
});

describe('where a density is drawn', () => {
  const A = diagonalOperator([3, -1, 0.5, 0]);
  // order n of four values: the nodes are the eigenvalues
  const options = { order: 4, runs: 2, seed: 1 };

  test('linear: sigma is one per cent of the range, and the grid reaches five of them beyond', async () => {
    const { grid, sigma, scale, epsilon } = await spectralDensity(A, options);
    expect(sigma).toBeCloseTo(0.04, 13);
    expect([grid.length, scale, epsilon]).toEqual([1024, 'linear', undefined]);
    // a record has no fields without a value: as JSON it is the same
    expect(Object.keys(await spectralDensity(A, options))).not.toContain('epsilon');
    expect(grid[0]).toBeCloseTo(-1.2, 12);
    expect(grid[1023]).toBeCloseTo(3.2, 12);
    for (let i = 1; i < 1024; i++) expect(grid[i]! - grid[i - 1]!).toBeCloseTo(4.4 / 1023, 12);
    expect((await spectralDensity(A, { ...options, grid: 100 })).grid.length).toBe(100);
    // two points for each sigma, and one more
    const narrow = await spectralDensity(A, { ...options, sigma: 0.003 });
    expect(narrow.grid.length).toBe(Math.ceil(((4 + 10 * 0.003) / 0.003) * 2) + 1);
    expect(Math.abs(narrow.integral - 1)).toBeLessThan(1e-5);
  });

  test('log: decades of the magnitude, zero where epsilon is', async () => {
    const { grid, sigma, epsilon } = await spectralDensity(A, { ...options, scale: 'log' });
    expect(epsilon! / 3e-6).toBeCloseTo(1, 12);
    const [low, high] = [Math.log10(3e-6), Math.log10(3 + 3e-6)];
    expect(sigma).toBeCloseTo(0.01 * (high - low), 8);
    expect(grid[0]).toBeCloseTo(low - 5 * sigma, 6);
    expect(grid.at(-1)).toBeCloseTo(high + 5 * sigma, 6);
    const given = await spectralDensity(A, { ...options, scale: 'log', epsilon: 0.1 });
    expect([given.epsilon, given.scale]).toEqual([0.1, 'log']);
    expect(given.grid[0]).toBeCloseTo(Math.log10(0.1) - 5 * given.sigma, 8);
  });

  test('the zero operator is a Gaussian at zero', async () => {
    const zero = diagonalOperator(new Float64Array(5));
    const linear = await spectralDensity(zero, { order: 2, runs: 2 });
    expect(linear.sigma).toBe(0.01);
    expect(linear.grid[0]).toBeCloseTo(-0.05, 14);
    const log = await spectralDensity(zero, { order: 2, runs: 2, scale: 'log' });
    expect([log.sigma, log.epsilon]).toEqual([0.01, 1e-6]);
    expect(log.grid[0]).toBeCloseTo(-6.05, 12);
  });

  test('a grid of uneven points: the trapezoidal rule', async () => {
    const grid = [-1, 0, 0.25, 3];
    const { density, integral } = await spectralDensity(A, { ...options, grid, sigma: 1 });
    let sum = 0;
    for (let i = 1; i < 4; i++) sum += ((grid[i]! - grid[i - 1]!) * (density[i - 1]! + density[i]!)) / 2;
    expect(integral).toBeCloseTo(sum, 13);
    const T = { diagonal: Float64Array.of(1), offDiagonal: new Float64Array(0) };
    const point = await tridiagToDensity(T, { grid: Float32Array.from([0, 1]), sigma: 1 });
    const height = (x: number): number => Math.exp(-(x ** 2) / 2) / Math.sqrt(2 * Math.PI);
    expect(point.integral).toBeCloseTo((height(1) + height(0)) / 2, 12);
    expect(Array.from(point.grid)).toEqual([0, 1]);
  });

  test('one run has no spread to be seen: the band is everything', async () => {
    const { lower, upper, moments, numMatvecs } = await spectralDensity(A, { ...options, runs: 1 });
    expect(lower.every((value) => value === 0)).toBe(true);
    expect(upper.every((value) => value === Number.POSITIVE_INFINITY)).toBe(true);
    expect(moments.slice(1).every((m) => m.lower === -Infinity && m.upper === Infinity)).toBe(true);
    expect(numMatvecs).toBe(4);
    const two = await spectralDensity(A, { ...options, runs: 2 });
    expect(two.upper.every(Number.isFinite)).toBe(true);
  });

  test('what was asked for is in the record, and what it had otherwise', async () => {
    const { order, runs, confidence, seed, kernels } = await spectralDensity(A, { kernels: 'js' });
    expect([order, runs, confidence, seed, kernels]).toEqual([4, 10, 0.95, 0, 'js']);
    const told: unknown[] = [];
    const onProgress = (progress: unknown): void => void told.push(progress);
    const asked = await spectralDensity(A, { ...options, confidence: 0.9, onProgress });
    expect([asked.order, asked.runs, asked.confidence, asked.seed]).toEqual([4, 2, 0.9, 1]);
    expect(told.at(-1)).toEqual({ stage: 'krylov', done: 8, total: 8 });
    const large = diagonalOperator(Float64Array.from({ length: 90 }, (_, i) => i));
    expect((await spectralDensity(large, { runs: 1, kernels: 'js' })).order).toBe(80);
  });
});

test('bad input', async () => {
  await expect(
    spectralDensity(diagonalOperator([3, 2, 1]), { signal: AbortSignal.abort(new Error('before')) }),
  ).rejects.toThrow('before');
  for (const [confidence, shown] of [
    [0.5, '0.5'],
    [1, '1'],
  ] as const) {
    await expect(spectralDensity(diagonalOperator([3, 2, 1]), { confidence })).rejects.toThrow(
      `spectralDensity: confidence must be a number between 0.5 and 1, got ${shown}`,
    );
  }
  await expect(spectralDensity(diagonalOperator([3, 2, 1]), { runs: 0 })).rejects.toThrow('runs must be an integer');
  await expect(spectralDensity(diagonalOperator([3, 2, 1]), { epsilon: 0 })).rejects.toThrow(
    'epsilon must be a positive number',
  );
  await expect(spectralDensity(diagonalOperator([3, 2, 1]), { grid: 1 })).rejects.toThrow(
    'grid must be an integer in 2..1048576, got 1',
  );
  await expect(spectralDensity(diagonalOperator([3, 2, 1]), { grid: [1] })).rejects.toThrow('ascending points, got 1');
  await expect(spectralDensity(diagonalOperator([3, 2, 1]), { grid: [2, 1] })).rejects.toThrow(
    'ascending points, got 1 at 1',
  );
  for (const T of [
    { diagonal: new Float64Array(0), offDiagonal: new Float64Array(0) },
    { diagonal: new Float64Array(2), offDiagonal: [1] },
    { diagonal: [1], offDiagonal: new Float64Array(0) },
    undefined,
  ]) {
    await expect(tridiagToDensity(T as never)).rejects.toThrow(
      'tridiagToDensity: expected { diagonal, offDiagonal } of m and m - 1 numbers, m at least 1',
    );
  }
  const A = diagonalOperator([3, 2, 1]);
  await expect(spectralDensity(A, { order: 4 })).rejects.toThrow(
    'spectralDensity: order must be an integer in 1..3, got 4 for n = 3',
  );
  await expect(spectralDensity(A, { sigma: 0 })).rejects.toThrow(
    'spectralDensity: sigma must be a positive number, got 0',
  );
  await expect(spectralDensity(A, { grid: [Number.NaN, 1] })).rejects.toThrow('ascending points, got NaN at 0');
  await expect(spectralDensity(A, { grid: [1, 1] })).rejects.toThrow(
    'spectralDensity: grid must hold at least two finite ascending points, got 1 at 1',
  );
  await expect(spectralDensity(A, { grid: [0, Number.NaN] })).rejects.toThrow('ascending points, got NaN at 1');
  await expect(spectralDensity(A, { grid: 'fine' as never })).rejects.toThrow(
    "grid must be ascending points or their number, got 'fine'",
  );
  await expect(spectralDensity(A, { sigma: 1e-12 })).rejects.toThrow('needs a grid of');
  await expect(spectralDensity(A, { scale: 'cubic' as 'log' })).rejects.toThrow(
    "scale must be one of 'linear', 'log', got 'cubic'",
  );
  const T = { diagonal: new Float64Array(2), offDiagonal: new Float64Array(2) };
  await expect(tridiagToDensity(T)).rejects.toThrow('tridiagToDensity: expected { diagonal, offDiagonal }');
});
