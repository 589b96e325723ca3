/** What pairs may have missed, what gaps that certifies, and the noise of the largest products: by definition and by hand. */
import type { Certification } from '../../src/apost/certification.ts';
import {
  couplingOf,
  denseCore,
  diagonalCore,
  lanczosOnError,
  missedBound,
  spectralBound,
} from '../../src/apost/completeness.ts';
import { isolatedPairs } from '../../src/apost/gaps.ts';
import { leadingWeights, noiseOfLargestProducts } from '../../src/apost/largest-products.ts';
import { type Block, type Matrix, zeroMatrix } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import { denseOperator, diagonalOperator, type LinearOperator } from '../../src/index.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { jacobi } from '../support/eigenvalues.ts';
import { describe, expect, test } from '../support/jest.ts';
import { apply, orthonormalVectors } from '../support/krylov.ts';
import { multiply, randomBlock, transposed, uniforms } from '../support/matrices.ts';

const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

function certification(op: LinearOperator, lanczosSteps = 0): Certification {
  const space = hostSpace(op.shape[0], op.dtype).scope();
  return {
    ...{ op, tests: 2, confidence: 0.9, level: 0.9, lanczosSteps, verbs: { kernels: jsKernels } },
    measuring: { space, blockSize: 4, stage: 'certificate' },
  } as Partial<Certification> as Certification;
}

describe('the bound of what was missed', () => {
  /** SciPy 1.17: sqrt(chi2.ppf(0.1, 1)). */
  const quantile = 0.12566134685507402;
  const run = { length: 7, diagonal: [0.5], offDiagonal: [0.2], rounding: 0, inSpan: 0, numMatvecs: 0 };
  const few = { cols: 2, rows: 9 } as Parameters<typeof spectralBound>[1]['V'];

  /** The x with beta + noise = (x - alpha) z max(sqrt(1/2), x / sqrt(x^2 + coupling^2)) / length, by fixed-point iteration. */
  function oneStep(alpha: number, perStep: number, coupling: number): number {
    let x = alpha + 1;
    for (let i = 0; i < 2000; i++) {
      const share = Math.max(Math.SQRT1_2, x / Math.sqrt(x ** 2 + coupling ** 2));
      x = alpha + ((0.2 + perStep) * 7) / (quantile * share);
    }
    return x;
  }

  test('one step, without coupling and noise', () => {
    expect(spectralBound(run, { V: few, coupling: 0 }, 0, 0.9)).toBeCloseTo(0.5 + (0.2 * 7) / quantile, 9);
    const below = { ...run, diagonal: [-0.5] };
    expect(spectralBound(below, { V: few, coupling: 0 }, 0, 0.9)).toBeCloseTo(0.5 + (0.2 * 7) / quantile, 9);
  });

  test.each([0.01, 1, 10, 1000])(
    'coupled by %d: the eigenvector may be in the span up to one half, or R / x',
    (coupling) => {
      for (const alpha of [0.5, -0.5]) {
        const bound = spectralBound({ ...run, diagonal: [alpha] }, { V: few, coupling }, 0, 0.9);
        expect(bound).toBeCloseTo(oneStep(0.5, 0, coupling), 8);
      }
    },
  );

  test('noise counts in every step: of products, of rounding, and of what a step lacks in the span', () => {
    const bound = (changes: Partial<typeof run>, coupling: number, noise: number): number =>
      spectralBound({ ...run, ...changes }, { V: few, coupling }, noise, 0.9);
    expect(bound({}, 0.3, 0.05)).toBeCloseTo(oneStep(0.5, 0.05, 0.3), 9);
    expect(bound({ rounding: 0.03 }, 0.3, 0.05)).toBeCloseTo(oneStep(0.5, 0.08, 0.3), 9);
    // at most ||R|| / 0.5 of a unit vector lies in the span, and at most sqrt(1/2)
    expect(bound({ inSpan: 0.1 }, 0.3, 0)).toBeCloseTo(oneStep(0.5, 0.1 * (0.3 / 0.5), 0.3), 9);
    expect(bound({ inSpan: 0.1 }, 3, 0)).toBeCloseTo(oneStep(0.5, 0.1 * Math.SQRT1_2, 3), 9);
  });

  test('a basis of the whole space, or a test vector within it, leaves the residuals', () => {
    expect(spectralBound(run, { V: { cols: 9, rows: 9 } as typeof few, coupling: 0.3 }, 0.05, 0.9)).toBeCloseTo(
      0.35,
      14,
    );
    const none = { ...run, length: 0, diagonal: [], offDiagonal: [] };
    expect(spectralBound(none, { V: few, coupling: 0.3 }, 0.05, 0.9)).toBeCloseTo(0.35, 14);
    // nothing at all is left
    expect(spectralBound({ ...run, diagonal: [0], offDiagonal: [0] }, { V: few, coupling: 0 }, 0, 0.9)).toBe(0);
  });

  test('the coupling: the root of the sum of squares of residuals, each with the noise', () => {
    expect(couplingOf(Float64Array.of(2, 3), 1)).toBeCloseTo(5, 14);
  });
});

