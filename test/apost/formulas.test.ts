/** Every number of a certificate from its formula, evaluated here once more: noise, slack and levels at each end. */
import { certify } from '../../src/apost/apost.ts';
import { coreRounding } from '../../src/apost/noise.ts';
import { parseApostOptions } from '../../src/apost/options.ts';
import { inertiaAtLeast, residualIntervals } from '../../src/apost/residuals.ts';
import type { Block } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import {
  apost,
  type Certificate,
  diagonalOperator,
  type Interval,
  type LinearOperator,
  ritzPairs,
} from '../../src/index.ts';
import { multivectorOf } from '../../src/multivector/host.ts';
import { levelAtLook } from '../../src/stats/sequential.ts';
import { describe, expect, test } from '../support/jest.ts';
import { uniforms } from '../support/matrices.ts';

const ENDS = ['estimate', 'lower', 'upper'] as const;
const OPPOSITE = { estimate: 'estimate', lower: 'upper', upper: 'lower' } as const;
const sum = (values: ArrayLike<number>): number => Array.from(values).reduce((total, value) => total + value, 0);
const square = (x: number): number => x * x;
/** SciPy 1.17: chi2.ppf([0.05, 0.95], 10), chi2.ppf([0.05, 0.95, 0.1, 0.9], 3). */
const TEN = { low: 3.940299136119061, high: 18.307038053275146 };
const THREE = {
  low: 0.35184631774927144,
  high: 7.814727903251179,
  lowTenth: 0.5843743741551835,
  highTenth: 6.251388631170325,
};

/** An exact operator plus `eps` times a fixed skew matrix: noise that is the same each time. */
function withSkew(values: readonly number[], eps: number): LinearOperator {
  const n = values.length;
  const next = uniforms(5);
  const K = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < i; j++) {
      K[i * n + j] = eps * next();
      K[j * n + i] = -K[i * n + j]!;
    }
  }
  return {
    ...diagonalOperator(values as number[]),
    selfAdjoint: true,
    matmat: ({ rows, cols, data }: Block) => {
      const out = new Float64Array(rows * cols);
      for (let i = 0; i < n; i++) {
        for (let j = 0; j < cols; j++) {
          out[i * cols + j] = values[i]! * data[i * cols + j]!;
          for (let d = 0; d < n; d++) out[i * cols + j]! += K[i * n + d]! * data[d * cols + j]!;
        }
      }
      return { rows, cols, data: out };
    },
  };
}

/** Unit vectors as eigenvectors, with what is said of them. */
async function unitPairs(
  n: number,
  eigenvalues: number[],
  residualNorms: number[],
  { noiseFloor, residualSamples }: { noiseFloor?: number | undefined; residualSamples?: number } = {},
) {
  const r = eigenvalues.length;
  const V = { rows: n, cols: r, data: new Float64Array(n * r) };
  for (let i = 0; i < r; i++) V.data[i * r + i] = 1;
  return {
    ...diagonalOperator(new Float64Array(n)),
    eigenvalues: Float64Array.from(eigenvalues),
    eigenvectors: await multivectorOf(V, 'float64'),
    residualNorms: Float64Array.from(residualNorms),
    ...(noiseFloor === undefined ? {} : { noiseFloor }),
    ...(residualSamples === undefined ? {} : { residualSamples }),
  };
}

function expectIntervals(got: Interval, expected: (end: (typeof ENDS)[number]) => number, digits = 10): void {
  for (const end of ENDS) expect([end, got[end]]).toEqual([end, expect.closeTo(expected(end), digits)]);
}

