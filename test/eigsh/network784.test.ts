/** The Hessian of the 784-50-10 network, whose spectrum is known: what ten leading pairs cost. */
import { hessian784, loadNetwork784 } from '../../bench/support/network784.ts';
import { eigsh } from '../../src/index.ts';
import { expect, test } from '../support/jest.ts';

test('ten leading eigenvalues to 1e-3 take at most the 71 products of SciPy and one block', async () => {
  const network = await loadNetwork784();
  const H = hessian784(network);
  for (const seed of [0, 1, 2, 3]) {
    // SciPy's eigsh does not look for what it may have missed
    const { eigenvalues, converged, numMatvecs } = await eigsh(H, 10, { tol: 1e-3, confidence: 0, seed });
    expect(converged).toBe(true);
    expect(numMatvecs).toBeLessThanOrEqual(71 + 1);
    for (const [i, value] of eigenvalues.entries()) {
      expect(Math.abs(value / network.eigenvalues[i]! - 1)).toBeLessThan(1e-3);
    }
  }
  H.dispose();
}, 60_000);
