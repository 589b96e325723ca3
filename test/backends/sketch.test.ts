/** A sketch with its certificate on the backend under test is that of wasm, within what both say of their error. */
import * as tf from '@tensorflow/tfjs-core';
import { hessian784, loadNetwork784, type Network784 } from '../../bench/support/network784.ts';
import { apost, type Certificate, type EighResult, seigh } from '../../src/index.ts';
import { BACKEND, describeBackend, thorough } from '../support/backends.ts';
import { expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

const DIMS = thorough ? 200 : 40;

interface Run {
  sketch: EighResult;
  certificate: Certificate;
}

async function runOn(backend: 'wasm' | typeof BACKEND): Promise<Run> {
  const network: Network784 = await loadNetwork784(backend);
  const H = hessian784(network);
  const sketch = await seigh(H, DIMS, { testMatrix: 'rademacher', seed: 1, blockSize: DIMS / 4 });
  const certificate = await apost(H, sketch, { tests: 10, seed: 2 });
  H.dispose();
  tf.dispose([...network.parameters, ...network.batches.flat()]);
  return { sketch, certificate };
}

await describeBackend(`a sketch of ${DIMS} columns`, () => {
  testLarge(
    'has the eigenvalues and the certified error that it has on wasm, and names the device',
    async () => {
      const [ours, wasm] = [await runOn(BACKEND), await runOn('wasm')];
      expect(ours.sketch.backend).toMatch(new RegExp(`^${BACKEND} \\(.+\\)$`));
      expect(ours.sketch.rank).toBe(wasm.sketch.rank);
      const largest = Math.abs(wasm.sketch.eigenvalues[0]!);
      for (const [i, value] of ours.sketch.eigenvalues.entries()) {
        const bars = ours.sketch.residualNorms![i]! + wasm.sketch.residualNorms![i]! + 1e-6 * largest;
        expect(Math.abs(value - wasm.sketch.eigenvalues[i]!)).toBeLessThan(bars);
      }
      // rounding apart the two sketches are one: their intervals do not only overlap
      const [mine, theirs] = [ours.certificate.relativeError, wasm.certificate.relativeError];
      expect(Math.abs(mine.estimate - theirs.estimate)).toBeLessThan(1e-3 * theirs.estimate);
      expect(mine.lower).toBeLessThan(theirs.upper);
      expect(theirs.lower).toBeLessThan(mine.upper);
    },
    240_000,
  );
});
