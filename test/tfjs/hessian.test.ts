/** The Hessian and the Gauss-Newton matrix against exact float64 ones. */
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import type { CurvatureOperator } from '../../src/tfjs/index.ts';
import { ggn, hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, someColumns, toDense } from '../support/dense.ts';
import { long } from '../support/long.ts';
import { buildNetwork, NETWORK_NAMES, type Network } from '../support/networks.ts';

type Split = [string, (n: number, count: number) => number[]];

const SPLITS: Split[] = [
  ['one batch', (n) => [n]],
  ['the batches of the file', (n, count) => new Array(count).fill(n / count)],
];
const RAGGED: Split = ['ragged batches', (n) => [n - 5, 4, 1]];

/** The first, a middle and the last row of every parameter. */
function columnsOfEach({ parameters }: CurvatureOperator): number[] {
  const chosen = parameters.flatMap(({ offset, size }) => [offset, offset + (size >> 1), offset + size - 1]);
  return [...new Set(chosen)];
}

/**
 * The matrix in one block of all columns (on the CPU backend, which is plain JavaScript and slow, of three of each
 * parameter), and narrow blocks of some of them; all columns in every width among the long repeats.
 */
async function expectExact(op: CurvatureOperator, exact: Float64Array, whole: boolean): Promise<void> {
  const n = op.numParameters;
  const all = Array.from({ length: n }, (_, j) => j);
  const some = columnsOfEach(op);
  const blocks: [number, number[]][] = [
    [1, long ? all : some.filter((_, i) => i % 5 === 1)],
    [7, long ? all : some.slice(-9)],
    [n, whole || long ? all : some],
  ];
  for (const [width, columns] of blocks) {
    const expected = columns.flatMap((j) => Array.from({ length: n }, (_, i) => exact[i * n + j]!));
    expect(relativeError(await someColumns(op, columns, width), expected)).toBeLessThan(2e-5);
  }
}

describe.each(['cpu', 'wasm'] as const)('on backend %s', (backend) => {
  describe.each(NETWORK_NAMES)('%s', (name) => {
    let network: Network;
    beforeAll(async () => {
      await useBackend(backend);
      network = await buildNetwork(name);
    });
    afterAll(() => network.dispose());

    test.each(backend === 'wasm' ? [...SPLITS, RAGGED] : SPLITS)(
      'Hessian and Gauss-Newton matrix are the exact ones to 2e-5, from %s, for block sizes 1, 7 and all',
      async (_, split) => {
        const { model, loss, parameters, reference } = network;
        const data = network.batches(split(network.samples, reference.x.shape[0]!));
        const H = hessian({ model, loss, parameters, data, check: false });
        await expectExact(H, reference.hessian, backend === 'wasm');
        expect(await H.loss()).toBeCloseTo(reference.loss, 6);
        expect(relativeError(await H.gradient(), reference.gradient)).toBeLessThan(1e-5);
        H.dispose();
        const G = ggn({ model, loss, parameters, data, check: false });
        await expectExact(G, reference.ggn, backend === 'wasm');
        expect(await G.loss()).toBeCloseTo(reference.loss, 6);
        expect(relativeError(await G.gradient(), reference.gradient)).toBeLessThan(1e-5);
        G.dispose();
      },
    );
  });
});

test('the checks at the first product accept every network', async () => {
  await useBackend('wasm');
  for (const name of NETWORK_NAMES) {
    const network = await buildNetwork(name);
    for (const curvature of [hessian, ggn]) {
      const op = curvature({ ...network, data: network.batches([network.samples - 3, 3]) });
      expect(await toDense(op, 64)).toHaveLength(op.numParameters ** 2);
      op.dispose();
    }
    network.dispose();
  }
});
