/** Eigenvalues of small symmetric matrices, by every provider: as near to closed forms as certified intervals count on. */
import { coreRounding } from '../../src/apost/noise.ts';
import { diagonalOperator, spectralNorm } from '../../src/index.ts';
import { loadNativeKernels } from '../../src/linalg/kernels/native/load.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { describe, expect, test } from '../support/jest.ts';
import { repeatedTitle, repeats } from '../support/long.ts';

const providers = ['js', 'wasm', ...((await loadNativeKernels()).kernels ? ['native' as const] : [])] as const;

type Entry = (i: number, j: number) => number;

/** Entries of a k x k matrix and its eigenvalues, ascending. */
const FORMS: Record<string, (k: number) => { entry: Entry; values: number[] }> = {
  // 2 on the diagonal, -1 beside it
  'second differences': (k) => ({
    entry: (i, j) => (i === j ? 2 : Math.abs(i - j) === 1 ? -1 : 0),
    values: Array.from({ length: k }, (_, j) => 4 * Math.sin(((j + 1) * Math.PI) / (2 * (k + 1))) ** 2),
  }),
  // min(i, j), i, j = 1..k, all entries integers
  'covariance of a random walk': (k) => ({
    entry: (i, j) => Math.min(i, j) + 1,
    values: Array.from(
      { length: k },
      (_, j) => 0.25 / Math.sin(((2 * (k - 1 - j) + 1) * Math.PI) / (4 * k + 2)) ** 2,
    ).sort((a, b) => a - b),
  }),
  // I + ones
  'a spike over copies': (k) => ({
    entry: (i, j) => (i === j ? 2 : 1),
    values: Array.from({ length: k }, (_, j) => (j === k - 1 ? k + 1 : 1)),
  }),
};

describe.each(Object.entries(FORMS))('%s', (_, form) => {
  test.each(providers)('%s', async (name) => {
    const kernels = await selectKernels(name);
    for (const k of [2, 5, 12, 30, 64, 130]) {
      const { entry, values } = form(k);
      const data = Float64Array.from({ length: k * k }, (__, at) => entry(Math.floor(at / k), at % k));
      const found = (await kernels.eigh({ rows: k, cols: k, data })).values;
      const most = Math.max(...found.map((value, i) => Math.abs(value - values[i]!)));
      expect([k, most]).toEqual([k, expect.any(Number)]);
      expect(most).toBeLessThanOrEqual(coreRounding(values.at(-1)!, k));
    }
  });
});

const SEEDS = repeats(8, 40, 200);

test.each(providers)(repeatedTitle('the lower end of the spectral norm is certain, by %s'), async (kernels) => {
  for (let seed = 0; seed < SEEDS; seed++) {
    for (const rate of [0.3, 1, 2, 4]) {
      const A = diagonalOperator(Float64Array.from({ length: 40 }, (_, i) => (i + 1) ** -rate));
      const { lower, estimate } = await spectralNorm(A, { order: 12, seed, kernels });
      expect(lower).toBeLessThanOrEqual(1);
      expect(lower).toBeGreaterThan(estimate * (1 - 1e-13));
    }
  }
});
