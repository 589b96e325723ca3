/** Nanoseconds for a random number, of columns as a product takes them: 39,760 rows by 128. Prints a lap. */
import { parseArgs } from 'node:util';
import { zeros } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import { fillColumns } from '../../src/linalg/kernels/random-columns.ts';

/** With `--js` on this thread, in JavaScript. */
const { values: flags } = parseArgs({ options: { js: { type: 'boolean', default: false } } });
const [rows, cols, repeats] = [39760, 128, 10];

const metrics: Record<string, number> = {};
for (const distribution of ['gaussian', 'rademacher', 'sparseSign'] as const) {
  for (const dtype of ['float32', 'float64'] as const) {
    const block = zeros(rows, cols, dtype);
    let least = Number.POSITIVE_INFINITY;
    for (let repeat = 0; repeat < repeats; repeat++) {
      const started = performance.now();
      const columns = [block, distribution, { seed: 1, purpose: 'start' }, repeat * cols] as const;
      if (flags.js) fillRandom(...columns);
      else await fillColumns(...columns);
      least = Math.min(least, performance.now() - started);
    }
    metrics[`${distribution}, ${dtype}, ns`] = (least * 1e6) / (rows * cols);
  }
}
console.log(JSON.stringify({ metrics, info: {} }));