describe('pairs with residual norms', () => {
  const values = [5, -3, 1, -0.8, 0.6, 0.5, 0.4, 0.3];
  const n = values.length;
  const theta = [5, -3];
  const residualNorms = [0.3, 0.4];

  test.each<[string, number, number | undefined]>([
    ['exact products', 0, undefined],
    ['pairs that know of noise of their own', 0, 0.05],
    ['pairs whose own noise exceeds their residuals', 0, 0.6],
    ['noise in products', 0.01, undefined],
    ['noise in products, less than that of the pairs', 0.01, 0.1],
    ['much noise in products, more than that of the pairs', 0.3, 0.001],
  ])('%s: all norms at all ends', async (_, eps, ofPairs) => {
    const A = withSkew(values, eps);
    const pairs = await unitPairs(n, theta, residualNorms, { noiseFloor: ofPairs });
    const cert = await apost(A, pairs, { tests: 10, confidence: 0.95, seed: 3, kernels: 'js' });
    const { noiseFloor: noise } = cert;
    if (eps > 0) expect(noise).toBeGreaterThan(eps / 3);
    else expect(noise).toBeLessThan(1e-14);
    // noise of the test products, and of those behind the pairs
    const slack = noise + coreRounding(5, 2) + (ofPairs ?? 0);
    const root2 = Math.SQRT2;
    const R = 0.5;
    // residuals count twice; the part of a residual inside the span counts once, and is no more than noise
    const c: Interval = {
      estimate: 2 * R ** 2,
      upper: 2 * square(R + noise * root2),
      lower: Math.max(0, 2 * square(Math.max(0, R - slack * root2)) - square(noise * root2)),
    };
    const within = (total: number, by: number): Interval => ({
      estimate: total,
      lower: square(Math.max(0, Math.sqrt(total) - by)),
      upper: square(Math.sqrt(total) + by),
    });
    const captured = within(34, slack * root2);
    const tails = [34, 9, 0].map((tail, r) => within(tail, slack * Math.sqrt(2 - r)));
    const mean = square(cert.errorFrob.estimate) - c.estimate;
    // a test vector is sqrt(n) long
    const spread = noise * Math.sqrt(n);
    const t: Interval = {
      estimate: mean,
      lower: (10 / TEN.high) * square(Math.max(0, Math.sqrt(mean) - spread)),
      upper: (10 / TEN.low) * square(Math.sqrt(mean) + spread),
    };
    expectIntervals(cert.errorFrob, (end) => Math.sqrt(c[end] + t[end]));
    expectIntervals(cert.operatorFrob, (end) => Math.sqrt(captured[end] + c[end] + t[end]));
    const relative = (tail: Interval, of: Interval, end: (typeof ENDS)[number]): number =>
      Math.min(1, Math.sqrt((tail[end] + c[end] + of[end]) / (captured[OPPOSITE[end]] + c[end] + of[end])));
    expectIntervals(cert.relativeError, (end) => relative(tails[2]!, t, end));
    expect(cert.scree.length).toBe(3);
    for (const [r, tail] of tails.entries()) expectIntervals(cert.scree[r]!, (end) => relative(tail, t, end));
    // what is likely is another t, in the same formulas
    const { likely } = cert;
    const u = Object.fromEntries(
      ENDS.map((end) => [end, square(likely.errorFrob[end]) - c[end]]),
    ) as unknown as Interval;
    expect(u.lower).toBeGreaterThanOrEqual(t.lower - 1e-12);
    expect(u.upper).toBeLessThanOrEqual(t.upper + 1e-12);
    expectIntervals(likely.operatorFrob, (end) => Math.sqrt(captured[end] + c[end] + u[end]));
    expectIntervals(likely.relativeError, (end) => relative(tails[2]!, u, end));

    for (const [i, interval] of cert.eigenvalueIntervals.entries()) {
      const radius = residualNorms[i]! + noise;
      expectIntervals(interval, (end) => theta[i]! + { estimate: 0, lower: -radius, upper: radius }[end], 13);
    }
    expect(cert.inertia).toEqual({ negative: 1, positive: 1 });
    // zero is no farther away than any of them
    if (slack > 1e-12) expect(cert.scree[0]!.upper).toBe(1);
    // the Lanczos run ends with its space, which noise makes the whole one, but where noise is all that it could see
    const whole = 10 + 1 + 2 + (eps > 0 ? n - 1 : n - 3);
    if (eps > 0.1) expect(cert.numMatvecs).toBeLessThan(whole);
    else expect(cert.numMatvecs).toBe(whole);
  });

  test('norms whose residuals are sampled: a tenth of what an end may miss is theirs', async () => {
    const pairs = await unitPairs(n, theta, residualNorms, { residualSamples: 100 });
    const cert = await apost(diagonalOperator(values), pairs, { tests: 10, confidence: 0.95, seed: 3, kernels: 'js' });
    expect(cert.residualSamples).toBe(100);
    // SciPy 1.17: chi2.ppf([0.045, 0.955], 10), chi2.ppf([0.005, 0.995], 100)
    const ofTests = { lower: 10 / 18.64573961863543, upper: 10 / 3.8224812674771225, estimate: 1 };
    const ofResiduals = { lower: 100 / 140.1694894423138, upper: 100 / 67.32756330547916, estimate: 1 };
    // bounds are twice the estimates
    const R = 0.25;
    const mean = square(cert.errorFrob.estimate) - 2 * R ** 2;
    expectIntervals(cert.errorFrob, (end) => Math.sqrt(2 * R ** 2 * ofResiduals[end] + mean * ofTests[end]));
    for (const [i, { upper }] of cert.eigenvalueIntervals.entries())
      expect(upper).toBeCloseTo(theta[i]! + residualNorms[i]!, 12);
  });

  test('noise that shows in a repetition grows with the product', async () => {
    // what is left is nearly of rank one: the first test vector's product may be small beside others
    const spiky = [5, -3, 1, 0.01, 0.01, 0.01, 0.01, 0.01];
    const exact = diagonalOperator(spiky);
    const [tests, moved] = [3, 1e-3];
    let shown = 0;
    for (let seed = 1; seed <= 8; seed++) {
      let call = 0;
      const blocks: [Block, Block][] = [];
      const A: LinearOperator = {
        ...exact,
        matmat: async (X) => {
          const Y = await exact.matmat(X);
          call++;
          if (call <= 1)
            blocks.push([
              { ...X, data: X.data.slice() },
              { ...Y, data: Y.data.slice() },
            ]);
          // the repetition of the first test vector, and nothing else
          if (call === 2) Y.data[3]! += moved;
          return Y;
        },
      };
      const pairs = await unitPairs(n, [5, -3], [0, 0]);
      const options = { tests, confidence: 0.9, seed, lanczosSteps: 0, kernels: 'js' } as const;
      const cert = await apost(A, pairs, options);
      const [[X, Y]] = blocks as [[Block, Block]];
      const norms = (Z: Block): number[] =>
        Array.from({ length: tests }, (_, j) =>
          Math.sqrt(sum(Array.from({ length: n }, (_, i) => square(Z.data[i * tests + j]!)))),
        );
      const repeated = moved / norms(X)[0]!;
      expect(cert.noiseFloor).toBeCloseTo(repeated, 12);
      const lengths = norms(Y);
      const mean = sum(lengths.map(square)) / tests;
      const growth = Math.max(1, Math.sqrt(mean) / lengths[0]!);
      if (growth > 1.2) shown++;
      const spread = repeated * growth * Math.sqrt(n);
      const most = 2 * square(repeated * Math.SQRT2) + (tests / THREE.lowTenth) * square(Math.sqrt(mean) + spread);
      expect(cert.errorFrob.upper).toBeCloseTo(Math.sqrt(most), 9);
      const least = (tests / THREE.highTenth) * square(Math.max(0, Math.sqrt(mean) - spread));
      expect(cert.errorFrob.lower).toBeCloseTo(Math.sqrt(least), 9);
    }
    expect(shown).toBeGreaterThan(0);
  });
});

