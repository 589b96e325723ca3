/** eigsh on random operators: every pair within its stated interval of an eigenvalue, none missed. */
import { apost, type EigshOptions, eigsh } from '../../src/index.ts';
import { operatorWithSpectrum, randomOrthogonal } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { repeatedTitle, repeats } from '../support/long.ts';
import { uniforms } from '../support/matrices.ts';

type Values = (n: number, next: () => number) => Float64Array;
const range = (n: number, value: (i: number) => number): Float64Array =>
  Float64Array.from({ length: n }, (_, i) => value(i));

const FAMILIES: Record<string, Values> = {
  'rank one': (n) => range(n, (i) => (i === 0 ? 1 : 0)),
  flat: (n) => range(n, () => 1),
  '1/j': (n) => range(n, (i) => 1 / (i + 1)),
  geometric: (n) => range(n, (i) => 0.8 ** i),
  'half spike, half flat': (n) => range(n, (i) => (i === 0 ? 1 : 1 / Math.sqrt(n - 1))),
  '± pairs': (n) => range(n, (i) => (i % 2 ? -1 : 1) / (1 + Math.floor(i / 2))),
  'Hessian-like': (n) =>
    range(n, (i) => (i < 10 ? 100 * 2 ** (-i / 2) * (i % 4 === 3 ? -0.1 : 1) : (i % 7 === 3 ? -1 : 1) / (i - 8))),
  'three copies of each': (n) => range(n, (i) => 1 / (1 + Math.floor(i / 3))),
  'eight copies of each, both signs': (n) =>
    range(n, (i) => (Math.floor(i / 8) % 2 ? -1 : 1) / (1 + Math.floor(i / 8))),
  'a cluster of six': (n) => range(n, (i) => (i < 6 ? 1 + 1e-6 * i : 0.5 / (i - 4))),
  'clusters of four': (n) => range(n, (i) => (1 + 1e-9 * (i % 4)) / (1 + Math.floor(i / 4))),
  'fifteen ones, then a power': (n) => range(n, (i) => (i < 15 ? 1 : (i - 13) ** -1.5)),
  uniform: (n, next) => range(n, next),
};

/** Values are drawn on this many rows; the operators share a few bases, since only spectra matter to a random start. */
const bases = new Map([48, 77, 110].map((n) => [n, randomOrthogonal(n, n)]));

/** The k wanted values, by a plain sort. */
function wanted(values: Float64Array, which: EigshOptions['which'], k: number): number[] {
  const descending = [...values].sort((a, b) => b - a);
  if (which === 'LM') return descending.toSorted((a, b) => Math.abs(b) - Math.abs(a)).slice(0, k);
  if (which === 'LA') return descending.slice(0, k);
  if (which === 'SA') return descending.toReversed().slice(0, k);
  return [...descending.slice(0, Math.ceil(k / 2)), ...descending.slice(descending.length - Math.floor(k / 2))];
}

interface Case {
  family: string;
  n: number;
  k: number;
  options: EigshOptions & { which: 'LM' | 'LA' | 'SA' | 'BE' };
  dtype: 'float32' | 'float64';
}

const cases = Array.from({ length: repeats(39, 130, 1300) }, (_, index): Case => {
  const family = Object.keys(FAMILIES)[index % 13]!;
  const which = (['LM', 'LM', 'LA', 'SA', 'BE'] as const)[index % 5]!;
  return {
    // the lower end of a geometric spectrum lies below the rounding of its upper end
    family: family === 'geometric' && which !== 'LM' && which !== 'LA' ? 'uniform' : family,
    n: [48, 77, 110][index % 3]!,
    k: [1, 3, 10][Math.floor(index / 3) % 3]!,
    options: {
      confidence: 0.99,
      which,
      blockSize: [1, 1, 2, 5][index % 4]!,
      seed: index,
      ...(index % 7 < 3 ? { tol: 1e-3 } : {}),
    },
    dtype: index % 2 ? 'float32' : 'float64',
  };
});

