/** Products that carry noise in proportion to themselves: what a certificate says is true, certain statements always. */
import { judged, type ProportionalNoise, proportionallyNoisyDiagonal } from '../../bench/support/spectra.ts';
import { judge, truthOf } from '../../bench/support/truth.ts';
import { apost, type EighResult, eigsh, type LinearOperator, seigh } from '../../src/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { repeatedTitle, repeats } from '../support/long.ts';

const SEEDS = repeats(2, 6, 40);
const CONFIDENCE = 0.95;
// 5 standard errors of a binomial: a correct program fails with probability below 1e-3 over all cases
const MOST_MISSED = SEEDS * (1 - CONFIDENCE) + 5 * Math.sqrt(SEEDS * CONFIDENCE * (1 - CONFIDENCE));

const METHODS: Record<string, (A: LinearOperator, seed: number) => Promise<EighResult>> = {
  hmt: (A, seed) => seigh(A, 10, { seed }),
  refine: (A, seed) => seigh(A, 10, { seed, refine: true }),
  krylov: (A, seed) => seigh(A, 10, { seed, method: 'krylov' }),
  nystrom: (A, seed) => seigh(A, 10, { seed, method: 'nystrom' }),
  eigsh: (A, seed) => eigsh(A, 6, { seed }),
};

const NOISES: ProportionalNoise[] = [
  { dtype: 'float32', relative: 1e-6, threshold: 0 },
  { dtype: 'float32', relative: 1e-5, threshold: 0 },
  { dtype: 'float64', relative: 1e-9, threshold: 0 },
  { dtype: 'float64', relative: 1e-8, threshold: 0 },
  { dtype: 'float32', relative: 1e-5, threshold: 0.3 },
  { dtype: 'float64', relative: 1e-9, threshold: 0.3 },
];

describe.each(NOISES)(repeatedTitle('$dtype, $relative of products above $threshold'), (noise) => {
  test.each(Object.keys(METHODS))('%s', async (method) => {
    for (const spectrum of ['rank five', '1/j']) {
      const exact = judged[spectrum]!(40);
      const values = noise.dtype === 'float32' ? Float64Array.from(Float32Array.from(exact)) : exact;
      const missed = new Map<string, number>();
      for (let seed = 0; seed < SEEDS; seed++) {
        const A = proportionallyNoisyDiagonal(values, noise, seed + 1);
        const result = await METHODS[method]!(A, seed);
        const cert = await apost(A, result, { tests: 5, confidence: CONFIDENCE, seed });
        for (const [statement, holds] of Object.entries(judge(cert, await truthOf(values, result)))) {
          if (!statement.startsWith('likely')) missed.set(statement, (missed.get(statement) ?? 0) + Number(!holds));
        }
      }
      expect([...missed].filter(([, count]) => count > MOST_MISSED)).toEqual([]);
      expect([missed.get('eigenvalueIntervals') ?? 0, missed.get('inertia') ?? 0]).toEqual([0, 0]);
    }
  });
});