describe('single eigenvalues', () => {
  test('residual intervals', () => {
    expect(residualIntervals(Float64Array.of(2, -1), Float64Array.of(0.5, 0.25), 0.125)).toEqual([
      { estimate: 2, lower: 1.375, upper: 2.625 },
      { estimate: -1, lower: -1.375, upper: -0.625 },
    ]);
  });

  test('those within the noise of zero have no sign', () => {
    expect(inertiaAtLeast(Float64Array.of(3, 0.5, 0.25, -0.25, -0.5, -1, 0, 2), 0.25)).toEqual({
      negative: 2,
      positive: 3,
    });
  });

  test('rounding in the core: 16 roundings of the largest, and 20 for each root of its width', () => {
    expect(coreRounding(3, 16)).toBeCloseTo(3 * 96 * 2 ** -53, 30);
    expect(coreRounding(1, 0) / 2 ** -53).toBe(16);
  });
});

describe('approximations of which only products are known', () => {
  const values = [5, -3, 1, -0.8, 0.6, 0.5, 0.4, 0.3];
  const n = values.length;
  const lessened = values.map((value, i) => (i < 3 ? 0.9 * value : 0));
  const known = Float64Array.from(lessened.slice(0, 3));
  const norm = Math.sqrt(sum(known.map((value) => value ** 2)));
  const options = { tests: 3, confidence: 0.9, seed: 4, kernels: 'js' } as const;

  test.each([
    [1, 'one column at a time'],
    [2, 'blocks of two'],
    [3, 'all at once'],
  ])('the triangle inequality with the norm that is known, %i: %s', async (blockSize) => {
    const A = withSkew(values, 0.002);
    const approximation = diagonalOperator(lessened);
    const cert = await apost(A, { ...approximation, eigenvalues: known } as LinearOperator, { ...options, blockSize });
    const spread = cert.noiseFloor * Math.sqrt(n);
    // half of what the confidence leaves for each of two norms
    const at = (estimate: number): Interval => ({
      estimate,
      lower: Math.sqrt(3 / THREE.high) * (estimate - spread),
      upper: Math.sqrt(3 / THREE.low) * (estimate + spread),
    });
    const [error, operator] = [at(cert.errorFrob.estimate), at(cert.operatorFrob.estimate)];
    const lower = Math.max(error.lower / operator.upper, error.lower / (norm + error.lower));
    const upper =
      norm > error.upper
        ? Math.min(error.upper / operator.lower, error.upper / (norm - error.upper))
        : error.upper / operator.lower;
    const estimate = Math.max(lower, Math.min(upper, error.estimate / operator.estimate));
    expectIntervals(cert.relativeError, (end) => ({ estimate, lower, upper })[end], 9);
    // a single norm has all of it
    for (const name of ['errorFrob', 'operatorFrob'] as const) {
      const { estimate: mean, lower: low, upper: high } = cert[name];
      expect(low).toBeCloseTo(Math.sqrt(3 / THREE.highTenth) * (mean - spread), 9);
      expect(high).toBeCloseTo(Math.sqrt(3 / THREE.lowTenth) * (mean + spread), 9);
    }
    expect(cert.numMatvecs).toBe(4);
    expect([cert.deflated, cert.looks, cert.tests, cert.confidence, cert.seed]).toEqual([false, 1, 3, 0.9, 4]);
    expect(cert.events).toEqual(
      ['upper', 'lower'].flatMap((name) =>
        ['errorFrob', 'operatorFrob', 'relativeError'].map((field) => ({
          name,
          probability: 0.9,
          statements: [`${field}.${name}`],
        })),
      ),
    );
    // the same products as one block or as several
    expect(cert.errorFrob.estimate).toBeCloseTo((await apost(A, approximation, options)).errorFrob.estimate, 12);
    const { likely } = cert;
    expect(likely.relativeError.lower).toBeGreaterThanOrEqual(
      likely.errorFrob.lower / (norm + likely.errorFrob.lower) - 1e-12,
    );
    for (const name of ['errorFrob', 'operatorFrob'] as const) {
      expect(likely[name].estimate).toBe(cert[name].estimate);
      expect(likely[name].upper).toBeLessThanOrEqual(cert[name].upper + 1e-12);
      expect(likely[name].lower).toBeGreaterThanOrEqual(cert[name].lower - 1e-12);
    }
  });

  test.each([0, 0.01, 0.2])(
    'an error orthogonal to the approximation is all that is unknown, noise of %d',
    async (eps) => {
      const A = withSkew(values, eps);
      const pairs = await unitPairs(n, [5, -3], []);
      const { residualNorms: _, ...rest } = pairs;
      const approximation = { ...rest, matmat: diagonalOperator(values.map((value, i) => (i < 2 ? value : 0))).matmat };
      const cert = await apost(A, { ...approximation, orthogonalError: true } as LinearOperator, options);
      const ofPairs = cert.noiseFloor + coreRounding(5, 2);
      if (eps > 0) expect(cert.noiseFloor).toBeGreaterThan(eps / 3);
      // they come of A Q, which counts twice
      const spread = ofPairs * Math.sqrt(2 * 2);
      const K: Interval = {
        estimate: 34,
        lower: square(Math.sqrt(34) - spread),
        upper: square(Math.sqrt(34) + spread),
      };
      for (const { errorFrob, operatorFrob, relativeError } of [cert, cert.likely]) {
        const t: Interval = {
          estimate: square(errorFrob.estimate),
          lower: square(Math.max(0, errorFrob.lower - spread)),
          upper: square(errorFrob.upper + spread),
        };
        expectIntervals(operatorFrob, (end) => Math.sqrt(K[end] + t[end]));
        expectIntervals(relativeError, (end) => Math.min(1, Math.sqrt(t[end] / (K[OPPOSITE[end]] + t[end]))));
      }
      const ofTests = cert.noiseFloor * Math.sqrt(n);
      expect(cert.errorFrob.upper).toBeCloseTo(Math.sqrt(3 / THREE.lowTenth) * (cert.errorFrob.estimate + ofTests), 9);
      expect(cert.numMatvecs).toBe(3 + 1 + 2);
      expect(cert.events).toEqual(
        ['upper', 'lower'].map((name) => ({
          name,
          probability: 0.9,
          statements: ['relativeError', 'errorFrob', 'operatorFrob'].map((field) => `${field}.${name}`),
        })),
      );
      // without the claim, two sampled norms
      expect((await apost(A, approximation as LinearOperator, options)).events.length).toBe(6);
    },
  );

  test('a product of another shape is refused by whose it is', async () => {
    const wrong = { ...diagonalOperator(lessened), matmat: () => ({ rows: n, cols: 1, data: new Float64Array(n) }) };
    await expect(apost(diagonalOperator(values), wrong, options)).rejects.toThrow('product of the approximation');
  });
});

