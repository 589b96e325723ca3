import { setImmediate } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { type Block, type Matrix, zeroMatrix, zeros } from '../../src/core/block.ts';
import { bytesPerEntry, type DType, viewOf } from '../../src/core/dtype.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { inFlight } from '../../src/linalg/kernels/native/threads.ts';
import { betweenCalls } from '../../src/linalg/kernels/native.ts';
import { mirrorUpper, symmetricPart } from '../../src/linalg/small.ts';
import { kernelLaws } from '../laws/kernels.ts';
import { expect, test } from '../support/jest.ts';
import { distance, identity, randomBlock, relativeDistance, transposed } from '../support/matrices.ts';
import { describeNative } from '../support/native.ts';

/** The types of this project know no WebAssembly, which Node has. */
interface WebAssemblyGlobal {
  Memory: new (limits: { initial: number; maximum: number; shared: boolean }) => { buffer: ArrayBuffer };
}
const wasm = (globalThis as unknown as { WebAssembly: WebAssemblyGlobal }).WebAssembly;

/** Whole numbers in -4..4: sums of their products are exact in float64. */
function wholeNumbers(rows: number, cols: number, seed: number, dtype: DType): Block {
  const block = randomBlock(rows, cols, seed, dtype);
  for (const [at, value] of block.data.entries()) block.data[at] = Math.round(4 * value);
  return block;
}

const randomSymmetric = (k: number, seed: number): Matrix => symmetricPart(randomBlock(k, k, seed) as Matrix);

