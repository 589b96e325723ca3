/** What passes cost and keep: work that is not needed is not done, and memory that is given back is not in use. */
import { asDType, type Block, type Matrix, zeros } from '../../src/core/block.ts';
import type { Kernels } from '../../src/linalg/kernels/provider.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import type { Multivector } from '../../src/multivector/multivector.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { projectOut } from '../../src/multivector/project.ts';
import { columnNorms, gram } from '../../src/multivector/verbs.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, identity, multiply, orthonormalityDefect, randomBlock, transposed } from '../support/matrices.ts';
import { SlowSpace } from '../support/slow-multivector.ts';

const kernels = await selectKernels();
type Counted = 'addGram' | 'solve' | 'subtract' | 'times';

/** Kernels that count the calls with at least so many rows: those on tall blocks. */
function counting(rows: number): { kernels: Kernels; calls: Record<Counted, number> } {
  const calls = { addGram: 0, solve: 0, subtract: 0, times: 0 };
  const counted = new Proxy(kernels, {
    get(target, name: keyof Kernels) {
      const value = target[name];
      if (typeof value !== 'function') return value;
      return (first: Block, ...others: unknown[]) => {
        if (name in calls && first.rows >= rows) calls[name as Counted]++;
        return (value as (...all: unknown[]) => unknown).call(target, first, ...others);
      };
    },
  });
  return { kernels: counted, calls };
}

const n = 100;
async function orthonormal(cols: number, seed: number): Promise<Multivector> {
  const space = hostSpace(n, 'float64');
  return (await orthonormalise(await multivectorOf(randomBlock(n, cols, seed), 'float64'), space, { kernels })).basis;
}

describe('orthonormalise', () => {
  // a Gram matrix and a product, each of which ends with the Gram matrix of what was made
  test.each([
    ['float32 columns that are nearly orthogonal', 'float32', 6, { addGram: 2, solve: 1, times: 0, subtract: 0 }],
    ['float64 columns that are orthonormal', 'float64', 6, { addGram: 2, solve: 0, times: 1, subtract: 0 }],
    [
      'more than ten columns, whose defect is estimated',
      'float32',
      20,
      { addGram: 2, solve: 1, times: 1, subtract: 0 },
    ],
  ] as const)('one step is enough for %s', async (_, dtype, cols, expected) => {
    const Y = await multivectorOf(await (await orthonormal(cols, 1)).toBlock(), dtype);
    const { kernels: counted, calls } = counting(n);
    const { basis } = await orthonormalise(Y, hostSpace(n, dtype), { kernels: counted });
    expect(basis.cols).toBe(cols);
    expect(calls).toEqual(expected);
  });

  test('a single column takes no algebra', async () => {
    const { kernels: counted, calls } = counting(n);
    const { basis } = await orthonormalise(
      await multivectorOf(randomBlock(n, 1, 2), 'float64'),
      hostSpace(n, 'float64'),
      {
        kernels: counted,
      },
    );
    expect(await orthonormalityDefect(basis)).toBeLessThan(1e-15);
    expect(calls).toEqual({ addGram: 0, times: 0, solve: 0, subtract: 0 });
  });

  const scaledColumns = (scales: readonly number[]): Block => {
    const Y = randomBlock(n, scales.length, 3);
    for (let at = 0; at < Y.data.length; at++) Y.data[at]! *= scales[at % scales.length]!;
    return multiply(Y, randomBlock(scales.length, scales.length, 4));
  };
  test.each<[string, Block]>([
    ['columns of one size', randomBlock(n, 5, 5)],
    ['columns that take several steps', scaledColumns([1, 1e-5, 1e-9, 1e-13])],
    ['columns of lower rank', multiply(randomBlock(n, 2, 6), randomBlock(2, 5, 7))],
    ['a column', randomBlock(n, 1, 8)],
    [
      'a column whose squares are tiny',
      { ...randomBlock(n, 1, 8), data: randomBlock(n, 1, 8).data.map((x) => x * 1e-160) },
    ],
    ['a column of zeros', zeros(n, 1, 'float64')],
    ['zeros', zeros(n, 3, 'float64')],
  ])('gives back all but the basis: %s', async (_, Y) => {
    const space = hostSpace(n, 'float64');
    const [allocate, release] = [space.allocate.bind(space), space.release.bind(space)];
    const inUse = new Set<Multivector>();
    space.allocate = async (cols) => {
      const made = await allocate(cols);
      inUse.add(made);
      return made;
    };
    space.release = async (multivector) => {
      inUse.delete(multivector);
      await release(multivector);
    };
    const { basis, dropped } = await orthonormalise(await multivectorOf(Y, 'float64'), space, { kernels });
    expect([...inUse]).toEqual([basis]);
    expect(basis.cols + dropped).toBe(Y.cols);
    const before = await basis.toBlock();
    for (let i = 0; i < 3; i++) await (await space.allocate(Y.cols)).writeColumns(0, randomBlock(n, Y.cols, 9));
    expect((await basis.toBlock()).data).toEqual(before.data);
    expect(before.data.every(Number.isFinite)).toBe(true);
  });

  test.each([5, 10, 11, 40])('says how far %d columns are from orthonormal', async (cols) => {
    for (const seed of [1, 2, 3]) {
      const Y = await multivectorOf(randomBlock(n, cols, seed), 'float32');
      const { basis, defect } = await orthonormalise(Y, hostSpace(n, 'float32'), { kernels });
      const Q = asDType(await basis.toBlock(), 'float64');
      const truth = distance(multiply(transposed(Q), Q), identity(cols));
      // estimated from ten random vectors above ten columns: outside of a third and three with probability below 1e-3
      const factor = cols > 10 ? 3 : 1.01;
      // the images of those vectors, of length sqrt(cols), are rounded to float32, which adds to the estimate
      const ofImages = cols > 10 ? 2 ** -24 * Math.sqrt(cols) : 0;
      expect(defect / truth).toBeGreaterThan(1 / factor);
      expect(defect).toBeLessThan(factor * (truth + ofImages));
    }
  });

  test('a column that has no finite length is refused, and so are columns that have no basis', async () => {
    const [one, three] = [randomBlock(n, 1, 1), randomBlock(n, 3, 1)];
    for (const { data } of [one, three]) data[5] = Number.NaN;
    const run = async (Y: Block) =>
      orthonormalise(await multivectorOf(Y, 'float64'), hostSpace(n, 'float64'), { kernels });
    await expect(run(one)).rejects.toThrow('orthonormalise: the column has no finite length');
    await expect(run(three)).rejects.toThrow();
  });
});

