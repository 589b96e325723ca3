/** 2^e A has the same answers as A, bit for bit but for the exponent, at every scale that its element type can hold. */
import {
  apost,
  cg,
  type DType,
  denseOperator,
  diagonal,
  eigsh,
  frobeniusNorm,
  fromMatvec,
  type LinearOperator,
  lanczos,
  logdet,
  minres,
  NumericalError,
  ritzPairs,
  seigh,
  spectralDensity,
  spectralNorm,
  ssvd,
  trace,
} from '../../src/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { temporaryFolder } from '../store/support.ts';
import { describe, expect, test } from '../support/jest.ts';

const folder = temporaryFolder();
const n = 40;
const spectrum = Array.from({ length: n }, (_, i) => (i % 3 === 2 ? -1 : 1) / (i + 1));

/** The matrix of an operator times 2^e. */
async function matrices(dtype: DType, values: number[]): Promise<(e: number) => LinearOperator> {
  const A = operatorWithSpectrum(values, { seed: 3, dtype });
  const square = (entry: (at: number) => number): Float32Array | Float64Array => {
    const entries = Array.from({ length: n * n }, (_, at) => entry(at));
    return dtype === 'float32' ? Float32Array.from(entries) : Float64Array.from(entries);
  };
  const { data } = await A.matmat({ rows: n, cols: n, data: square((at) => (at % (n + 1) === 0 ? 1 : 0)) });
  const symmetric = square((at) => {
    const [row, column] = [Math.floor(at / n), at % n];
    return data[Math.min(row, column) * n + Math.max(row, column)]!;
  });
  return (e) =>
    denseOperator(
      square((at) => symmetric[at]! * 2 ** e),
      [n, n],
    );
}

/** The number with its exponent taken out: 2^e x and x are the same. */
const over = (e: number) => (x: number) => (Math.abs(e) < 900 ? x / 2 ** e : x / 2 ** (e / 2) / 2 ** (e / 2));
const all = (values: ArrayLike<number>, f: (x: number) => number): number[] => Array.from(values, f);

