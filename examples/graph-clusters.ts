/** Spectral clustering of a graph in a Matrix Market file: the communities that were planted in it are found again. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Block, eigsh, graphLaplacian } from 'eigensketch';
import { readOperator } from 'eigensketch/files';

// a graph of three communities: an edge within one has probability 0.15, between two 0.01
const NODES = 450;
const COMMUNITIES = 3;
const communityOf = (node: number): number => node % COMMUNITIES;

/** Numbers in (0, 1), the same in every run (Park & Miller 1988). */
let state = 20;
function uniform(): number {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}

const edges: string[] = [];
for (let i = 2; i <= NODES; i++) {
  for (let j = 1; j < i; j++) {
    if (uniform() < (communityOf(i - 1) === communityOf(j - 1) ? 0.15 : 0.01)) edges.push(`${i} ${j}`);
  }
}

/** The group of each row: k-means (Lloyd 1982), started from rows that are far from each other. */
function groupRows({ rows, cols, data }: Block, groups: number): number[] {
  const row = (i: number): number[] => Array.from(data.subarray(i * cols, (i + 1) * cols));
  const apart = (x: readonly number[], y: readonly number[]): number =>
    x.reduce((sum, v, j) => sum + (v - y[j]!) ** 2, 0);
  const all = Array.from({ length: rows }, (_, i) => row(i));
  const centres = [all[0]!];
  const nearest = (x: readonly number[]): number => Math.min(...centres.map((centre) => apart(x, centre)));
  while (centres.length < groups) centres.push(all.reduce((far, x) => (nearest(x) > nearest(far) ? x : far)));
  let members: number[] = [];
  for (let round = 0; round < 20; round++) {
    members = all.map((x) =>
      centres.reduce((best, centre, g) => (apart(x, centre) < apart(x, centres[best]!) ? g : best), 0),
    );
    for (const g of centres.keys()) {
      const own = all.filter((_, i) => members[i] === g);
      centres[g] = centres[g]!.map((_, j) => own.reduce((sum, x) => sum + x[j]!, 0) / own.length);
    }
  }
  return members;
}

const home = await mkdtemp(join(tmpdir(), 'eigensketch-graph-'));
try {
  const file = join(home, 'graph.mtx');
  const banner = '%%MatrixMarket matrix coordinate pattern symmetric';
  await writeFile(file, `${banner}\n${NODES} ${NODES} ${edges.length}\n${edges.join('\n')}\n`);

  const L = graphLaplacian(await readOperator(file), { normalised: true });
  const { eigenvalues, eigenvectors, converged } = await eigsh(L, COMMUNITIES + 1, { which: 'SA', tol: 1e-8, seed: 1 });
  console.log(`${NODES} nodes, ${edges.length} edges, converged: ${converged}`);
  console.log(
    `smallest eigenvalues of the normalised Laplacian: ${Array.from(eigenvalues, (v) => v.toFixed(4)).join(', ')}`,
  );

  // as many small eigenvalues as there are communities, then a gap; the vectors of the small ones tell who belongs together
  const groups = groupRows(await eigenvectors.readColumns(0, COMMUNITIES), COMMUNITIES);
  const names = Array.from({ length: COMMUNITIES }, (_, c) => groups[c]!);
  const right = groups.filter((group, node) => group === names[communityOf(node)]).length;
  console.log(`${right} of ${NODES} nodes are in the community that was planted`);
} finally {
  await rm(home, { recursive: true });
}
