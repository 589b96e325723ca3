/** Lower ends where nothing but rounding is left of the error, which residual norms of Krylov methods include. */
import { truthOf } from '../../bench/support/truth.ts';
import { apost, diagonalOperator, type EighResult, eigsh, type LinearOperator, seigh } from '../../src/index.ts';
import { expect, test } from '../support/jest.ts';
import { repeatedTitle, repeats } from '../support/long.ts';

const METHODS: Record<string, (A: LinearOperator, seed: number) => Promise<EighResult>> = {
  krylov: (A, seed) => seigh(A, 9, { method: 'krylov', seed }),
  eigsh: (A, seed) => eigsh(A, 3, { seed }),
  hmt: (A, seed) => seigh(A, 9, { seed }),
};

const SEEDS = repeats(3, 10, 30);

test.each(Object.keys(METHODS))(repeatedTitle('%s: not above the truth'), async (method) => {
  for (const spectrum of [
    [3, -2, 1],
    [1, 1, 1, 1e-3],
  ]) {
    const values = new Float64Array(40);
    values.set(Float32Array.from(spectrum));
    for (const T of [Float32Array, Float64Array]) {
      const A = diagonalOperator(T.from(values));
      for (let seed = 0; seed < SEEDS; seed++) {
        const result = await METHODS[method]!(A, seed);
        const { relativeError, errorFrob, scree } = await apost(A, result, { tests: 10, seed });
        const truth = await truthOf(values, result);
        expect(errorFrob.lower).toBeLessThanOrEqual(truth.errorFrob);
        expect(relativeError.lower).toBeLessThanOrEqual(truth.errorFrob / truth.operatorFrob);
        for (const [r, { lower }] of scree!.entries()) expect(lower).toBeLessThanOrEqual(truth.scree[r]!);
      }
    }
  }
});
