/** Gap intervals where residuals are rounding: eigenvalues of random matrices to 17 digits by mpmath 1.3, `eigsy` at 50 digits. */
import { apost, denseOperator, eigsh, seigh } from '../../src/index.ts';
import { expect, test } from '../support/jest.ts';
import { uniforms } from '../support/matrices.ts';

const N = 14;
/** By the seed of the matrix. */
const EIGENVALUES: Record<number, number[]> = {
  18: [
    -4.123999456480913, -3.4355436829318586, -2.348947036635932, -2.071611856814034, -1.4398475139393998,
    -1.3454218747515985, -0.7420028333414372, -0.3167163909369973, 0.4762391799263326, 0.5311942431353603,
    1.3582988462080503, 1.8243456099095996, 2.1484157577588205, 3.61391367495335,
  ],
  25: [
    -3.5192124043683117, -3.104028302135104, -2.4067977083923737, -1.7555417397463349, -1.5117928189701941,
    -1.0155550910600513, -0.7182474741976922, 0.2802056337884729, 0.4611255970286322, 1.030578529040637,
    2.0550835050583287, 2.789722385570851, 3.245971566021248, 3.81776376012731,
  ],
  52: [
    -3.4523276684187327, -3.193964316172567, -2.6619297978068275, -1.752384199560778, -1.4069407991369771,
    -1.2090947767976392, -0.5484088696932591, 0.07912621843198181, 0.37514844583362256, 1.3756498575283331,
    1.582444279339032, 1.9229464652449453, 2.874392831852632, 3.531173029416508,
  ],
  53: [
    -4.249874979638623, -3.744287951063075, -2.5173296665758436, -2.0051246478923073, -1.8375987198946342,
    -0.7472555490722128, -0.14017888347449475, 0.4831182658831432, 0.6610637532454287, 0.9964192415888983,
    1.299674060212758, 1.810656689442351, 2.3970147158790502, 3.326814195949274,
  ],
};

/** Symmetric with entries uniform in (-1, 1). */
function matrix(seed: number): Float64Array {
  const next = uniforms(seed);
  const A = new Float64Array(N * N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j <= i; j++) {
      A[i * N + j] = next();
      A[j * N + i] = A[i * N + j]!;
    }
  }
  return A;
}

test.each(['js', 'wasm'] as const)('%s: each contains exactly one eigenvalue, to the last bit', async (kernels) => {
  for (const [seed, exact] of Object.entries(EIGENVALUES)) {
    const A = denseOperator(matrix(Number(seed)), [N, N]);
    for (const result of [await seigh(A, N, { kernels }), await eigsh(A, 5, { kernels, tol: 1e-14 })]) {
      const { gapIntervals, inertia } = await apost(A, result, { tests: 5, kernels });
      const stated = gapIntervals!.flatMap((interval) => interval ?? []);
      expect(stated.length).toBeGreaterThan(0);
      for (const { lower, upper } of stated) {
        expect(exact.filter((value) => value >= lower && value <= upper)).toHaveLength(1);
        expect(upper - lower).toBeLessThan(1e-12);
      }
      expect(inertia!.negative).toBeLessThanOrEqual(exact.filter((value) => value < 0).length);
      expect(inertia!.positive).toBeLessThanOrEqual(exact.filter((value) => value > 0).length);
    }
  }
});
