/**
 * The work of reference: more columns than the Hessian of 784-50-10 has numerical rank, so that some hold rounding only, whose
 * directions may be anything, but must not take the place of the leading ones, from which symmetry is told.
 */

import { hessian784, loadNetwork784 } from '../../bench/support/network784.ts';
import { apost, seigh } from '../../src/index.ts';
import { expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

testLarge(
  '2,000 columns: eigenvalues to 1e-7 of the largest, certified',
  async () => {
    const network = await loadNetwork784();
    const H = hessian784(network);
    const sketch = await seigh(H, 2000, { testMatrix: 'rademacher', seed: 1 });
    const largest = network.eigenvalues[0]!;
    for (const [i, value] of sketch.eigenvalues.subarray(0, 1800).entries()) {
      expect(Math.abs(value - network.eigenvalues[i]!)).toBeLessThan(1e-7 * largest);
    }
    const { relativeError } = await apost(H, sketch, { tests: 30, seed: 2 });
    expect(relativeError.upper).toBeLessThan(5e-6);
    H.dispose();
  },
  240_000,
);
