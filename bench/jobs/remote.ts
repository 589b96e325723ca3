/**
 * What it costs that products are made in another process: milliseconds of a block of 64 columns of 40,000 float32 numbers
 * through Python, for products that take no time, 5 ms a block and 5 ms a column, one after the other and two under way, in
 * memory that the operator lends, as drivers ask for them. Prints a lap.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { recycled } from '../../src/core/block.ts';
import { pythonOperator, type RemoteOperator } from '../../src/remote/index.ts';

const { values: flags } = parseArgs({
  options: { n: { type: 'string', default: '40000' }, blocks: { type: 'string', default: '20' } },
});
const [n, blocks, cols] = [Number(flags.n), Number(flags.blocks), 64];
const python = process.env.EIGENSKETCH_PYTHON ?? '/usr/bin/python3';

/** Milliseconds of one of `blocks` products, `underWay` at a time. */
async function perBlock(op: RemoteOperator, underWay: number): Promise<number> {
  const lanes = await Promise.all(
    Array.from({ length: underWay }, async () => {
      const lent = await op.lend!(cols);
      const [X, out] = [lent?.input, lent?.product].map((memory) => recycled(n, cols, 'float32', memory)(cols));
      X!.data.fill(1);
      return { X: X!, out: out!, lent };
    }),
  );
  const run = async ({ X, out }: (typeof lanes)[number]): Promise<void> => {
    for (let i = 0; i < blocks / underWay; i++) await op.matmat(X, out);
  };
  await Promise.all(lanes.map(run));
  const started = performance.now();
  await Promise.all(lanes.map(run));
  const milliseconds = (performance.now() - started) / blocks;
  for (const { lent } of lanes) lent?.giveBack();
  return milliseconds;
}

const metrics: Record<string, number> = {};
let backend = '';
for (const [made, words] of [
  ['Waiting', 'product'],
  ['Placing', 'product with `out`'],
]) {
  for (const product of [0, 5, 5 * cols]) {
    const op = await pythonOperator(`bench/peers/waiting_operator.py:${made}`, { python, args: [n, product] });
    backend = op.backend ?? '';
    metrics[`${product} ms ${words}, one at a time`] = await perBlock(op, 1);
    metrics[`${product} ms ${words}, two under way`] = await perBlock(op, 2);
    await op.close();
  }
}
console.log(JSON.stringify({ metrics, info: { backend } }));
