/** A fast cut of the coverage suite (`npm run coverage:certificate`): every statement, every spectrum, fewer seeds. */
import { describe, expect, test } from '@jest/globals';
import { judged, noisyDiagonal } from '../../bench/support/spectra.ts';
import { judge, truthOf } from '../../bench/support/truth.ts';
import { apost, diagonalOperator, seigh } from '../../src/index.ts';

const SEEDS = 100;
const CONFIDENCE = 0.9;
// 4.5 standard errors of a binomial: over the 24 cases and 18 statements a correct program fails with probability 1e-3
const MOST_MISSED = SEEDS * (1 - CONFIDENCE) + 4.5 * Math.sqrt(SEEDS * CONFIDENCE * (1 - CONFIDENCE));

describe.each(['hmt', 'nystrom'] as const)('%s', (method) => {
  describe.each(['float64', 'float32 with noise'])('%s', (operator) => {
    test.each(Object.keys(judged))(
      '%s',
      async (spectrum) => {
        const values = judged[spectrum]!(40);
        const missed = new Map<string, number>();
        for (let seed = 0; seed < SEEDS; seed++) {
          const A = operator === 'float64' ? diagonalOperator(values) : noisyDiagonal(values, 1e-5, seed + 1);
          const result = await seigh(A, 8, { seed, method });
          const cert = await apost(A, result, { tests: 5, confidence: CONFIDENCE, seed });
          for (const [statement, holds] of Object.entries(judge(cert, await truthOf(values, result)))) {
            if (!statement.startsWith('likely')) missed.set(statement, (missed.get(statement) ?? 0) + Number(!holds));
          }
        }
        const often = [...missed].filter(([, count]) => count > MOST_MISSED);
        expect(often).toEqual([]);
        if (method === 'hmt') expect([missed.get('eigenvalueIntervals'), missed.get('inertia')]).toEqual([0, 0]);
      },
      60_000,
    );
  });
});
