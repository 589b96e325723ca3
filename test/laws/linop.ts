/** What every operator must do with what it cannot multiply, as a check of one operator. */
import type { Block, LinearOperator } from '../../src/index.ts';
import { expectRefusal, failureOf } from '../support/doors.ts';
import { expect } from '../support/jest.ts';

/** What is no block, or none of `rows` rows. */
function wrongBlocks(rows: number): unknown[] {
  return [
    null,
    undefined,
    3,
    'x',
    {},
    new Float64Array(rows),
    new Array(rows).fill(1),
    { rows, cols: 1, data: new Array(rows).fill(1) },
    { rows: rows + 1, cols: 1, data: new Float64Array(rows + 1) },
    { rows, cols: 2, data: new Float64Array(rows) },
    { rows, cols: 0, data: new Float64Array(0) },
  ];
}

/** The failure of a product, which must come as a promise that rejects. */
async function rejectionOf(product: () => unknown): Promise<unknown> {
  let pending: unknown;
  expect(() => {
    pending = product();
  }).not.toThrow();
  expect(pending).toHaveProperty('then', expect.any(Function));
  return failureOf(() => pending);
}

/**
 * Every product of the operator refuses wrong blocks: by a promise that rejects, never by throwing, with an error that names
 * the operator as `name`. Single vectors likewise, and whatever `more` makes of a block.
 */
export async function checkRefusals(
  op: LinearOperator & { apply?(x: unknown): unknown },
  name: string,
  ...more: ((X: never) => unknown)[]
): Promise<void> {
  const [m, n] = op.shape;
  const products: [number, (X: never) => unknown][] = [
    [n, (X) => op.matmat(X)],
    ...more.map((product) => [n, product] as [number, (X: never) => unknown]),
  ];
  const { adjointMatmat, matmatByBatch } = op;
  if (adjointMatmat) products.push([m, (Y) => op.adjointMatmat!(Y)]);
  if (matmatByBatch) products.push([n, (X) => op.matmatByBatch!(X, () => {})]);
  for (const [rows, product] of products) {
    for (const X of wrongBlocks(rows)) expectRefusal(await rejectionOf(() => product(X as never)), name);
  }
  if (matmatByBatch) {
    const X: Block = { rows: n, cols: 1, data: new Float64Array(n) };
    for (const visit of [null, 3, {}]) {
      expectRefusal(await rejectionOf(() => op.matmatByBatch!(X, visit as never)), name);
    }
  }
  if (!op.apply) return;
  for (const x of [null, undefined, 3, 'x', {}, [1], new Array(n).fill('a'), new Float64Array(n + 1)]) {
    expectRefusal(await rejectionOf(() => op.apply!(x)), name);
  }
}
