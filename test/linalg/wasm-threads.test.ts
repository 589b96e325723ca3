import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { Engine, type Job } from '../../src/linalg/kernels/wasm/engine.ts';
import { loadWasmKernels } from '../../src/linalg/kernels/wasm/load.ts';
import { compileModule } from '../../src/linalg/kernels/wasm/module.ts';
import { mirrorUpper } from '../../src/linalg/small.ts';
import { afterAll, describe, expect, test } from '../support/jest.ts';
import { distance, matrixOf, randomBlock, randomMatrix } from './wasm-cases.ts';

const wasm = await loadWasmKernels();
afterAll(() => wasm.close());

test('every caller gets the same provider', async () => {
  expect(await loadWasmKernels()).toBe(wasm);
  expect(wasm.name).toMatch(/^wasm \(\d+ threads?\)$/);
});

test('calls issued at once, small and large, do not disturb each other', async () => {
  const sizes = [4, 150, 30, 210, 90, 180, 64, 8];
  const matrices = sizes.map((n, i) => randomMatrix(n, n, i + 1));
  const grams = sizes.map((n) => matrixOf(n, n, () => 0));
  const panels = sizes.map((n, i) => randomBlock(301, n, 'float32', i + 20));
  const outs = sizes.map((n) => randomBlock(301, n, 'float32', 1));
  const [products, decompositions] = await Promise.all([
    Promise.all(matrices.map((A) => wasm.gemm(A, A))),
    Promise.all(matrices.map((A) => wasm.eigh(A))),
    Promise.all(panels.map((X, i) => wasm.addGram(X, X, grams[i]!))),
    Promise.all(panels.map((X, i) => wasm.times(X, matrices[i]!, outs[i]!))),
  ]);
  for (const [i, A] of matrices.entries()) {
    expect(products[i]!.data).toEqual((await wasm.gemm(A, A)).data);
    expect(decompositions[i]!.values).toEqual((await wasm.eigh(A)).values);
    const gram = matrixOf(A.rows, A.rows, () => 0);
    await jsKernels.addGram(panels[i]!, panels[i]!, gram, false);
    expect(distance(mirrorUpper(grams[i]!).data, gram.data)).toBeLessThan(1e-4);
    const out = randomBlock(301, A.rows, 'float32', 2);
    await jsKernels.times(panels[i]!, A, out);
    expect(distance(outs[i]!.data, out.data)).toBeLessThan(1e-4);
  }
});

test('timers fire while a large eigenproblem is solved', async () => {
  let ticks = 0;
  const timer = setInterval(() => ticks++, 2);
  await wasm.eigh(randomMatrix(600, 600, 3));
  clearInterval(timer);
  expect(ticks).toBeGreaterThanOrEqual(5);
});

test('after close the provider starts anew', async () => {
  const A = randomMatrix(200, 200, 4);
  const before = await wasm.gemm(A, A);
  const underWay = wasm.gemm(A, A);
  await wasm.close();
  expect((await underWay).data).toEqual(before.data);
  expect((await wasm.gemm(A, A)).data).toEqual(before.data);
});

describe('an engine', () => {
  const good: Job = {
    bytes: 64,
    work: 1e9,
    load: (_, base) => ({ program: 'eigh', args: { work: base, n: 0 } }),
    store: () => {},
  };

  test('survives a worker that traps while the others wait for it', async () => {
    const engine = new Engine(await compileModule(), 3);
    const outside = { at: 2 ** 32 - 64, outer: 8, depth: 8 };
    const args = { kind: 'productF64', A: outside, B: outside, C: 0, rowBytes: 8, m: 9, n: 5, depth: 99 } as const;
    const bad: Job = { ...good, load: (_, packed) => ({ program: 'multiply', args: { ...args, packed } }) };
    await expect(engine.run(bad)).rejects.toThrow(/out of bounds/);
    await expect(engine.run(good)).resolves.toBeUndefined();
    await engine.close();
  });

  test('says so when a call needs more memory than there is, and goes on', async () => {
    const engine = new Engine(await compileModule(), 1);
    await expect(engine.run({ ...good, bytes: 2 ** 33 })).rejects.toMatchObject({ code: 'UNSUPPORTED' });
    await expect(engine.run(good)).resolves.toBeUndefined();
    await engine.close();
  });
});

describe('a process of its own', () => {
  const child = async (threads: string) => {
    const file = fileURLToPath(new URL('./wasm-child.js', import.meta.url));
    const env = { ...process.env, NODE_OPTIONS: '', EIGENSKETCH_THREADS: threads };
    return promisify(execFile)(process.execPath, [file], { env, timeout: 30_000 });
  };

  test.each(['1', '2', '3', '8'])('computes on %s threads and exits by itself', async (threads) => {
    const { name, residual, defect } = JSON.parse((await child(threads)).stdout);
    expect(name).toBe(`wasm (${threads} thread${threads === '1' ? '' : 's'})`);
    expect(residual).toBeLessThan(1e-12);
    expect(defect).toBeLessThan(1e-13);
  });

  test('gets the same bits from any number of threads', async () => {
    const bits = await Promise.all(
      ['1', '2', '5'].map(async (threads) => JSON.parse((await child(threads)).stdout).bits),
    );
    expect(new Set(bits).size).toBe(1);
  });

  test.each(['0', '-1', 'two', '1.5', '100'])('does not take %s for a number of threads', async (threads) => {
    await expect(child(threads)).rejects.toThrow(/EIGENSKETCH_THREADS must be an integer in 1\.\.99/);
  });
});