const kernels = 'js' as const;
/** What each public function says of 2^e A, in units of 2^e. */
const answers: Record<string, (A: LinearOperator, unit: (x: number) => number, e: number) => Promise<unknown>> = {
  async seigh(A, unit) {
    const { eigenvalues, residualNorms, eigenvectors } = await seigh(A, 8, { seed: 1, kernels });
    return [all(eigenvalues, unit), all(residualNorms!, unit), (await eigenvectors.toBlock()).data];
  },
  async 'seigh, other methods'(A, unit) {
    const results = [
      await seigh(A, 12, { method: 'nystrom', kernels }),
      await seigh(A, 8, { method: 'oversampled', kernels }),
      await seigh(A, 8, { method: 'krylov', kernels }),
      await seigh(A, 8, { refine: true, kernels }),
    ];
    return results.map(({ eigenvalues }) => all(eigenvalues, unit));
  },
  async 'seigh to a tolerance'(A, unit) {
    const { eigenvalues, certificate } = await seigh(A, { tol: 0.4, blockSize: 8, kernels });
    return [all(eigenvalues, unit), unit(certificate.errorFrob.upper), certificate.relativeError];
  },
  async 'certificate of Ritz pairs'(A, unit) {
    const cert = await apost(A, await seigh(A, 8, { seed: 1, kernels }), { tests: 6, kernels });
    const lengths = [cert.errorFrob, cert.operatorFrob, cert.likely.errorFrob, ...cert.eigenvalueIntervals!];
    const gaps = cert.gapIntervals!.flatMap((each) => (each ? [each] : []));
    return [
      [...lengths, ...gaps].map(({ estimate, lower, upper }) => [unit(estimate), unit(lower), unit(upper)]),
      unit(cert.missedEigenvalueBound!),
      [cert.relativeError, cert.scree, cert.angleBounds, cert.inertia, cert.likely.effectiveDimension],
    ];
  },
  async 'certificate of other approximations'(A, unit) {
    const nystrom = await seigh(A, 12, { method: 'nystrom', kernels });
    const given = await ritzPairs({
      eigenvalues: nystrom.eigenvalues,
      eigenvectors: nystrom.eigenvectors,
    });
    const product = fromMatvec({ shape: A.shape, dtype: A.dtype, matmat: (X) => nystrom.matmat(X) });
    const certificates = [
      await apost(A, nystrom, { tests: 6, kernels }),
      await apost(A, given, { tests: 6, kernels }),
      await apost(A, product, { tests: 6, kernels }),
    ];
    return certificates.map((cert) => [cert.relativeError, unit(cert.errorFrob.upper), unit(cert.operatorFrob.lower)]);
  },
  async 'eigsh and lanczos'(A, unit) {
    const { eigenvalues, residualNorms, completeness, numConverged } = await eigsh(A, 3, { seed: 1, kernels });
    const { T } = await lanczos(A, 6, { kernels });
    return [
      eigenvalues,
      residualNorms,
      [completeness!.upperBound!, completeness!.lowerBound!],
      T.diagonal,
      T.offDiagonal,
    ]
      .map((values) => all(values, unit))
      .concat([[numConverged]]);
  },
  async 'certificates of Krylov results'(A, unit) {
    const results = [await seigh(A, 8, { method: 'krylov', kernels }), await eigsh(A, 3, { seed: 1, kernels })];
    const certificates = await Promise.all(results.map((result) => apost(A, result, { tests: 6, kernels })));
    return certificates.map(({ relativeError, errorFrob: { lower, upper }, scree }, i) => [
      unit(results[i]!.noiseFloor!),
      [relativeError, unit(lower), unit(upper), scree],
    ]);
  },
  async ssvd(A, unit) {
    return all((await ssvd(A, 8, { kernels })).singularValues, unit);
  },
  async 'traces and norms'(A, unit) {
    const byPlus = await trace(A, { maxProducts: 18, kernels });
    const byX = await trace(A, { method: 'xtrace', maxProducts: 12, kernels });
    const d = await diagonal(A, { maxProducts: 12, kernels });
    const norms = [await frobeniusNorm(A, { tests: 8, kernels }), await spectralNorm(A, { order: 8, kernels })];
    return [
      [byPlus.estimate, byPlus.upper, byPlus.likely.lower, byX.estimate, byX.upper].map(unit),
      all(d.diagonal, unit),
      norms.map(({ estimate, lower, upper }) => [unit(estimate), unit(lower), unit(upper)]),
    ];
  },
  async densities(A, unit) {
    const { rules, grid } = await spectralDensity(A, { order: 8, runs: 2, kernels, grid: 16 });
    return [rules.map(({ nodes, weights }) => [all(nodes, unit), weights]), all(grid, unit)];
  },
  async 'cg and minres'(A, unit, e) {
    const b = Float64Array.from({ length: n }, (_, i) => Math.sin(i + 1));
    const inverse = over(-e);
    const solved = await minres(A, b, { tol: 1e-3 });
    const curved = await cg(A, b);
    const again = await minres(A, b, { tol: 1e-3, x0: solved.solution });
    return [
      [all(solved.solution, inverse), solved.residualNorm, solved.status, solved.iterations],
      [curved.status, unit(curved.negativeCurvature!.curvature)],
      [again.status, all(again.solution, inverse)],
    ];
  },
};

describe.each([
  ['float64', [-960, -600, -300, -101, 101, 300, 600, 1000]],
  ['float32', [-110, -70, -33, 33, 70, 120]],
] as [DType, number[]][])('%s', (dtype, exponents) => {
  test.each(Object.keys(answers))(
    '%s',
    async (name) => {
      const at = await matrices(dtype, spectrum);
      const expected = await answers[name]!(at(0), (x) => x, 0);
      for (const e of exponents) expect([e, await answers[name]!(at(e), over(e), e)]).toEqual([e, expected]);
    },
    60_000,
  );

  test('right-hand sides of every size', async () => {
    const A = (await matrices(dtype, spectrum.map(Math.abs)))(0);
    const b = Float64Array.from({ length: n }, (_, i) => Math.cos(i));
    for (const solver of [cg, minres]) {
      const expected = await solver(A, b, { tol: 1e-3 });
      expect(expected.status).toBe('converged');
      for (const f of [-900, -500, 500, 1000]) {
        const scaled = await solver(
          A,
          b.map((value) => value * 2 ** f),
          { tol: 1e-3 },
        );
        expect(scaled.status).toBe('converged');
        expect(all(scaled.solution, over(f))).toEqual(Array.from(expected.solution));
        expect(over(f)(scaled.residualNorm)).toBe(expected.residualNorm);
      }
    }
  });

  test('a logarithm knows the scale', async () => {
    const at = await matrices(dtype, spectrum.map(Math.abs));
    const options = { order: 12, runs: 3, kernels } as const;
    const { estimate } = await logdet(at(0), options);
    for (const e of exponents) {
      expect((await logdet(at(e), options)).estimate).toBeCloseTo(estimate + n * e * Math.LN2, 7);
    }
  });
});