describeNative('native', (native) => {
  kernelLaws('native', async () => native);

  test('is named for its library and threads', () => {
    expect(native.name).toMatch(/^native \(.+\)$/);
    expect(native.files.length).toBeGreaterThan(0);
  });

  test('a process is started between two calls off this thread, never during one', async () => {
    const A = randomBlock(1500, 1500, 1) as Matrix;
    const first = native.gemm(A, A);
    await setImmediate();
    expect(inFlight.size).toBe(1);
    const started = [1, 2].map(() => betweenCalls(() => inFlight.size));
    const second = native.gemm(A, A);
    const [sizes] = await Promise.race([Promise.all([Promise.all(started)]), second.then(() => ['the second call'])]);
    expect(sizes).toEqual([0, 0]);
    await Promise.all([first, second]);
    await expect(betweenCalls(() => Promise.reject(new Error('no such program')))).rejects.toThrow('no such program');
    // a start that failed holds nothing back
    expect((await native.gemm(A, A)).rows).toBe(1500);
  });

  // the last is converted in several slices and runs off the event loop
  test.each([
    [1, 1, 1],
    [37, 5, 3],
    [129, 64, 65],
    [5501, 203, 61],
  ])('addGram of whole numbers is exact (p = %i, k = %i, l = %i)', async (p, k, l) => {
    for (const dtype of ['float32', 'float64'] as const) {
      const X = wholeNumbers(p, k, 1, dtype);
      const Y = wholeNumbers(p, l, 2, dtype);
      for (const other of [X, Y]) {
        const [got, expected] = [zeroMatrix(k, other.cols), zeroMatrix(k, other.cols)];
        await native.addGram(X, other, got);
        await jsKernels.addGram(X, other, expected);
        const isSquare = other === X;
        expect(isSquare ? distance(mirrorUpper(got), mirrorUpper(expected)) : distance(got, expected)).toBe(0);
      }
    }
  });

  test('times and gemm agree with the reference on large operands', async () => {
    for (const [dtype, bound] of [
      ['float32', 1e-6],
      ['float64', 1e-14],
    ] as const) {
      const X = randomBlock(1500, 131, 3, dtype);
      const C = randomBlock(131, 77, 4) as Matrix;
      const [got, expected] = [zeros(1500, 77, dtype), zeros(1500, 77, dtype)];
      await native.times(X, C, got);
      await jsKernels.times(X, C, expected);
      expect(relativeDistance(expected, got)).toBeLessThan(bound);
    }
    const [A, B] = [randomBlock(310, 257, 5) as Matrix, randomBlock(310, 301, 6) as Matrix];
    const options = { transA: true };
    expect(relativeDistance(await jsKernels.gemm(A, B, options), await native.gemm(A, B, options))).toBeLessThan(1e-14);
  });

  test('of 1,920 terms of a float32 product, 192 at most do not reach the sum for being small beside one of them', async () => {
    const [rows, k, cols] = [64, 1920, 300];
    const X: Block = { rows, cols: k, data: new Float32Array(rows * k).fill(1) };
    for (let i = 0; i < rows; i++) X.data[i * k] = 2 ** 25;
    const out = zeros(rows, cols, 'float32');
    await native.times(X, { rows: k, cols, data: new Float64Array(k * cols).fill(1) } as Matrix, out);
    for (const sum of out.data) {
      expect(sum - 2 ** 25).toBeLessThanOrEqual(k);
      expect(sum - 2 ** 25).toBeGreaterThanOrEqual(k - 192);
    }
  });

  test('an empty dimension gives an empty or zero result', async () => {
    const out = zeros(3, 2, 'float32');
    out.data.fill(7);
    await native.times(zeros(3, 0, 'float32'), zeroMatrix(0, 2), out);
    expect(Array.from(out.data)).toEqual([0, 0, 0, 0, 0, 0]);
    await native.times(zeros(0, 4, 'float64'), zeroMatrix(4, 2), zeros(0, 2, 'float64'));
    expect(Array.from((await native.gemm(zeroMatrix(2, 0), zeroMatrix(0, 1))).data)).toEqual([0, 0]);
    expect((await native.gemm(zeroMatrix(0, 3), zeroMatrix(3, 5))).data).toHaveLength(0);
    const G = zeroMatrix(2, 2);
    G.data.fill(5);
    for (const dtype of ['float32', 'float64'] as const) {
      const X = zeros(0, 2, dtype);
      await native.addGram(X, X, G);
      await native.addGram(X, zeros(0, 2, dtype), G);
      const none = zeros(4, 0, dtype);
      await native.addGram(none, none, zeroMatrix(0, 0));
    }
    expect(Array.from(G.data)).toEqual([5, 5, 5, 5]);
  });

  test.each([1, 2, 31, 130, 400])('eigh: A V = V diag(w) and V is orthogonal (k = %i)', async (k) => {
    const A = randomSymmetric(k, 7);
    const { values, vectors } = await native.eigh(A);
    const scaled = { ...vectors, data: vectors.data.map((v, at) => v * values[at % k]!) };
    expect(relativeDistance(scaled, await native.gemm(A, vectors))).toBeLessThan(1e-13);
    const square = await native.gemm(vectors, vectors, { transA: true });
    expect(distance(square, identity(k)) / Math.sqrt(k)).toBeLessThan(1e-13);
    expect(Array.from(values)).toEqual(Array.from(values).sort((a, b) => a - b));
  });

  test('eigh means the symmetric part, and leaves its argument alone', async () => {
    const A = randomBlock(40, 40, 9) as Matrix;
    const before = A.data.slice();
    const got = (await native.eigh(A)).values;
    const expected = (await jsKernels.eigh(symmetricPart(A))).values;
    expect(Math.max(...got.map((value, i) => Math.abs(value - expected[i]!)))).toBeLessThan(1e-12);
    expect(A.data).toEqual(before);
  });

  test('timers fire during an eigendecomposition of order 1000', async () => {
    let turns = 0;
    const timer = setInterval(() => turns++, 2);
    await native.eigh(randomSymmetric(1000, 10));
    clearInterval(timer);
    // the JavaScript around the library's call takes 25 ms slices, that is a handful of turns; the call gives dozens
    expect(turns).toBeGreaterThan(10);
  });

  test('calls that overlap do not share scratch memory', async () => {
    const panels = [1, 2, 3, 4].map((seed) => wholeNumbers(1200, 150, seed, 'float32'));
    const grams = panels.map(() => zeroMatrix(150, 150));
    await Promise.all(panels.map((X, i) => native.addGram(X, X, grams[i]!)));
    for (const [i, X] of panels.entries()) {
      const expected = zeroMatrix(150, 150);
      await jsKernels.addGram(X, X, expected, false);
      expect(distance(mirrorUpper(expected), mirrorUpper(grams[i]!))).toBe(0);
    }
  });

  test('short calls beside long ones leave their bits as they are', async () => {
    const squares = [1, 2].map((seed) => randomBlock(600, 600, seed) as Matrix);
    const alone: Matrix[] = [];
    for (const A of squares) alone.push(await native.gemm(A, A));
    const [V, x] = [randomBlock(5000, 8, 5, 'float32'), randomBlock(5000, 1, 6, 'float32')];
    let left = squares.length;
    const beside = squares.map((A) => native.gemm(A, A).finally(() => left--));
    while (left > 0) {
      await native.addGram(V, x, zeroMatrix(8, 1));
      await setImmediate();
    }
    for (const [i, product] of (await Promise.all(beside)).entries()) expect(product.data).toEqual(alone[i]!.data);
  });

  test('memory of a call in flight survives garbage collection', async () => {
    setFlagsFromString('--expose-gc');
    const collect = runInNewContext('gc') as () => void;
    const product = native.gemm(identity(600) as Matrix, wholeNumbers(600, 600, 11, 'float64') as Matrix);
    for (let i = 0; i < 5; i++) {
      collect();
      randomBlock(300, 300, i);
    }
    expect(distance(await product, wholeNumbers(600, 600, 11, 'float64'))).toBe(0);
  });

  test.each([false, true])('sgemm works in place on a WebAssembly heap (shared: %s)', (shared) => {
    const memory = new wasm.Memory({ initial: 4, maximum: 4, shared });
    const view = (offset: number, block: Block): Float32Array => {
      const heap = new Float32Array(memory.buffer, offset, block.data.length);
      heap.set(block.data);
      return heap;
    };
    const [A, B] = [wholeNumbers(9, 5, 12, 'float32'), wholeNumbers(5, 14, 13, 'float32')];
    const start = wholeNumbers(9, 14, 14, 'float32');
    const C = view(65536 + 12, start);
    native.sgemm({
      ...{ m: 9, n: 14, k: 5, transA: true, alpha: 2, beta: -1 },
      ...{ A: view(20, transposed(A)), B: view(4096 + 4, B), C },
    });
    for (let i = 0; i < 9; i++) {
      for (let j = 0; j < 14; j++) {
        let sum = -start.data[i * 14 + j]!;
        for (let d = 0; d < 5; d++) sum += 2 * A.data[i * 5 + d]! * B.data[d * 14 + j]!;
        expect(C[i * 14 + j]).toBe(sum);
      }
    }
  });

  test.each(['float32', 'float64'] as const)(
    'copyColumns: every bit as it was, also in shared memory (%s)',
    (dtype) => {
      const [rows, cols, width] = [3000, 40, 33];
      const special = [Number.NaN, Number.POSITIVE_INFINITY, -0, 2 ** -149, 1 / 3];
      const shared = new SharedArrayBuffer(rows * cols * bytesPerEntry(dtype));
      const source: Block = { rows, cols, data: viewOf(dtype, shared, 0, rows * cols) };
      for (let at = 0; at < source.data.length; at++) source.data[at] = special[at % 7] ?? at;
      const target = zeros(rows, width + 5, dtype);
      native.copyColumns(source, 6, 6 + width, target, 3);
      const expected = zeros(rows, width + 5, dtype);
      for (let i = 0; i < rows; i++) {
        for (let j = 0; j < width; j++) expected.data[i * (width + 5) + 3 + j] = source.data[i * cols + 6 + j]!;
      }
      expect(target.data.every((value, at) => Object.is(value, expected.data[at]))).toBe(true);
    },
  );

  test('copyColumns refuses columns that are not there', () => {
    const block = zeros(3, 4, 'float32');
    for (const [first, end, offset] of [
      [2, 5, 0],
      [0, 2, 3],
      [-1, 1, 0],
      [0, 2, -1],
    ] as const) {
      expect(() => native.copyColumns(block, first, end, zeros(3, 4, 'float32'), offset)).toThrow(/no columns/);
    }
    expect(() => native.copyColumns(block, 0, 2, zeros(2, 4, 'float32'), 0)).toThrow(/3 x 4/);
  });

  test('an array that is too short, or a size that is none, is refused before memory is touched', async () => {
    const four = new Float32Array(4);
    const square = { m: 2, n: 2, k: 2, A: four, B: four, C: four };
    expect(() => native.sgemm({ ...square, B: four.subarray(1) })).toThrow('product: B needs 2 x 2 numbers, got 3');
    expect(() => native.sgemm({ ...square, m: 1.5 })).toThrow('product: m must be an integer');
    expect(() => native.sgemm({ ...square, n: 2 ** 31 })).toThrow('product: n must be an integer');
    await expect(native.gemm(zeroMatrix(2, 3), zeroMatrix(2, 3))).rejects.toThrow(/expected a 3 x 3 block/);
    await expect(native.eigh(zeroMatrix(2, 3))).rejects.toThrow(/expected a 2 x 2 block/);
    const X = zeros(4, 2, 'float32');
    await expect(native.addGram(X, X, zeroMatrix(2, 3))).rejects.toThrow(/expected a 2 x 2 block/);
    await expect(native.times(X, zeroMatrix(3, 2), X)).rejects.toThrow(/expected a 4 x 3 block/);
    await expect(native.times(X, zeroMatrix(2, 1), zeros(4, 1, 'float64'))).rejects.toThrow(/one element type/);
  });
});
