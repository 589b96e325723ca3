/** Eigenvalues nearest to sigma: against closed forms and SciPy, and what is claimed when solves are loose. */
import { proportionallyNoisyDiagonal } from '../../bench/support/spectra.ts';
import { radiusOf } from '../../src/eigsh/shift-invert.ts';
import {
  denseOperator,
  diagonalOperator,
  type EigshResult,
  eigsh,
  type LinearOperator,
  nystromPreconditioner,
  seigh,
  sparseOperator,
} from '../../src/index.ts';
import { derive } from '../../src/linops/define.ts';
import { describe, expect, test } from '../support/jest.ts';
import { long } from '../support/long.ts';
import { scipy, withScipy } from '../support/scipy.ts';

/** The Laplacian of a path: eigenvalues 2 - 2 cos(pi j / n), j = 0..n-1. */
function path(n: number): { L: LinearOperator; exact: number[] } {
  const points = Array.from({ length: n }, (_, i) => i);
  const L = sparseOperator({
    format: 'coo',
    shape: [n, n],
    row: [...points, ...points.slice(1)],
    col: [...points, ...points.slice(0, -1)],
    data: [...points.map((i) => (i === 0 || i === n - 1 ? 1 : 2)), ...points.slice(1).map(() => -1)],
    symmetric: 'lower',
  });
  return { L, exact: points.map((j) => 2 - 2 * Math.cos((Math.PI * j) / n)) };
}

const nearest = (exact: readonly number[], sigma: number, k: number): number[] =>
  exact.toSorted((a, b) => Math.abs(a - sigma) - Math.abs(b - sigma)).slice(0, k);

/** Whether a statement of a result is false: an eigenvalue that is none, or more near sigma than it says. */
function falsehoods(result: EigshResult, exact: readonly number[], sigma: number): string[] {
  const { eigenvalues, residualNorms, completeness, complete } = result;
  const wrong: string[] = [];
  for (const [i, value] of eigenvalues.entries()) {
    const apart = Math.min(...exact.map((each) => Math.abs(each - value)));
    if (apart > residualNorms[i]!) wrong.push(`no eigenvalue within ${residualNorms[i]} of ${value}`);
  }
  const within = (radius: number): number => exact.filter((each) => Math.abs(each - sigma) < radius).length;
  if (completeness && within(completeness.radius!) > eigenvalues.length) wrong.push('more within the radius');
  const last = Math.abs(eigenvalues.at(-1)! - sigma);
  if (complete && within(0.99 * last - residualNorms.at(-1)!) > eigenvalues.length) wrong.push('called complete');
  return wrong;
}

describe('the Laplacian of a path', () => {
  const { L, exact } = path(80);

  test.each([
    ['below the spectrum, by minres', L, -1e-2],
    ['below the spectrum, by cg', derive(L, { psd: true }), -1e-2],
    ['inside', L, 1.003],
    ['above', L, 4.1],
  ] as const)('%s: the nearest eigenvalues, complete', async (_, op, sigma) => {
    const result = await eigsh(op, 4, { sigma, seed: 1 });
    expect([result.status, result.converged, result.complete, result.sigma]).toEqual(['converged', true, true, sigma]);
    for (const [i, value] of nearest(exact, sigma, 4).entries()) {
      expect(Math.abs(result.eigenvalues[i]! - value)).toBeLessThanOrEqual(result.residualNorms[i]! + 1e-15);
      expect(result.residualNorms[i]!).toBeLessThan(1e-8 * Math.max(Math.abs(value), Math.abs(value - sigma)));
    }
    expect(falsehoods(result, exact, sigma)).toEqual([]);
  });

  test('a block, and a preconditioner from a sketch, find the same', async () => {
    const sketch = await seigh(diagonalOperator(exact.map((value) => value + 1)), 5);
    const preconditioner = nystromPreconditioner(sketch, { shift: 1 });
    for (const options of [{ blockSize: 3 }, { preconditioner }]) {
      const { eigenvalues } = await eigsh(L, 3, { sigma: -0.1, seed: 2, ...options });
      for (const [i, value] of nearest(exact, -0.1, 3).entries()) expect(eigenvalues[i]).toBeCloseTo(value, 9);
    }
  });

  test('progress, products counted as those with A, and a search that runs out of them', async () => {
    let made = 0;
    const counted = derive(L, {
      matmat: (X, out) => {
        made += X.cols;
        return L.matmat(X, out);
      },
    });
    const full = await eigsh(counted, 2, { sigma: -0.1, seed: 1 });
    expect(full.numMatvecs).toBe(made);
    const short = await eigsh(L, 2, { sigma: -0.1, seed: 1, maxProducts: 60 });
    expect([short.status, short.converged, short.complete]).toEqual(['maxProducts', false, false]);
    expect(short.numMatvecs).toBeLessThan(100);
    expect(falsehoods(short, exact, -0.1)).toEqual([]);
    const stop = new AbortController();
    const stopped = eigsh(L, 2, {
      sigma: -0.1,
      signal: stop.signal,
      onProgress: () => stop.abort(new Error('enough')),
    });
    await expect(stopped.then(({ status }) => status)).resolves.toBe('signal');
  });
});