describe('the Lanczos run on the error', () => {
  const n = 14;
  const X = randomBlock(n, n, 8);
  const A: Block = { ...X, data: X.data.map((value, at) => value + transposed(X).data[at]!) as Float64Array };
  const vectors = orthonormalVectors([0, 1, 2].map((j) => Array.from({ length: n }, (_, i) => X.data[i * n + j]!)));
  const V = transposed({ rows: 3, cols: n, data: Float64Array.from(vectors.flat()) });
  const core = multiply(transposed(V), multiply(A, V)) as Matrix;
  /** A - V core V^T. */
  const known = multiply(V, multiply(core, transposed(V)));
  const E: Block = { ...A, data: A.data.map((value, at) => value - known.data[at]!) as Float64Array };

  async function start(seed: number) {
    const next = uniforms(seed);
    const w = Array.from({ length: n }, next);
    const g = w.map((value, i) => value - vectors.reduce((sum, v) => sum + dot(v, w) * v[i]!, 0));
    const product = apply(A, g);
    const column = (x: readonly number[]) => ({ rows: n, cols: 1, data: Float64Array.from(x) });
    const second = column(Array.from({ length: n }, next));
    const G = {
      rows: n,
      cols: 2,
      data: Float64Array.from({ length: 2 * n }, (_, at) => (at % 2 ? second.data[(at - 1) / 2]! : g[at / 2]!)),
    };
    return {
      ...{ g, G: await multivectorOf(G, 'float64') },
      inSpan: { rows: 3, cols: 1, data: Float64Array.from(vectors, (v) => dot(v, product)) },
      inStart: zeroMatrix(3, 1),
      product: await multivectorOf(column(product), 'float64'),
    };
  }

  /** Lanczos on a dense matrix, spelled out. */
  function dense(M: Block, g: number[], steps: number) {
    const length = Math.hypot(...g);
    let [before, v] = [g.map(() => 0), g.map((value) => value / length)];
    const [diagonal, offDiagonal] = [[] as number[], [] as number[]];
    for (let step = 0; step <= steps; step++) {
      const product = apply(M, v);
      const alpha = dot(v, product);
      const beta = offDiagonal.at(-1) ?? 0;
      const rest = product.map((value, i) => value - alpha * v[i]! - beta * before[i]!);
      diagonal.push(alpha);
      offDiagonal.push(Math.hypot(...rest));
      [before, v] = [v, rest.map((value) => value / offDiagonal.at(-1)!)];
    }
    return { length, diagonal, offDiagonal };
  }

  test.each([0, 1, 4])('is Lanczos on A - V C V^T with %i further products', async (steps) => {
    const { g, ...known } = await start(3);
    let products = 0;
    const exact = denseOperator(A);
    const op: LinearOperator = {
      ...exact,
      matmat: (Y, out) => {
        products++;
        return exact.matmat(Y, out);
      },
    };
    const deflation = { V: await multivectorOf(V, 'float64'), core: denseCore(core, jsKernels), coupling: 0 };
    const run = await lanczosOnError(certification(op, steps), deflation, known);
    const expected = dense(E, g, steps);
    expect([run.diagonal.length, run.numMatvecs, products]).toEqual([steps + 1, steps, steps]);
    expect(run.length).toBeCloseTo(expected.length, 12);
    for (const [i, value] of expected.diagonal.entries()) {
      expect(run.diagonal[i]).toBeCloseTo(value, 10);
      expect(run.offDiagonal[i]).toBeCloseTo(expected.offDiagonal[i]!, 10);
    }
    // vectors have in the span what they are expected to have
    expect(run.inSpan).toBeLessThan(1e-12);
    expect(run.rounding).toBeLessThan(1e-13);
  });
});

