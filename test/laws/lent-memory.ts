/** The law of lent memory: what is in the memory that a caller lends a product does not matter. */
import { type Block, zeros } from '../../src/core/block.ts';
import type { LinearOperator } from '../../src/index.ts';
import { expect, test } from '../support/jest.ts';
import { distance, frobenius, randomBlock } from '../support/matrices.ts';

/** What the memory holds when it is lent. */
const CONTENTS: [string, (product: Block) => ArrayLike<number>][] = [
  ['NaN', ({ data }) => data.map(() => Number.NaN)],
  ['huge numbers', ({ data }) => data.map(() => 1e30)],
  ['infinities of both signs', ({ data }) => data.map((_, i) => (i % 2 === 0 ? 1 : -1) / 0)],
  ['the product itself', ({ data }) => data],
];

/** The tests of an operator; `takes` says that its products are in the memory that is lent. */
export function lentMemoryLaw(
  make: () => LinearOperator | Promise<LinearOperator>,
  { takes }: { takes: boolean },
): void {
  test.each(CONTENTS)('a product is the same in lent memory that holds %s', async (_, contents) => {
    const op = await make();
    for (const cols of [1, 5]) {
      const X = randomBlock(op.shape[1], cols, cols, op.dtype);
      const argument = X.data.slice();
      const product = await op.matmat(X);
      const expected: Block = { ...product, data: product.data.slice() };
      const out = zeros(op.shape[0], cols, op.dtype);
      out.data.set(contents(expected));
      const found = await op.matmat(X, out);
      // Not equal to the bit: a BLAS with threads may add in another order.
      expect(distance(expected, found)).toBeLessThanOrEqual(
        (op.dtype === 'float32' ? 1e-6 : 1e-14) * frobenius(expected),
      );
      expect(X.data).toEqual(argument);
      if (takes) expect(found.data).toBe(out.data);
      expect((await op.matmat(X)).data).not.toBe(out.data);
    }
  });
}
