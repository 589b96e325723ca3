/** Counts of random events against the probability that they must have. */
import { expect } from './jest.ts';

/** Standard errors: a correct count is farther away with probability 7e-6 (normal approximation of the binomial). */
const WINDOW = 4.5;

/** Expects an event of probability `p` to have happened about p x trials times: neither more often nor less. */
export function expectRate(count: number, trials: number, p: number): void {
  const margin = WINDOW * Math.sqrt(trials * p * (1 - p));
  expect(count).toBeGreaterThanOrEqual(trials * p - margin);
  expect(count).toBeLessThanOrEqual(trials * p + margin);
}