test('what the start has in the span counts as far as C makes it large', async () => {
  const [n, factor, tilt] = [6, 1000, 1e-5];
  const A = diagonalOperator(Float64Array.of(factor, 1, 0.5, 0.2, 0.1, 0.05));
  const V = await multivectorOf({ rows: n, cols: 1, data: Float64Array.of(1, 0, 0, 0, 0, 0) }, 'float64');
  const g = Float64Array.of(tilt, 1, 1, 1, 1, 1);
  const column = (data: Float64Array) => multivectorOf({ rows: n, cols: 1, data }, 'float64');
  const { data: product } = await A.matmat({ rows: n, cols: 1, data: g });
  const { inSpan } = await lanczosOnError(
    certification(A),
    { V, core: diagonalCore(Float64Array.of(factor)), coupling: 0 },
    {
      ...{ G: await column(g), product: await column(product as Float64Array) },
      inStart: { rows: 1, cols: 1, data: Float64Array.of(tilt) },
      inSpan: { rows: 1, cols: 1, data: Float64Array.of(product[0]!) },
    },
  );
  expect(inSpan).toBeCloseTo((factor * tilt) / Math.sqrt(5 + tilt ** 2), 12);
});

describe('the bound of a run', () => {
  const n = 400;
  const rest = 1e-3;
  const A = diagonalOperator(Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : rest / (1 + i / n))));
  const missedWith = async (noise: number) => {
    const V = await multivectorOf(
      { rows: n, cols: 1, data: Float64Array.from({ length: n }, (_, i) => Number(i === 0)) },
      'float64',
    );
    const g = Float64Array.from(randomBlock(n, 1, 5).data, (value, i) => (i === 0 ? 0 : value));
    const column = (data: Float64Array) => multivectorOf({ rows: n, cols: 1, data }, 'float64');
    const { data: product } = await A.matmat({ rows: n, cols: 1, data: g });
    const start = {
      G: await column(g),
      product: await column(product as Float64Array),
      ...{ inSpan: zeroMatrix(1, 1), inStart: zeroMatrix(1, 1) },
    };
    const deflation = { V, core: diagonalCore(Float64Array.of(1)), coupling: 0 };
    const bound = await missedBound(certification(A, 8), deflation, start, () => noise);
    return { ...bound, length: Math.hypot(...g) };
  };

  test('noise below what a run sees: all steps are made', async () => {
    const { missed, numMatvecs } = await missedWith(1e-12);
    expect(numMatvecs).toBe(8);
    expect(missed).toBeGreaterThan(0.99 * rest);
    expect(missed).toBeLessThan(1.5 * rest);
  });

  test('noise above it: it ends at once, and says no more than a fourth above what noise alone leaves', async () => {
    const noise = 0.1;
    const { missed, numMatvecs, length } = await missedWith(noise);
    expect(numMatvecs).toBe(0);
    // SciPy 1.17: sqrt(chi2.ppf(0.1, 1))
    const ofNoise = (noise * length) / 0.12566134685507402;
    expect(missed).toBeGreaterThan(ofNoise);
    expect(missed).toBeLessThan(1.25 * ofNoise);
  });
});

