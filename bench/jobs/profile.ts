/**
 * Where the seconds of the work of reference go: those of each kind of call of the kernels, their rate, and what is left. Prints a
 * lap. Operations are those of docs/speed.md; of a symmetric product one triangle counts, of an eigendecomposition 9 k^3.
 */
import { parseArgs } from 'node:util';
import { apost, seigh } from 'eigensketch';
import type { Block } from '../../src/core/block.ts';
import { dtypeOf } from '../../src/core/dtype.ts';
import type { Kernels } from '../../src/linalg/kernels/provider.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hessian784, loadNetwork784 } from '../support/network784.ts';

const { values } = parseArgs({ options: { kernels: { type: 'string', default: 'auto' } } });
const kernels = values.kernels as 'auto';

/** Of the calls of one kind. */
interface Spent {
  seconds: number;
  operations: number;
}

const spent = new Map<string, Spent>();

/** Columns of a side of the work: those of tests and samples, or of the sketch. */
const width = (cols: number): string => (cols > 256 ? 'wide' : 'few columns');

const OPERATIONS = {
  addGram: (X: Block, Y: Block, _: Block, symmetric = X === Y) =>
    [
      `X^T Y, ${width(Math.min(X.cols, Y.cols))}, ${dtypeOf(X.data)}`,
      (symmetric ? 1 : 2) * X.rows * X.cols * Y.cols,
    ] as const,
  times: (X: Block, C: Block) => [`X C, ${width(C.cols)}, ${dtypeOf(X.data)}`, 2 * X.rows * X.cols * C.cols] as const,
  solve: (X: Block) => [`X R^-1, ${dtypeOf(X.data)}`, X.rows * X.cols * X.cols] as const,
  subtract: (X: Block, C: Block) =>
    [`Z - X C, ${width(C.cols)}, ${dtypeOf(X.data)}`, 2 * X.rows * X.cols * C.cols] as const,
  gemm: (A: Block, B: Block) =>
    ['small products', (2 * A.data.length * B.data.length) / Math.min(A.rows, A.cols)] as const,
  eigh: (A: Block) => ['small eigendecompositions', 9 * A.rows ** 3] as const,
};

function watch(provider: Kernels): void {
  for (const [name, of] of Object.entries(OPERATIONS)) {
    const method = name as keyof typeof OPERATIONS;
    const original = (provider[method] as (...args: unknown[]) => Promise<unknown>).bind(provider);
    Object.assign(provider, {
      [method]: async (...args: unknown[]) => {
        const [kind, operations] = (of as (...args: unknown[]) => readonly [string, number])(...args);
        const started = performance.now();
        const result = await original(...args);
        const sum = spent.get(kind) ?? { seconds: 0, operations: 0 };
        sum.seconds += (performance.now() - started) / 1000;
        sum.operations += operations;
        spent.set(kind, sum);
        return result;
      },
    });
  }
}

const network = await loadNetwork784();
const H = hessian784(network);
// outside the clock: the provider is loaded and checked
await seigh(H, 2, { kernels, seed: 9 });
watch(await selectKernels(kernels));
const laps: Record<string, number> = {};
let [before, started] = [0, performance.now()];
const stage = (name: string, seconds: number): void => {
  const inKernels = [...spent.values()].reduce((sum, each) => sum + each.seconds, 0);
  laps[`${name}, seconds`] = seconds;
  laps[`${name}, outside kernels`] = seconds - (inKernels - before);
  before = inKernels;
};
const sketch = await seigh(H, 2000, { testMatrix: 'rademacher', seed: 1, kernels });
stage('seigh', (performance.now() - started) / 1000);
started = performance.now();
await apost(H, sketch, { tests: 30, confidence: 0.99, seed: 2, kernels });
stage('apost', (performance.now() - started) / 1000);
laps['products of the sketch, seconds'] = sketch.secondsByStage.sketch;
const most = [...spent].filter(([, { seconds }]) => seconds >= 0.1).sort(([, a], [, b]) => b.seconds - a.seconds);
for (const [kind, { seconds, operations }] of most) {
  laps[kind] = seconds;
  laps[`${kind}, GFLOP/s`] = operations / seconds / 1e9;
}
console.log(JSON.stringify({ metrics: laps, info: { kernels: sketch.kernels, rank: sketch.rank } }));
