/** The Hessian and the Gauss-Newton matrix against exact float64 ones. */
import type { CurvatureOperator } from '../../src/tfjs/index.ts';
import { ggn, hessian, useBackend } from '../../src/tfjs/index.ts';
import { relativeError, someColumns } from '../support/dense.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { describeLarge, long } from '../support/long.ts';
import { buildNetwork, NETWORK_NAMES, type Network } from '../support/networks.ts';

type Split = [string, (n: number, count: number) => number[]];

const RAGGED: Split = ['ragged batches', (n) => [n - 5, 4, 1]];
const SPLITS: Split[] = [
  ['one batch', (n) => [n]],
  ['the batches of the file', (n, count) => new Array(count).fill(n / count)],
  RAGGED,
];

/** The whole matrix in one block, and some of its columns in narrow ones. */
interface Blocks {
  readonly wide: readonly number[];
  readonly narrow: readonly number[];
}

const all = (op: CurvatureOperator): number[] => Array.from({ length: op.numParameters }, (_, j) => j);

/** All columns on wasm; on the CPU backend, which is plain JavaScript and slow, those that tell parameters apart. */
function blocksOf(op: CurvatureOperator, backend: 'cpu' | 'wasm'): Blocks {
  if (long) return { wide: all(op), narrow: all(op) };
  const middles = op.parameters.map(({ offset, size }) => offset + (size >> 1));
  const last = op.numParameters - 1;
  if (backend === 'wasm') return { wide: all(op), narrow: [...new Set([...middles.slice(-7), last - 1, last])] };
  // one column of each second parameter in the wide block, of the others in the narrow ones
  const [wide, narrow] = [0, 1].map((odd) => middles.filter((_, i) => i % 2 === odd));
  return { wide: wide!, narrow: [...new Set([last, ...narrow!])] };
}

async function expectExact(op: CurvatureOperator, exact: Float64Array, { wide, narrow }: Blocks): Promise<void> {
  const n = op.numParameters;
  const widths: [number, readonly number[]][] = [
    [1, long ? narrow : narrow.slice(0, 1)],
    [7, narrow],
    [n, wide],
  ];
  for (const [width, columns] of widths) {
    const expected = columns.flatMap((j) => Array.from({ length: n }, (_, i) => exact[i * n + j]!));
    expect(relativeError(await someColumns(op, columns, width), expected)).toBeLessThan(2e-5);
  }
}

const networksOn = (backend: 'cpu' | 'wasm') => (): void => {
  describe.each(NETWORK_NAMES)('%s', (name) => {
    let network: Network;
    beforeAll(async () => {
      await useBackend(backend);
      network = await buildNetwork(name);
    });
    afterAll(() => network.dispose());

    test.each(backend === 'wasm' || long ? SPLITS : [RAGGED])(
      'Hessian and Gauss-Newton matrix are the exact ones to 2e-5, from %s, for block sizes 1, 7 and all',
      async (_, split) => {
        const { reference } = network;
        const { model, loss, parameters } = network.problem;
        const data = network.batches(split(network.samples, reference.x.shape[0]!));
        const H = hessian({ model, loss, parameters, data, check: false });
        await expectExact(H, reference.hessian, blocksOf(H, backend));
        expect(await H.loss()).toBeCloseTo(reference.loss, 6);
        expect(relativeError(await H.gradient(), reference.gradient)).toBeLessThan(1e-5);
        H.dispose();
        const G = ggn({ model, loss, parameters, data, check: false });
        await expectExact(G, reference.ggn, blocksOf(G, backend));
        expect(await G.loss()).toBeCloseTo(reference.loss, 6);
        expect(relativeError(await G.gradient(), reference.gradient)).toBeLessThan(1e-5);
        G.dispose();
      },
    );
  });
};
describe('on backend wasm', networksOn('wasm'));
describeLarge('on backend cpu', networksOn('cpu'));

test('the checks at the first product accept every network', async () => {
  await useBackend('wasm');
  for (const name of NETWORK_NAMES) {
    const network = await buildNetwork(name);
    for (const curvature of [hessian, ggn]) {
      const op = curvature({ ...network.problem, data: network.batches([network.samples - 3, 3]) });
      expect(await someColumns(op, [0], 1)).toHaveLength(op.numParameters);
      op.dispose();
    }
    network.dispose();
  }
});
