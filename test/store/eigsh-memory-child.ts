/** A search in a directory under a small cap, in a process whose peak memory is measured. */
import { eigsh, fromMatvec } from '../../src/index.ts';
import { peakBytes } from '../support/peak-memory.ts';

const n = 400_000;
const op = fromMatvec({
  shape: [n, n],
  dtype: 'float32',
  selfAdjoint: true,
  matmat: ({ rows, cols, data }) => {
    const out = new Float32Array(data.length);
    for (let at = 0; at < out.length; at++) out[at] = data[at]! / Math.sqrt(1 + Math.floor(at / cols));
    return { rows, cols, data: out };
  },
});
// loads what there is to load
await eigsh(fromMatvec({ shape: [40, 40], dtype: 'float32', matmat: (X) => X }), 2, {
  store: `${process.argv[2]}/small`,
});
const before = peakBytes();
const { eigenvectors, dims } = await eigsh(op, 10, {
  store: `${process.argv[2]}/large`,
  memory: '20MB',
  maxProducts: 60,
});
console.log(JSON.stringify({ before, peak: peakBytes(), dims, cols: eigenvectors.cols }));