withScipy('SciPy finds the same near sigma in a sparse matrix without structure', async () => {
  const { indptr, indices, data, found } = scipy<Record<'indptr' | 'indices' | 'data' | 'found', number[]>>(`
rng = np.random.default_rng(3)
A = scipy.sparse.random(150, 150, 0.03, random_state=rng, format='csr'); A = (A + A.T).tocsr(); A.sort_indices()
found = scipy.sparse.linalg.eigsh(A, 6, sigma=0.3, tol=1e-13)[0]
print(json.dumps(dict(indptr=A.indptr.tolist(), indices=A.indices.tolist(), data=A.data.tolist(), found=found.tolist())))
`);
  const A = sparseOperator({ shape: [150, 150], indptr, indices, data });
  const { eigenvalues, complete } = await eigsh(A, 6, { sigma: 0.3, seed: 4 });
  const sorted = Array.from(eigenvalues).sort((a, b) => a - b);
  for (const [i, value] of found.toSorted((a, b) => a - b).entries()) expect(sorted[i]).toBeCloseTo(value, 10);
  expect(complete).toBe(true);
});

test.each([1e-10, 1e-7])(
  'no radius is claimed for products with noise of %d of their length, not of one pair either',
  async (noise) => {
    const exact = Float64Array.from({ length: 60 }, (_, i) => 1 + i);
    for (let seed = 0; seed < (long ? 5 : 2); seed++) {
      const op = proportionallyNoisyDiagonal(exact, { dtype: 'float64', relative: noise }, seed);
      for (const k of [1, 3]) {
        const result = await eigsh(op, k, { sigma: 0.4, seed, maxProducts: 1500 }).catch((error: Error) => error);
        // noise that makes products unsymmetric may be refused at once
        if (result instanceof Error) expect(result.message).toMatch(/symmetric/);
        else expect([result.complete, result.completeness?.radius ?? 0]).toEqual([false, 0]);
      }
    }
  },
);

test('every scale', async () => {
  for (const size of [1e-200, 1e200]) {
    const op = diagonalOperator([1, 2, 3, 4, 5].map((value) => value * size));
    const { eigenvalues, completeness, residualNorms } = await eigsh(op, 2, { sigma: 2.1 * size });
    expect(Array.from(eigenvalues, (value) => Math.round((value / size) * 1e10) / 1e10)).toEqual([2, 3]);
    // 1.1 is the distance of 1, the next one
    expect(completeness!.radius! / size).toBeGreaterThan(0.85);
    expect(completeness!.radius! / size).toBeLessThan(1.1001);
    expect(residualNorms[0]! / size).toBeLessThan(1e-12);
  }
});

