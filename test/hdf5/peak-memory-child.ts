/** A decomposition and its certificate on disk under a small cap, in a process whose peak memory is measured. */
import { type DiskSpaceOptions, diskSpace } from '../../src/hdf5/index.ts';
import { apost, diagonalOperator } from '../../src/index.ts';
import { decompose, prepareRun } from '../../src/seigh/decompose.ts';
import { parseSketchCall } from '../../src/seigh/options.ts';
import { makeEighResult } from '../../src/spectrum/result.ts';
import { peakBytes } from '../support/peak-memory.ts';

const [n, dims] = [200_000, 100];
const tall: DiskSpaceOptions = { rows: n, cols: dims, dtype: 'float32', directory: process.argv[2]!, memory: '30MB' };
const space = diskSpace(tall);
const op = diagonalOperator(Float32Array.from({ length: n }, (_, i) => 1 / (1 + i)));
const call = parseSketchCall(op, dims, { testMatrix: 'rademacher', blockSize: space.blockColumns });
const run = await prepareRun(call);
const before = peakBytes();
const { pairs, numMatvecs, dropped } = await decompose(call, { ...run, space });
const decomposed = peakBytes();
const { testMatrix, seed, blockSize } = run;
const secondsByStage = { sketch: 0, recovery: 0 };
const result = makeEighResult(
  pairs,
  { numMatvecs, dims, dropped, method: 'hmt', testMatrix, seed, blockSize, secondsByStage },
  run.kernels,
);
const { relativeError } = await apost(op, result, { tests: 10 });
await space.close();
console.log(JSON.stringify({ before, decomposed, peak: peakBytes(), certified: relativeError.upper }));
