/** The bytes of planSketch are those of the multivectors that a decomposition holds at once, counted while it runs. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type DiskSpace, diskSpace } from '../../src/hdf5/index.ts';
import { diagonalOperator, planSketch } from '../../src/index.ts';
import type { Multivector, Space } from '../../src/multivector/multivector.ts';
import { decompose, prepareRun } from '../../src/seigh/decompose.ts';
import { parseSketchCall, type SeighOptions } from '../../src/seigh/options.ts';
import type { SketchBudget } from '../../src/seigh/plan.ts';
import { expect, test } from '../support/jest.ts';

/** A space that counts the columns of its multivectors. */
function counted(inner: DiskSpace): { space: Space; peak: () => number } {
  const live = new Set<Multivector>();
  let peak = 0;
  const { rows, dtype, inMemory, panelEntries, blockColumns } = inner;
  const space: Space = {
    ...{ rows, dtype, inMemory, panelEntries, blockColumns },
    async allocate(cols) {
      const multivector = await inner.allocate(cols);
      live.add(multivector);
      peak = Math.max(
        peak,
        [...live].reduce((total, each) => total + each.cols, 0),
      );
      return multivector;
    },
    async release(multivector) {
      live.delete(multivector);
      await inner.release(multivector);
    },
    scope: () => ({ ...space, close: async () => undefined }),
  };
  return { space, peak: () => peak };
}

const n = 300;
const dims = 41;
const spectra: Record<string, (i: number) => number> = {
  'slow decay': (i) => 1 / (i + 1),
  'a core of lower rank than the sketch, to rounding': (i) => 0.8 ** i,
};

test.each<[string, 'hmt' | 'nystrom' | 'oversampled' | 'krylov', { psd?: boolean; refine?: boolean }, number]>([
  ['hmt', 'hmt', {}, 2 * dims],
  ['hmt, refined', 'hmt', { refine: true }, 2 * dims],
  ['nystrom', 'nystrom', {}, dims],
  ['nystrom of a positive semidefinite operator', 'nystrom', { psd: true }, dims],
  ['oversampled', 'oversampled', {}, 3 * dims + 1],
  ['krylov', 'krylov', {}, dims],
])('%s', async (_, method, own, products) => {
  const plan = planSketch({
    n,
    maxProducts: products,
    method,
    dtype: 'float32',
    ...own,
  } as SketchBudget);
  expect(plan.dims).toBe(dims);
  const directory = await mkdtemp(join(tmpdir(), 'eigensketch-planned-'));
  const peaks: number[] = [];
  try {
    for (const value of Object.values(spectra)) {
      const diagonal = Float32Array.from({ length: n }, (_, i) => (own.psd || i % 3 > 0 ? 1 : -1) * value(i));
      const options = { method, ...own } as SeighOptions;
      const call = parseSketchCall(diagonalOperator(diagonal), dims, options);
      const run = await prepareRun(call);
      const inner = diskSpace({ rows: n, cols: dims, dtype: 'float32', directory, memory: '8MB' });
      const { space, peak } = counted(inner);
      await decompose(call, { ...run, space });
      peaks.push(4 * n * peak());
      await inner.close();
    }
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
  // never more than planned, and no plan for what is never used
  expect(Math.max(...peaks)).toBeLessThanOrEqual(plan.bytes);
  expect(Math.max(...peaks)).toBeGreaterThan(0.85 * plan.bytes);
});