/** A reproducible sequence of numbers in 0..1 (mulberry32). */
function numbersFrom(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Distances from sigma, with signs, of eigenvalue i of n. */
const SPECTRA: ((i: number, n: number, next: () => number) => number)[] = [
  // a ring about sigma, and the rest far away
  (i, n, next) => (i % 2 ? 1 : -1) * (i < n / 3 ? 0.01 * (1 + 1e-3 * (i % 4)) : 1 + 5 * next()),
  // four copies of each, on one side
  (i) => 0.1 + 0.07 * Math.floor(i / 4),
  // three copies of each, on both sides
  (i) => (i % 2 ? 1 : -1) * (0.05 + 0.02 * Math.floor(i / 6)),
  (_i, _n, next) => (next() < 0.5 ? 1 : -1) * 10 ** (-3 + 5 * next()),
  // one eigenvalue on half the space
  (i, n, next) => (i < n / 2 ? 0.2 : 3 + next()),
  (i) => (i < 5 ? 0.1 * (1 + 1e-6 * i) : 1 + i),
];

/** A spectrum that a search near sigma can go wrong on: as a diagonal or, for odd seeds, turned by two reflections. */
function hardOperator(seed: number) {
  const next = numbersFrom(7919 * seed + 1);
  const n = 8 + Math.floor(50 * next());
  const sigma = [0, 0.3, -1, 2][seed % 4]! + 1e-3 * next();
  const distances = SPECTRA[seed % SPECTRA.length]!;
  const exact = Array.from({ length: n }, (_, i) => sigma + distances(i, n, next));
  if (seed % 2 === 0) return { matrix: diagonalOperator(exact), exact, sigma, next };
  let rows = exact.map((value, i) => exact.map((_, j) => (i === j ? value : 0)));
  for (let turn = 0; turn < 2; turn++) {
    const v = exact.map(() => next() - 0.5);
    const square = v.reduce((sum, x) => sum + x * x, 0);
    // A - 2 (v w^T + w v^T - 2 (v^T w) v v^T), w = A v, for v of length one
    const w = rows.map((row) => row.reduce((sum, a, j) => sum + a * v[j]!, 0) / square);
    const q = v.reduce((sum, x, i) => sum + x * w[i]!, 0) / square;
    rows = rows.map((row, i) => row.map((a, j) => a - 2 * (v[i]! * w[j]! + w[i]! * v[j]! - 2 * q * v[i]! * v[j]!)));
  }
  const symmetric = rows.map((row, i) => row.map((a, j) => (a + rows[j]![i]!) / 2));
  return { matrix: denseOperator(symmetric), exact, sigma, next };
}

/**
 * Pairs of equal eigenvalues, of which one start vector sees one: what the basis hides is for the check to find. With confidence
 * 0.9 a false claim may come in a tenth of the seeds; none is seen in any, as the bounds are far from sharp.
 */
describe('nothing that is claimed is false, whatever the solves leave', () => {
  const exact = Array.from({ length: 60 }, (_, i) => 1 + (Math.floor(i / 2) / 5) ** 2);
  const op = diagonalOperator(exact);

  test.each([1e-2, 1e-4, 1e-6, 1e-12])('of pairs of equal eigenvalues, innerTol %d', async (innerTol) => {
    let claims = 0;
    const wrong: string[] = [];
    for (let seed = 0; seed < (long ? 100 : 2); seed++) {
      for (const [sigma, k] of [
        [0.9, 3],
        [4.1, 2],
      ] as const) {
        const result = await eigsh(op, k, { sigma, seed, innerTol, tol: 1e-4, confidence: 0.9 });
        if (result.completeness!.radius! > 0) claims++;
        expect(result.residualNorms.every(Number.isFinite)).toBe(true);
        wrong.push(...falsehoods(result, exact, sigma).map((each) => `seed ${seed}, sigma ${sigma}: ${each}`));
      }
    }
    expect(wrong).toEqual([]);
    // from loose solves nothing can be said
    if (innerTol >= 1e-2) expect(claims).toBe(0);
    if (innerTol <= 1e-6) expect(claims).toBeGreaterThan(0);
  });

  // confidence 0.5, so that an event that the bounds forget would show in many seeds; none is seen in 400
  test('of clusters around sigma, copies on one side and on both, and spectra of five decades', async () => {
    const wrong: string[] = [];
    let claims = 0;
    for (let seed = 0; seed < (long ? 200 : 12); seed++) {
      const { matrix, exact, sigma, next } = hardOperator(seed);
      const k = 1 + Math.floor(4 * next());
      const innerTol = 10 ** (-1 - 9 * next());
      const result = await eigsh(matrix, k, { sigma, seed, innerTol, tol: 1e-3, confidence: 0.5 });
      if (result.completeness!.radius! > 0) claims++;
      wrong.push(...falsehoods(result, exact, sigma).map((each) => `seed ${seed}: ${each}`));
    }
    expect(wrong).toEqual([]);
    expect(claims).toBeGreaterThan(long ? 60 : 3);
  });
});

describe('refused', () => {
  const { L } = path(20);
  test.each<[string, () => Promise<unknown>, RegExp]>([
    [
      'float32',
      () => eigsh(denseOperator(new Float32Array([2, 1, 1, 2]), [2, 2]), 1, { sigma: 0 }),
      /eigsh: sigma needs a float64 operator, this one is float32/,
    ],
    ['store', () => eigsh(L, 1, { sigma: 0.1, store: '/nowhere/x' }), /sigma cannot be combined with store/],
    ['another order', () => eigsh(L, 1, { sigma: 0.1, which: 'SA' }), /which cannot be combined with sigma/],
    ['innerTol alone', () => eigsh(L, 1, { innerTol: 0.1 }), /innerTol belongs to sigma, which is not given/],
    ['a preconditioner alone', () => eigsh(L, 1, { preconditioner: L }), /preconditioner belongs to sigma/],
    ['another size', () => eigsh(L, 1, { sigma: 0.1, preconditioner: path(3).L }), /20 x 20, the preconditioner 3 x 3/],
    ['an eigenvalue', () => eigsh(L, 1, { sigma: 0 }), /sigma = 0 is an eigenvalue, to rounding.*Move it/],
    [
      'a psd operator that is none',
      () => eigsh(derive(diagonalOperator([-3, 1, 2, 5]), { psd: true }), 1, { sigma: -0.5 }),
      /declares psd, and its products show a negative direction/,
    ],
    [
      'an operator that is not symmetric',
      () =>
        eigsh(
          denseOperator([
            [1, 4],
            [-4, 1],
          ]),
          1,
          { sigma: 0.5 },
        ),
      /the operator is not symmetric/,
    ],
  ])('%s', async (_, call, message) => {
    await expect(call()).rejects.toThrow(message);
  });
});

describe('the radius within which loose solves leave nothing unseen', () => {
  const search = { largest: 3, beyond: 0.5 };
  const found = (runs: number) => ({
    runs,
    run: { length: 10 },
  });

  // one end of the i-th run is wrong with probability (1 - confidence) 3 / (pi i)^2: 0.1 and 0.02, of which
  // scipy.stats.norm.ppf(0.55) and ppf(0.51) are the quantiles of the magnitude
  test.each([
    [1, 1 - (0.1 * Math.PI ** 2) / 3, 0.12566134685507402],
    [2, 1 - (0.02 * (2 * Math.PI) ** 2) / 3, 0.02506890825871106],
  ])('run %i at confidence %d: the overlap of an eigenvector is at least %d', (runs, confidence, overlap) => {
    for (const rho of [1e-4, 1e-6, 1e-12]) {
      const c = 10 / overlap;
      // ||B|| = largest + (c + 1) 4 ||B|| rho, by iteration
      let norm = search.largest;
      for (let step = 0; step < 200; step++) norm = search.largest + (c + 1) * 4 * norm * rho;
      const radius = 1 / (search.beyond + (c + 1) * 4 * norm * rho);
      expect(radiusOf(search, found(runs), confidence, rho)).toBeCloseTo(radius, 11);
    }
    // solves so loose that nothing bounds ||B||
    expect(radiusOf(search, found(runs), confidence, 1 / (4 * (10 / overlap + 1)) + 1e-12)).toBe(0);
  });

  test('without a bound there is none, and without a run only what the basis lacks', () => {
    expect(radiusOf({ ...search, beyond: undefined }, found(1), 0.9, 1e-9)).toBe(0);
    expect(radiusOf(search, undefined, 1, 1e-2)).toBeCloseTo(1 / (0.5 + (0.04 * 3) / 0.96), 12);
  });
});