describe('projectOut', () => {
  test('what has nothing in the span is read once', async () => {
    const both = await (await orthonormal(8, 1)).toBlock();
    const [V, X] = await Promise.all(
      [0, 4].map(async (first) => {
        const part = zeros(n, 4, 'float64');
        for (let i = 0; i < n; i++) part.data.set(both.data.subarray(8 * i + first, 8 * i + first + 4), 4 * i);
        return multivectorOf(part, 'float64');
      }),
    );
    const { kernels: counted, calls } = counting(n);
    await projectOut([X!], [V!], { kernels: counted });
    expect(calls).toEqual({ addGram: 1, subtract: 0, solve: 0, times: 0 });
  });

  test('where most of it stays one subtraction is enough, and is not checked', async () => {
    const { kernels: counted, calls } = counting(n);
    await projectOut([await multivectorOf(randomBlock(n, 2, 2), 'float64')], [await orthonormal(4, 1)], {
      kernels: counted,
    });
    expect(calls).toEqual({ addGram: 1, subtract: 1, solve: 0, times: 0 });
  });

  test('where little of it stays the rest is projected again, unless once is enough', async () => {
    const V = await orthonormal(4, 1);
    const inSpan = multiply(await V.toBlock(), randomBlock(4, 2, 3));
    const rest = randomBlock(n, 2, 2);
    const X = { ...inSpan, data: inSpan.data.map((value, at) => value + 1e-9 * rest.data[at]!) };
    const [twice, once] = [await multivectorOf(X, 'float64'), await multivectorOf(X, 'float64')];
    const { kernels: counted, calls } = counting(n);
    await projectOut([twice], [V], { kernels: counted });
    expect(calls).toEqual({ addGram: 2, subtract: 2, solve: 0, times: 0 });
    await projectOut([once], [V], { kernels: counted }, { once: [once] });
    expect(calls).toEqual({ addGram: 3, subtract: 3, solve: 0, times: 0 });
  });

  test('what is known beforehand saves a sweep', async () => {
    const V = await orthonormal(4, 1);
    const coefficients = randomBlock(4, 2, 3);
    const rest = await orthonormal(6, 4);
    await projectOut([rest], [V], { kernels });
    const outside = await rest.readColumns(0, 2);
    const inSpan = multiply(await V.toBlock(), coefficients);
    const X = { ...inSpan, data: inSpan.data.map((value, at) => value + outside.data[at]!) };
    const { kernels: counted, calls } = counting(n);
    const expected = { ...coefficients, data: Float64Array.from(coefficients.data) };
    await projectOut([await multivectorOf(X, 'float64')], [V], { kernels: counted }, { expected });
    expect(calls).toEqual({ addGram: 1, subtract: 1, solve: 0, times: 0 });
  });

  test('a part that has been measured is not measured again before it is taken away', async () => {
    const V = await orthonormal(4, 1);
    const coefficients = randomBlock(4, 2, 3) as Matrix;
    const outside = await multivectorOf(randomBlock(n, 2, 2), 'float64');
    await projectOut([outside], [V], { kernels });
    const rest = await outside.toBlock();
    const inSpan = multiply(await V.toBlock(), coefficients);
    const X = await multivectorOf({ ...rest, data: rest.data.map((value, at) => value + inSpan.data[at]!) }, 'float64');
    const { kernels: counted, calls } = counting(n);
    const squares = Float64Array.from(await columnNorms(X, { kernels }), (norm) => norm ** 2);
    const measured = { overlap: { ...coefficients, data: Float64Array.from(coefficients.data) }, squares };
    const [taken] = await projectOut([X], [V], { kernels: counted }, { measured });
    expect(calls).toEqual({ addGram: 0, subtract: 1, solve: 0, times: 0 });
    expect(taken!.data).toEqual(coefficients.data);
    for (const [at, value] of (await X.toBlock()).data.entries()) expect(value).toBeCloseTo(rest.data[at]!, 12);
  });
});

test('a Gram matrix of a block with itself reads it once', async () => {
  const reads: number[] = [];
  const space = new SlowSpace(150, 'float64', { onRead: (start) => reads.push(start) });
  const X = await space.from(randomBlock(150, 3, 1));
  await gram(X, X, { kernels });
  expect(reads).toEqual([0, 64, 128]);
});