describe(repeatedTitle('random operators'), () => {
  test.each(Object.keys(FAMILIES))('%s', async (family) => {
    for (const { n, k, options, dtype } of cases.filter((each) => each.family === family)) {
      const values = FAMILIES[family]!(n, uniforms(options.seed! + 1));
      const A = operatorWithSpectrum(values, { basis: bases.get(n)!, dtype });
      const result = await eigsh(A, k, options);
      const about = JSON.stringify({ family, n, k, dtype, ...options });
      expect([about, result.converged]).toEqual([about, true]);
      const expected = wanted(values, options.which, k);
      // the operator Q diag(w) Q^T is itself computed: its own eigenvalues are w to rounding
      const rounding = (dtype === 'float32' ? 2 ** -22 : 2 ** -49) * Math.max(...values.map(Math.abs));
      const margin = 2 * Math.max(result.tol * Math.abs(expected.at(-1)!), result.noiseFloor);
      for (const [i, found] of result.eigenvalues.entries()) {
        const radius = result.residualNorms[i]! + rounding;
        const nearest = Math.min(...values.map((value) => Math.abs(value - found)));
        expect([about, nearest <= radius]).toEqual([about, true]);
        // none missed: the i-th pair is the i-th eigenvalue, or ties with it as far as the tolerance tells
        const miss = options.which === 'LM' ? Math.abs(expected[i]!) - Math.abs(found) : Math.abs(expected[i]! - found);
        expect([about, miss <= radius + margin]).toEqual([about, true]);
      }
      // at 0.99 each, and far more often in truth: the fixed seeds leave no room for failures
      const { upperBound: upper, lowerBound: lower } = result.completeness!;
      const count = (isBeyond: (value: number) => boolean): number => values.filter(isBeyond).length;
      const above = upper === undefined ? undefined : count((value) => value > upper + rounding);
      const below = lower === undefined ? undefined : count((value) => value < lower - rounding);
      // each end is counted alone, and an end that nothing was returned from has no bound
      const most = {
        LM: [k, k],
        LA: [k, undefined],
        SA: [undefined, k],
        BE: [Math.ceil(k / 2), k === 1 ? undefined : Math.floor(k / 2)],
      }[options.which];
      for (const [end, beyond] of [above, below].entries()) {
        expect([about, beyond === undefined]).toEqual([about, most[end] === undefined]);
        expect([about, (beyond ?? 0) <= (most[end] ?? 0)]).toEqual([about, true]);
      }
      if (options.which === 'LM') expect([about, above! + below! <= k]).toEqual([about, true]);
    }
  });
});

test('apost certifies the result: its intervals and its bound of what was missed hold', async () => {
  for (const family of ['1/j', 'Hessian-like', 'three copies of each', 'a cluster of six']) {
    const values = FAMILIES[family]!(110, uniforms(1));
    const A = operatorWithSpectrum(values, { basis: bases.get(110)! });
    const result = await eigsh(A, 6, { seed: 3 });
    const certificate = await apost(A, result, { tests: 20, seed: 4 });
    for (const [i, { lower, upper }] of certificate.eigenvalueIntervals!.entries()) {
      expect([i, values.some((value) => value >= lower && value <= upper)]).toEqual([i, true]);
    }
    expect(values.filter((value) => Math.abs(value) > certificate.missedEigenvalueBound!).length).toBeLessThanOrEqual(
      6,
    );
    expect(certificate.deflated).toBe(true);
  }
});

describe('the check', () => {
  const multiple = FAMILIES['eight copies of each, both signs']!(110, uniforms(1));
  const A = operatorWithSpectrum(multiple, { basis: bases.get(110)! });

  test('finds the copies that a block of one cannot see, and says what it cost', async () => {
    const checked = await eigsh(A, 8, { tol: 1e-4 });
    expect(Array.from(checked.eigenvalues, (value) => Math.round(value * 1e6) / 1e6)).toEqual(new Array(8).fill(1));
    expect(checked.completeness!.numMatvecs).toBeGreaterThan(7);
    const unchecked = await eigsh(A, 8, { tol: 1e-4, confidence: 0 });
    expect(unchecked.eigenvalues[7]).toBeLessThan(0.9);
    expect(unchecked.completeness).toBeUndefined();
  });
});
