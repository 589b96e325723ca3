/**
 * Products with the normalised adjacency matrix of random graphs (five edges a node), and its leading eigenpairs to relative
 * residuals of 1e-6, float64. Nodes belong to communities, which have between 95 and 60 percent of their edges inside, so that
 * as many eigenvalues stand out from the bulk of a random graph, [-0.6, 0.6]; with one community there is the bulk alone. CPU
 * seconds are of all threads: they compare where a machine is shared. Arguments: NODES:PAIRS:WHICH. Prints a lap.
 */
import process from 'node:process';
import { parseArgs } from 'node:util';
import { type EigshResult, eigsh, graphLaplacian, type SparseOperator, sparseOperator } from 'eigensketch';
import { zeros } from '../../src/core/block.ts';
import { fillRandom } from '../../src/core/random.ts';
import { median } from '../support/race.ts';

const { values: flags, positionals } = parseArgs({
  options: { kernels: { type: 'string', default: 'auto' }, communities: { type: 'string', default: '100' } },
  allowPositionals: true,
});
const EDGES = 5;
const WIDTHS = [1, 8, 32];
const REPEATS = 5;

/** The finaliser of MurmurHash3: the peer computes the same ends of the edges. */
function hash(counter: number): number {
  let h = Math.imul(counter, 0x9e3779b1);
  h ^= h >>> 16;
  h = Math.imul(h, 0x85ebca6b);
  h ^= h >>> 13;
  h = Math.imul(h, 0xc2b2ae35);
  return (h ^ (h >>> 16)) >>> 0;
}

/** The nodes of the edges, made of numbers below 2^32 so that the peer has the same; node v is in community v mod C. */
function edges(n: number, communities: number): { from: Int32Array; to: Int32Array } {
  const [from, to] = [new Int32Array(EDGES * n), new Int32Array(EDGES * n)];
  for (let k = 0; k < from.length; k++) {
    const start = hash(3 * k) % n;
    const end = hash(3 * k + 1) % n;
    const community = start % communities;
    const isInside = hash(3 * k + 2) % 1000 < 950 - Math.floor((350 * community) / communities);
    from[k] = start;
    to[k] = isInside ? end - (end % communities) + community : end;
  }
  return { from, to };
}

/** D^(-1/2) W D^(-1/2): the normalised Laplacian without its diagonal, and with the other sign. */
function normalisedAdjacency(n: number, communities: number): SparseOperator {
  const { from, to } = edges(n, communities);
  const count = from.length;
  const row = Int32Array.from({ length: 2 * count }, (_, k) => (k < count ? from[k]! : to[k - count]!));
  const col = Int32Array.from({ length: 2 * count }, (_, k) => (k < count ? to[k]! : from[k - count]!));
  const data = new Float64Array(2 * count).fill(1);
  const { entries } = graphLaplacian({ format: 'coo', shape: [n, n], row, col, data }, { normalised: true });
  const { shape, indptr, indices } = entries;
  const weights = entries.data.slice();
  for (let i = 0; i < n; i++) {
    for (let k = indptr[i]!; k < indptr[i + 1]!; k++) weights[k] = indices[k] === i ? 0 : -weights[k]!;
  }
  return sparseOperator({ shape, indptr, indices, data: weights });
}

/** Largest ||A v - lambda v|| / ||A||, for which 1 is an upper bound here. */
async function largestResidual(A: SparseOperator, { eigenvalues, eigenvectors }: EigshResult): Promise<number> {
  const V = await eigenvectors.toBlock();
  const AV = await A.matmat(V);
  const squares = new Float64Array(V.cols);
  for (let at = 0; at < V.data.length; at++) {
    const column = at % V.cols;
    squares[column]! += (AV.data[at]! - eigenvalues[column]! * V.data[at]!) ** 2;
  }
  return Math.sqrt(Math.max(...squares));
}

const metrics: Record<string, number> = {};
let provider = '';
for (const sizes of positionals) {
  const [nodes, wanted, which] = sizes.split(':') as [string, string, 'LA'];
  const [n, pairs] = [Number(nodes), Number(wanted)];
  const A = normalisedAdjacency(n, Number(flags.communities));
  for (const cols of WIDTHS) {
    if (`n ${n}, product of ${cols}` in metrics) continue;
    const X = zeros(n, cols, 'float64');
    fillRandom(X, 'gaussian', { seed: 1, purpose: 'start' }, 0);
    const Y = zeros(n, cols, 'float64');
    const seconds: number[] = [];
    // the first one copies the matrix to the threads
    for (let call = 0; call <= REPEATS; call++) {
      const started = performance.now();
      await A.matmat(X, Y);
      seconds.push((performance.now() - started) / 1000);
    }
    metrics[`n ${n}, product of ${cols}`] = median(seconds.slice(1));
  }
  const before = process.cpuUsage();
  const started = performance.now();
  const result = await eigsh(A, pairs, { which, tol: 1e-6, seed: 1, kernels: flags.kernels as 'auto' });
  metrics[`n ${n}, ${pairs} ${which}`] = (performance.now() - started) / 1000;
  const { user, system } = process.cpuUsage(before);
  metrics[`n ${n}, ${pairs} ${which}, CPU seconds`] = (user + system) / 1e6;
  metrics[`n ${n}, ${pairs} ${which}, products`] = result.numMatvecs;
  metrics[`n ${n}, ${pairs} ${which}, products of the check`] = result.completeness?.numMatvecs ?? 0;
  metrics[`n ${n}, ${pairs} ${which}, largest residual`] = await largestResidual(A, result);
  provider = result.kernels;
}
console.log(JSON.stringify({ metrics, info: { kernels: provider } }));