test('what the vectors of a run have in the span without being expected to is told, as the largest product it makes', async () => {
  const n = 9;
  const X = randomBlock(n, n, 8);
  const A: Block = { ...X, data: X.data.map((value, at) => value + transposed(X).data[at]!) as Float64Array };
  // V = [e_1, e_2], C = V^T A V, g outside of it
  const V = { rows: n, cols: 2, data: Float64Array.from({ length: 2 * n }, (_, at) => (at === 0 || at === 3 ? 1 : 0)) };
  const core: Matrix = { rows: 2, cols: 2, data: Float64Array.of(A.data[0]!, A.data[1]!, A.data[n]!, A.data[n + 1]!) };
  const g = Array.from({ length: n }, (_, i) => (i < 2 ? 0 : 1 + i / 3));
  const product = apply(A, g);
  const column = (x: readonly number[]) =>
    multivectorOf({ rows: x.length, cols: 1, data: Float64Array.from(x) }, 'float64');
  const runWith = async (error: number, steps: number) =>
    lanczosOnError(
      certification(denseOperator(A), steps),
      { V: await multivectorOf(V, 'float64'), core: denseCore(core, jsKernels), coupling: 0 },
      {
        ...{ G: await column(g), product: await column(product), inStart: zeroMatrix(2, 1) },
        inSpan: { rows: 2, cols: 1, data: Float64Array.of(product[0]! + error, product[1]!) },
      },
    );
  for (const error of [1e-3, -0.2]) {
    const { inSpan, length, offDiagonal } = await runWith(error, 1);
    // the next vector is told to have error / (||g|| beta) more of e_1 than it has
    const ofCore = Math.hypot(core.data[0]!, core.data[2]!);
    expect(inSpan).toBeCloseTo((Math.abs(error) * ofCore) / (length * offDiagonal[0]!), 12);
    expect((await runWith(error, 3)).inSpan).toBeGreaterThanOrEqual(inSpan);
  }
  expect((await runWith(0, 3)).inSpan).toBeLessThan(1e-12);
});

describe('gaps', () => {
  /** The larger eigenvalue of [[a, c], [c, m]]. */
  const norm = (a: number, c: number, m: number): number =>
    jacobi({ rows: 2, cols: 2, data: Float64Array.of(a, c, c, m) }).values[1]!;

  /** Every cut after the pair, in order of magnitude: the nearest leading value and the norm of the rest, less the coupling. */
  function expected(theta: number[], residuals: number[], noise: number, missed: number) {
    const order = theta.map((_, i) => i).sort((i, j) => Math.abs(theta[j]!) - Math.abs(theta[i]!));
    const rho = residuals.map((value) => value + noise);
    return theta.map((own, i) => {
      const place = order.indexOf(i);
      let gap = 0;
      for (let s = place + 1; s <= theta.length; s++) {
        const [leading, rest] = [order.slice(0, s), order.slice(s)];
        const coupling = Math.hypot(...leading.map((j) => rho[j]!));
        const tail = Math.hypot(...rest.map((j) => rho[j]!));
        const next = rest.length > 0 ? Math.abs(theta[rest[0]!]!) + noise : 0;
        const beyond = norm(next, Math.min(tail, missed), missed);
        const nearest = Math.min(...leading.filter((j) => j !== i).map((j) => Math.abs(theta[j]! - own)));
        gap = Math.max(gap, Math.min(nearest, Math.abs(own) - beyond) - coupling - 2 * noise);
      }
      const shift =
        gap > 0 ? (2 * rho[i]! ** 2) / (gap + Math.sqrt(gap ** 2 + 4 * rho[i]! ** 2)) : Number.POSITIVE_INFINITY;
      if (shift >= gap) return null;
      return { radius: shift + noise, angle: Math.asin(Math.min(1, rho[i]! / gap)) };
    });
  }

  test('are the best over all cuts', () => {
    const next = uniforms(9);
    let [stated, refused] = [0, 0];
    for (let trial = 0; trial < 300; trial++) {
      const r = 1 + (trial % 5);
      const theta = Array.from({ length: r }, (_, i) => (3 * next()) / (1 + i / 2));
      const residuals = theta.map(() => 0.1 * Math.abs(next()));
      const [noise, missed] = [trial % 3 ? 0.03 * Math.abs(next()) : 0, 0.5 * Math.abs(next())];
      const known = { theta: Float64Array.from(theta), residualNorms: Float64Array.from(residuals), noise, missed };
      const wanted = expected(theta, residuals, noise, missed);
      for (const [i, pair] of isolatedPairs({ ...known, defect: 0 }).entries()) {
        const one = wanted[i]!;
        if (one === null) {
          refused++;
          expect(pair).toBeNull();
          continue;
        }
        stated++;
        expect(pair!.interval.estimate).toBe(theta[i]);
        expect(pair!.interval.upper - theta[i]!).toBeCloseTo(one.radius, 12);
        expect(theta[i]! - pair!.interval.lower).toBeCloseTo(one.radius, 12);
        expect(pair!.angle).toBeCloseTo(one.angle, 12);
      }
    }
    expect(stated).toBeGreaterThan(100);
    expect(refused).toBeGreaterThan(100);
  });
});