test('the first product is made again where its scale was found, and counted', async () => {
  const at = await matrices('float64', spectrum);
  let columns = 0;
  const counted = (e: number): LinearOperator => {
    const A = at(e);
    return {
      ...A,
      matmat: (X) => {
        columns += X.cols;
        return A.matmat(X);
      },
    };
  };
  for (const e of [0, -300, 1010]) {
    columns = 0;
    const { numMatvecs } = await eigsh(counted(e), 3, { kernels });
    expect(numMatvecs).toBe(columns);
  }
});

test('what float64 cannot hold is refused by that name', async () => {
  const huge = denseOperator(
    Float64Array.from({ length: n * n }, () => 1e308),
    [n, n],
  );
  await expect(frobeniusNorm(huge)).rejects.toThrow(NumericalError);
  await expect(frobeniusNorm(huge)).rejects.toThrow(/2\^102\d, which float64 cannot hold/);
});

test('a column of 1e308 beside ordinary ones', async () => {
  const d = Float64Array.from({ length: n }, (_, i) => (i === n - 1 ? 1e308 : 1));
  const A = denseOperator(
    Float64Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? d[at % n]! : 0)),
    [n, n],
  );
  const { eigenvalues } = await seigh(A, 5, { kernels });
  expect(eigenvalues[0]! / 1e308).toBeCloseTo(1, 12);
});

test('the result of a scaled operator multiplies at the scale of A', async () => {
  const at = await matrices('float64', spectrum);
  const X = { rows: n, cols: 1, data: Float64Array.from({ length: n }, (_, i) => Math.cos(i)) };
  const [plain, scaled] = [await seigh(at(0), 8, { kernels }), await seigh(at(-700), 8, { kernels })];
  expect(all((await scaled.matmat(X)).data, over(-700))).toEqual(Array.from((await plain.matmat(X)).data));
  expect(all(await scaled.apply(X.data), over(-700))).toEqual(Array.from(await plain.apply(X.data)));
});

test('files have no scale of their own: such an operator is refused there', async () => {
  const A = (await matrices('float64', spectrum))(-700);
  await expect(eigsh(A, 2, { store: folder('search') })).rejects.toThrow(/with store, give 2\^\d+ times the operator/);
});

describe('pairs from elsewhere that are of another scale than the operator', () => {
  const small = denseOperator(Float32Array.of(3, 0, 0, 1), [2, 2]);
  const pair = (value: number, entry: number) =>
    ritzPairs({ eigenvalues: [value], eigenvectors: { rows: 2, cols: 1, data: Float64Array.of(entry, 0) } });

  test.each([
    [200, 1],
    [296, 1.5 * 2 ** -149],
    [90, 1],
  ])(
    'eigenvalues of 2^%d over one of 3: nothing would be left of the operator, so nothing is said of it',
    async (e, entry) => {
      const message =
        /^apost: products of the operator are about 2\^\d+ times smaller than the eigenvalues of the approximation/;
      await expect(apost(small, await pair(2 ** e, entry))).rejects.toThrow(message);
      await expect(apost(small, await pair(2 ** e, entry))).rejects.toThrow(NumericalError);
    },
  );

  test('as far as the type holds both, the error is that of the eigenvalue', async () => {
    const { errorFrob, operatorFrob } = await apost(small, await pair(2 ** 50, 1));
    const error = Math.hypot(2 ** 50 - 3, 1);
    expect(errorFrob.lower).toBeLessThanOrEqual(error);
    expect(errorFrob.upper).toBeGreaterThanOrEqual(error);
    expect(operatorFrob.lower).toBeLessThanOrEqual(Math.sqrt(10));
    expect(operatorFrob.upper).toBeGreaterThanOrEqual(Math.sqrt(10));
  });
});