describe('the record', () => {
  const values = [5, -3, 1, -0.8, 0.6, 0.5];
  const A = diagonalOperator(values);
  const norms = (end: string): string[] =>
    ['relativeError', 'errorFrob', 'operatorFrob'].map((name) => `${name}.${end}`);

  test('which statements of pairs share an event; of pairs from elsewhere the gaps are none', async () => {
    const of = (cert: Certificate) => cert.events.map(({ name, statements }) => [name, statements]);
    const cert = await apost(A, await unitPairs(6, [5, -3], [0, 0]), { tests: 2 });
    expect(of(cert)).toEqual([
      ['upper', [...norms('upper'), 'scree.upper']],
      ['lower', [...norms('lower'), 'scree.lower']],
      ['spectral', ['missedEigenvalueBound', 'gapIntervals', 'angleBounds']],
    ]);
    const eigenvectors = { rows: 6, cols: 1, data: Float64Array.of(1, 0, 0, 0, 0, 0) };
    const given = await apost(A, await ritzPairs({ eigenvalues: [5], eigenvectors }), { tests: 2 });
    expect(of(given)).toEqual([
      ['upper', [...norms('upper'), 'scree.upper']],
      ['lower', [...norms('lower'), 'scree.lower']],
      ['spectral', ['missedEigenvalueBound']],
    ]);
    expect([given.gapIntervals, given.angleBounds, given.deflated]).toEqual([[null], [null], true]);
  });

  test('defaults, and what the approximation says of itself', async () => {
    const approximation = { ...A, coreAsymmetry: 0.25, samplingErrors: Float64Array.of(1, 2) };
    const cert = await apost(A, approximation);
    expect([cert.schema, cert.tests, cert.confidence, cert.seed, cert.looks]).toEqual([1, 30, 0.99, 0, 1]);
    expect([cert.coreAsymmetry, cert.samplingErrors]).toEqual([0.25, [1, 2]]);
    expect(cert.seconds).toBeGreaterThanOrEqual(0);
    expect(cert.seconds).toBeLessThan(100);
    const plain = await apost(A, A);
    expect(['coreAsymmetry', 'samplingErrors', 'scree'].some((name) => name in plain)).toBe(false);
  });

  test('test vectors are the columns of the stream of that name', async () => {
    const seen: Block[] = [];
    const watched: LinearOperator = {
      ...A,
      matmat: (X, out) => {
        seen.push({ ...X, data: X.data.slice() });
        return A.matmat(X, out);
      },
    };
    await apost(watched, A, { tests: 3, seed: 7 });
    const Omega = { rows: 6, cols: 3, data: new Float64Array(18) };
    fillRandom(Omega, 'gaussian', { seed: 7, purpose: 'test' }, 0);
    expect(seen[0]).toEqual(Omega);
  });

  test('residual norms alone make no pairs', async () => {
    const cert = await apost(A, { ...A, residualNorms: Float64Array.of(1) } as LinearOperator, { tests: 2 });
    expect(cert.deflated).toBe(false);
  });

  test('told as it goes, ended by a signal, and refused before a product', async () => {
    const told: { stage: string; done: number; total: number }[] = [];
    await apost(A, A, { tests: 5, blockSize: 2, onProgress: (progress) => void told.push(progress) });
    expect(told.filter(({ stage }) => stage === 'certificate').map(({ done, total }) => [done, total])).toContainEqual([
      4, 5,
    ]);
    const abort = new AbortController();
    const onProgress = (): void => abort.abort(new Error('enough'));
    await expect(apost(A, A, { tests: 5, blockSize: 2, onProgress, signal: abort.signal })).rejects.toThrow('enough');
    const unused = { ...A, matmat: () => Promise.reject(new Error('a product')) };
    await expect(apost(unused, A, { signal: AbortSignal.abort(new Error('before')) })).rejects.toThrow('before');
    for (const shape of [
      [6, 5],
      [5, 6],
    ] as const) {
      await expect(apost(unused, { ...A, shape } as LinearOperator)).rejects.toThrow(
        `apost: the operator is 6 x 6, the approximation ${shape[0]} x ${shape[1]}`,
      );
    }
    await expect(apost(unused, A, { tests: 0 })).rejects.toThrow('apost: tests must be an integer');
    await expect(apost(unused, A, { confidence: 1 })).rejects.toThrow(
      'apost: confidence must be a number between 0 and 1',
    );
    await expect(apost(unused, A, { lanczosSteps: -1 })).rejects.toThrow('apost: lanczosSteps must be an integer');
    await expect(apost(unused, A, { blockSize: 0 })).rejects.toThrow('apost: blockSize must be an integer');
  });

  test.each([2 ** -300, 2 ** 400])('in units of A: a certificate of %d A is that of A', async (scale) => {
    const scaled = diagonalOperator(values.map((value) => value * scale));
    const options = { tests: 4, seed: 2, kernels: 'js' } as const;
    const [one, other] = [
      await apost(A, await unitPairs(6, [5, -3], [0.1, 0.2], { noiseFloor: 0.05 }), options),
      await apost(
        scaled,
        await unitPairs(6, [5 * scale, -3 * scale], [0.1 * scale, 0.2 * scale], { noiseFloor: 0.05 * scale }),
        options,
      ),
    ];
    for (const end of ENDS) {
      expect(other.errorFrob[end] / scale).toBeCloseTo(one.errorFrob[end], 12);
      expect(other.operatorFrob[end] / scale).toBeCloseTo(one.operatorFrob[end], 12);
      expect(other.relativeError[end]).toBeCloseTo(one.relativeError[end], 12);
      expect(other.eigenvalueIntervals[1]![end] / scale).toBeCloseTo(one.eigenvalueIntervals[1]![end], 12);
      expect(other.likely.errorFrob[end] / scale).toBeCloseTo(one.likely.errorFrob[end], 12);
    }
    expect(other.missedEigenvalueBound / scale).toBeCloseTo(one.missedEigenvalueBound, 12);
    // a product of an approximation that has no eigenvalues is scaled with it
    const half = (of: readonly number[]) => diagonalOperator(of.map((value) => value / 2));
    const [a, b] = [
      await apost(A, half(values), options),
      await apost(scaled, half(values.map((value) => value * scale)), options),
    ];
    for (const end of ENDS) {
      expect(b.errorFrob[end] / scale).toBeCloseTo(a.errorFrob[end], 12);
      expect(b.relativeError[end]).toBeCloseTo(a.relativeError[end], 12);
    }
  });
});

