/** How many test products buy which certainty, before any is spent. */

import { atDoor } from '../core/door.ts';
import { asRecord, between, type Field, integer, parseOptions } from '../core/parse.ts';
import { chiSquareCdf } from '../stats/distributions.ts';
import { squaredFactors } from '../stats/interval.ts';

/** How likely an estimated Frobenius norm is off by a factor, for the worst matrix. */
export interface ErrorBounds {
  /** At least P(true norm > factor x estimate): the estimate is too small. */
  underestimate: number;
  /** At least P(true norm < estimate / factor): the estimate is too large. */
  overestimate: number;
}

const MOST_TESTS = 1_000_000;

const FACTOR: Field<number> = between(1, Number.POSITIVE_INFINITY);

/**
 * Bounds on the probability that the estimate of ||E||_F from `tests` products is off by `factor` or more, whatever E:
 * P(chi2_q <= q / factor^2) and P(chi2_q >= q factor^2), which rank-one matrices attain (see `squaredFactors` of stats/interval.ts).
 *
 * @param tests q, at least 1
 * @param factor on the norm (not its square), above 1
 * @example
 * apostErrorBounds(10, 1.594).underestimate; // 0.05
 * @throws ArgumentError out of these ranges.
 */
export function apostErrorBounds(tests: number, factor: number): ErrorBounds {
  return atDoor('apostErrorBounds', () => {
    integer(1, MOST_TESTS).parse(tests, 'tests');
    FACTOR.parse(factor, 'factor');
    const square = factor ** 2;
    return {
      underestimate: chiSquareCdf(tests / square, tests),
      // the law of the upper tail needs factor^2 >= 1 + 1/q; below that only the trivial bound is known
      overestimate: square >= 1 + 1 / tests ? 1 - chiSquareCdf(tests * square, tests) : 1,
    };
  });
}

/** The certainty asked for: `factor` on the norm, reached with probability `confidence`. */
export interface PlanTestsOptions {
  /** Above 1: the upper end over the estimate of the norm. */
  factor: number;
  /** Between 0 and 1. */
  confidence: number;
}

/**
 * The least number of test products with which the certified upper end is at most `factor` times the estimate.
 *
 * @example
 * planTests({ factor: 1.27, confidence: 0.95 }); // 31
 * @throws ArgumentError unless factor > 1 and 0 < confidence < 1, or when a million tests are not enough.
 */
export function planTests(options: PlanTestsOptions): number {
  return atDoor('planTests', () => {
    const { factor, confidence } = parseOptions(asRecord(options), { factor: FACTOR, confidence: between(0, 1) });
    const reaches = (tests: number): boolean => Math.sqrt(squaredFactors(tests, confidence).upper) <= factor;
    let enough = 1;
    while (!reaches(enough)) enough = integer(1, MOST_TESTS).parse(2 * enough, 'tests needed');
    let tooFew = enough / 2;
    while (enough - tooFew > 1) {
      const middle = Math.floor((enough + tooFew) / 2);
      if (reaches(middle)) enough = middle;
      else tooFew = middle;
    }
    return enough;
  });
}
