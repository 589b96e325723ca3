/** The reference networks on the backend under test: exact, the same as on wasm, and without leaks. */
import * as tf from '@tensorflow/tfjs-core';
import type { Block } from '../../src/core/block.ts';
import { type CurvatureOperator, ggn, hessian, jacobian, useBackend } from '../../src/tfjs/index.ts';
import { BACKEND, describeBackend, describeThorough, testThorough, thorough } from '../support/backends.ts';
import { relativeError, someColumns } from '../support/dense.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { randomBlock } from '../support/matrices.ts';
import { buildNetwork, NETWORK_NAMES, type Network } from '../support/networks.ts';

/** The network with its data in two ragged batches, on a backend. */
async function onBackend(name: string, backend: 'wasm' | typeof BACKEND): Promise<Network & { data: never }> {
  await useBackend(backend);
  const network = await buildNetwork(name);
  return { ...network, data: network.batches([network.samples - 3, 3]) as never };
}

async function productOf(
  make: (network: Network & { data: never }) => CurvatureOperator,
  name: string,
  backend: 'wasm' | typeof BACKEND,
): Promise<Block> {
  const network = await onBackend(name, backend);
  const op = make(network);
  const product = await op.matmat(randomBlock(op.numParameters, 7, 3, 'float32'));
  op.dispose();
  network.dispose();
  return product;
}

/** The whole matrix, or of each parameter the column in its middle. */
async function expectExact(op: CurvatureOperator, exact: Float64Array): Promise<void> {
  const n = op.numParameters;
  const middles = op.parameters.map(({ offset, size }) => offset + (size >> 1));
  const columns = thorough ? Array.from({ length: n }, (_, j) => j) : middles;
  const expected = columns.flatMap((j) => Array.from({ length: n }, (_, i) => exact[i * n + j]!));
  expect(relativeError(await someColumns(op, columns, columns.length), expected)).toBeLessThan(2e-5);
}

function exactly(name: string): void {
  let network: Network & { data: never };
  beforeAll(async () => {
    network = await onBackend(name, BACKEND);
  });
  afterAll(() => network.dispose());

  test('Hessian, loss and gradient are the exact ones to 2e-5', async () => {
    const { reference } = network;
    const H = hessian({ ...network.problem, data: network.data, check: false });
    await expectExact(H, reference.hessian);
    expect(await H.loss()).toBeCloseTo(reference.loss, 6);
    expect(relativeError(await H.gradient(), reference.gradient)).toBeLessThan(1e-5);
    H.dispose();
  }, 120_000);

  test('the Gauss-Newton matrix is the exact one to 2e-5', async () => {
    const G = ggn({ ...network.problem, data: network.data, check: false });
    await expectExact(G, network.reference.ggn);
    G.dispose();
  });
}

/** The network of `npm test`: a GPU in software compiles programs for most of the time, and this one needs few. */
const FIRST = 'mlp_tanh_ce';

await describeBackend('reference networks', () => {
  for (const name of NETWORK_NAMES) (name === FIRST ? describe : describeThorough)(name, () => exactly(name));

  const products = thorough ? 50 : 15;
  test(`memory is flat over ${products} products, on the device too`, async () => {
    const network = await onBackend(FIRST, BACKEND);
    const H = hessian({ ...network.problem, data: network.data, check: false });
    const X = randomBlock(H.numParameters, 5, 4, 'float32');
    for (let i = 0; i < 2; i++) await H.matmat(X);
    const before = tf.memory() as tf.MemoryInfo & { numBytesAllocatedInGPU?: number };
    for (let i = 0; i < products; i++) await H.matmat(X);
    const after = tf.memory() as typeof before;
    expect(after.numTensors).toBe(before.numTensors);
    expect(after.numBytes).toBe(before.numBytes);
    expect(after.numBytesAllocatedInGPU).toBe(before.numBytesAllocatedInGPU);
    H.dispose();
    network.dispose();
  });

  for (const name of NETWORK_NAMES) {
    const title = `block products with the Hessian of ${name} are those of wasm to 1e-5`;
    (name === FIRST ? test : testThorough)(title, async () => {
      const make = (network: Network & { data: never }): CurvatureOperator =>
        hessian({ ...network.problem, data: network.data, check: false });
      const [ours, wasm] = [await productOf(make, name, BACKEND), await productOf(make, name, 'wasm')];
      expect(relativeError(ours.data, wasm.data)).toBeLessThan(1e-5);
    });
  }

  testThorough('the Jacobian and its adjoint agree: <J x, y> = <x, J^T y>', async () => {
    const network = await onBackend('cnn_ce', BACKEND);
    const { model, parameters } = network.problem;
    const J = await jacobian({ model, parameters, data: network.data });
    const [x, y] = [randomBlock(J.shape[1], 1, 5, 'float32'), randomBlock(J.shape[0], 1, 6, 'float32')];
    const dot = (a: Block, b: Block): number =>
      Array.from(a.data, (value, i) => value * b.data[i]!).reduce((p, q) => p + q);
    const [left, right] = [dot(await J.matmat(x), y), dot(x, await J.adjointMatmat(y))];
    expect(Math.abs(left - right)).toBeLessThan(1e-4 * Math.abs(left));
    J.dispose();
    network.dispose();
  });
});