describe('looks of a search', () => {
  test('the shares of all looks add up to what the confidence leaves', () => {
    for (const confidence of [0.5, 0.99]) {
      let shares = 0;
      for (let look = 1; look <= 2000; look++) shares += 1 - levelAtLook(confidence, look);
      // what is left of sum 6 / (pi i)^2 after 2000 terms is 3.04e-4
      expect(shares / (1 - confidence)).toBeCloseTo(1 - 3.04e-4, 6);
      expect(levelAtLook(confidence, 2) - levelAtLook(confidence, 1)).toBeGreaterThan(0);
    }
  });

  test('the second one spends its share, on test vectors that the first has not used', async () => {
    const A = diagonalOperator([5, -3, 1, -0.8]);
    const zero = diagonalOperator(new Float64Array(4));
    const run = (tests: number, look?: { number: number; testsUsed: number }) =>
      certify(A, zero, parseApostOptions({ tests, confidence: 0.9, seed: 1 }), look);
    const second = await run(3, { number: 2, testsUsed: 2 });
    expect([second.looks, second.confidence, second.events[0]!.probability]).toEqual([2, 0.9, 0.9]);
    // SciPy 1.17: l = 1 - 0.1 * 6 / (2 * pi)**2; chi2.ppf([1 - l, l], 3)
    const [low, high] = [0.15294729037685856, 10.436460178322262];
    expect(second.errorFrob.upper / second.errorFrob.estimate).toBeCloseTo(Math.sqrt(3 / low), 8);
    expect(second.errorFrob.lower / second.errorFrob.estimate).toBeCloseTo(Math.sqrt(3 / high), 8);
    const [first, all] = [await run(2), await run(5)];
    const squares = (cert: Certificate): number => cert.tests * square(cert.errorFrob.estimate);
    expect(squares(first) + squares(second)).toBeCloseTo(squares(all), 10);
    expect(first.looks).toBe(1);
  });
});