describe('the noise of the largest products', () => {
  const n = 5;

  test('the difference of a product and that of -3/2 of the vector, of a unit vector, scaled to the largest', async () => {
    const exact = diagonalOperator([4, 1, 0, 0, 0]);
    const told: number[] = [];
    const noisy: LinearOperator = {
      ...exact,
      matmat: async (X) => {
        const Y = await exact.matmat(X);
        told.push(X.data[0]!);
        // 0.3 in one entry of the first product and 0.6 in another one of the second: a difference of (0.3, 0.4)
        Y.data[told.length === 1 ? 3 : 4]! += told.length === 1 ? 0.3 : 0.6;
        return Y;
      },
    };
    const x = { rows: n, cols: 1, data: Float64Array.of(2, 0, 0, 0, 0) };
    // the product is of length 8.0056 for a vector of length 2
    const size = Math.hypot(8, 0.3) / 2;
    const { noise, numMatvecs } = await noiseOfLargestProducts(certification(noisy), x, 12);
    expect(noise).toBeCloseTo((Math.SQRT2 * (12 / size) * 0.5) / 2, 12);
    expect([numMatvecs, told]).toEqual([2, [2, -3]]);
    // a product that is the largest already is not scaled down
    told.length = 0;
    expect((await noiseOfLargestProducts(certification(noisy), x, 1)).noise).toBeCloseTo((Math.SQRT2 * 0.5) / 2, 12);
    // one that vanishes shows its noise as it is
    const zero = diagonalOperator(new Float64Array(n));
    expect((await noiseOfLargestProducts(certification(zero), x, 1)).noise).toBe(0);
  });

  test('no product where nothing is known', async () => {
    const unused = { ...diagonalOperator(new Float64Array(n)), matmat: () => Promise.reject(new Error('a product')) };
    const x = (first: number) => ({ rows: n, cols: 1, data: Float64Array.of(first, 0, 0, 0, 0) });
    for (const [first, largest] of [
      [1, 0],
      [0, 1],
    ] as const) {
      const products = await noiseOfLargestProducts(certification(unused), x(first), largest);
      expect(products).toEqual({ noise: 0, numMatvecs: 0 });
    }
  });

  test('the weights: those of the leading eigenvectors grow by C squared', async () => {
    const make = async (core: number[]): Promise<Float64Array> => {
      const C = { rows: 2, cols: 2, data: Float64Array.from(core) };
      const { rows, cols, data } = await leadingWeights(denseCore(C, jsKernels));
      expect([rows, cols]).toEqual([2, 1]);
      const [, first, second] = core;
      if (first === 0 && second === 0) {
        const diagonal = diagonalCore(Float64Array.of(core[0]!, core[3]!));
        expect((await leadingWeights(diagonal)).data).toEqual(data);
      }
      return data;
    };
    const plain = await make([1, 0, 0, 1]);
    expect(Math.hypot(...plain)).toBeCloseTo(1, 14);
    const weights = { rows: 2, cols: 1, data: new Float64Array(2) };
    fillRandom(weights, 'gaussian', { seed: 0, purpose: 'probe' }, 0);
    expect(plain[0]! / plain[1]!).toBeCloseTo(weights.data[0]! / weights.data[1]!, 12);
    const weighted = await make([3, 0, 0, -2]);
    expect(weighted[0]! / weighted[1]!).toBeCloseTo(((9 / 4) * plain[0]!) / plain[1]!, 12);
    expect(Math.hypot(...weighted)).toBeCloseTo(1, 14);
    // a core of zeros has no leading direction: any combination
    const any = await make([0, 0, 0, 0]);
    expect(any[0]! / any[1]!).toBeCloseTo(plain[0]! / plain[1]!, 12);
  });
});
