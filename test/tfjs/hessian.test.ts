/** The Hessian operator against exact float64 Hessians. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { buildNetwork, NETWORK_NAMES, type Network } from '../support/networks.ts';

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  describe.each(NETWORK_NAMES)('the Hessian of %s', (name) => {
    let network: Network;
    beforeAll(async () => {
      await useBackend(backend);
      network = await buildNetwork(name);
    });
    afterAll(() => network.dispose());

    test.each([
      ['one batch', (n: number) => [n]],
      ['the batches of the file', (n: number, count: number) => new Array(count).fill(n / count)],
      ['ragged batches', (n: number) => [n - 5, 4, 1]],
    ])('is the exact one to 1e-5, from %s, for block sizes 1, 7 and all', async (_, split) => {
      const { model, loss, parameters, reference } = network;
      const H = hessian({
        model,
        loss,
        parameters,
        data: network.batches(split(network.samples, reference.x.shape[0]!)),
      });
      for (const width of [1, 7, H.numParameters]) {
        expect(relativeError(await toDense(H, width), reference.hessian)).toBeLessThan(1e-5);
      }
      expect(await H.loss()).toBeCloseTo(reference.loss, 6);
      expect(relativeError(await H.gradient(), reference.gradient)).toBeLessThan(1e-5);
      H.dispose();
    });
  });
});
