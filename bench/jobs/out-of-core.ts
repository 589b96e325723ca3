/**
 * seigh by hmt and its certificate (30 tests) of diag(1/j), float32, Rademacher, with multivectors in files under a cap of
 * 512 MB or of `--memory`, or with `--in-memory`: seconds of each stage, bytes through files against the least possible, peak memory. Each
 * size n:k runs in a process of its own. Files go to the directory EIGENSKETCH_SCRATCH, else to the system's temporary one.
 */
import { execFileSync } from 'node:child_process';
import { tmpdir } from 'node:os';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { apost, diagonalOperator } from 'eigensketch';
import { diskSpace } from 'eigensketch/hdf5';
import type { Progress } from '../../src/core/schedule.ts';
import { decompose, prepareRun } from '../../src/seigh/decompose.ts';
import { parseSketchCall } from '../../src/seigh/options.ts';
import { makeEighResult } from '../../src/spectrum/result.ts';

const { values: flags, positionals } = parseArgs({
  options: { 'in-memory': { type: 'boolean', default: false }, memory: { type: 'string', default: '512MB' } },
  allowPositionals: true,
});

/** Passes over an n x k block that depend on one another: Y twice, Q for its products, Q and Z twice, V four times. */
const LEAST_READS = 11;
/** Y, Q, Z and V. */
const LEAST_WRITES = 4;

type Stage = 'sketch' | 'orthonormalise' | 'products' | 'vectors' | 'certificate';

/** When each stage ended, from what is reported on the way: the first product of A Q ends the orthonormalisation. */
function stageClock(): { onProgress: (progress: Progress) => void; end: (stage: Stage) => void; seconds: object } {
  const seconds: Partial<Record<Stage, number>> = {};
  let last = performance.now();
  const end = (stage: Stage): void => {
    seconds[stage] = (performance.now() - last) / 1000;
    last = performance.now();
  };
  const onProgress = ({ stage, done, total }: Progress): void => {
    if (stage === 'sketch' && done === total) end('sketch');
    if (stage === 'recovery' && done === 0) end('orthonormalise');
    if (stage === 'recovery' && done === total) end('products');
  };
  return { onProgress, end, seconds };
}

async function measure(n: number, k: number): Promise<{ metrics: Record<string, number>; kernels: string }> {
  const op = diagonalOperator(Float32Array.from({ length: n }, (_, i) => 1 / (1 + i)));
  const directory = process.env.EIGENSKETCH_SCRATCH || tmpdir();
  const space = flags['in-memory']
    ? undefined
    : diskSpace({ rows: n, cols: k, dtype: 'float32', directory, memory: flags.memory });
  const blockSize = space ? { blockSize: Math.min(64, space.blockColumns) } : {};
  const { onProgress, end, seconds } = stageClock();
  const call = parseSketchCall(op, k, { testMatrix: 'rademacher', seed: 1, onProgress, ...blockSize });
  const checked = await prepareRun(call);
  const run = space ? { ...checked, space } : checked;
  const started = performance.now();
  const { pairs, numMatvecs, dropped } = await decompose(call, run);
  end('vectors');
  const { testMatrix, seed } = run;
  const facts = { numMatvecs, dims: k, dropped, method: 'hmt', testMatrix, seed, blockSize: run.blockSize } as const;
  const result = makeEighResult(pairs, { ...facts, secondsByStage: { sketch: 0, recovery: 0 } }, run.kernels);
  await apost(op, result, { tests: 30, seed: 2 });
  end('certificate');
  const total = (performance.now() - started) / 1000;
  const multivector = 4 * n * result.rank;
  const { bytesRead = 0, bytesWritten = 0 } = space?.traffic ?? {};
  const through = {
    readBytes: bytesRead,
    'reads over the least': bytesRead / (LEAST_READS * multivector),
    writtenBytes: bytesWritten,
    'writes over the least': bytesWritten / (LEAST_WRITES * multivector),
  };
  await space?.close();
  return {
    kernels: run.kernels.name,
    metrics: { ...seconds, total, ...(space ? through : {}), peakBytes: process.resourceUsage().maxRSS * 1024 },
  };
}

const [only, ...others] = positionals;
if (only && others.length === 0) {
  const [n, k] = only.split(':').map(Number) as [number, number];
  const { metrics, kernels } = await measure(n, k);
  const named = Object.entries(metrics).map(([name, value]) => [`n ${n}, k ${k}: ${name}`, value]);
  console.log(JSON.stringify({ metrics: Object.fromEntries(named), info: { kernels } }));
} else {
  const laps = positionals.map((size) => {
    const args = [
      fileURLToPath(import.meta.url),
      ...(flags['in-memory'] ? ['--in-memory'] : []),
      '--memory',
      flags.memory,
      size,
    ];
    return JSON.parse(execFileSync(process.execPath, args, { encoding: 'utf8' })) as {
      metrics: Record<string, number>;
      info: { kernels: string };
    };
  });
  const metrics = Object.assign({}, ...laps.map((lap) => lap.metrics));
  console.log(JSON.stringify({ metrics, info: laps[0]?.info ?? {} }));
}
