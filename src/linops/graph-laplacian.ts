/** Laplacians of weighted undirected graphs. */
import { atDoor } from '../core/door.ts';
import { allocate, dtypeOf } from '../core/dtype.ts';
import { ArgumentError, NumericalError, ShapeError } from '../core/errors.ts';
import { flag, parseOptions, withDefault } from '../core/parse.ts';
import type { CsrMatrix } from '../linalg/csr.ts';
import type { LinearOperator } from './operator.ts';
import { csrOperator, type SparseOperator, sparseOperator } from './sparse.ts';
import type { SparseEntries } from './sparse-entries.ts';

/** Options of {@link graphLaplacian}. */
export interface GraphLaplacianOptions {
  /** I - D^(-1/2) W D^(-1/2) instead of D - W; spectrum in [0, 2]. Default false. */
  normalised?: boolean;
}

/** The entries of an adjacency matrix. @throws for an operator without entries, one that is not square or not symmetric. */
function adjacencyOf(adjacency: SparseEntries | LinearOperator): SparseOperator['entries'] {
  const isOperator = typeof (adjacency as LinearOperator | null)?.matmat === 'function';
  const op = isOperator ? (adjacency as Partial<SparseOperator>) : sparseOperator(adjacency as SparseEntries);
  if (!op.entries) {
    throw new ArgumentError(
      'needs the entries of the adjacency matrix: pass { shape, indptr, indices, data }, or what sparseOperator or a sparse file gives',
    );
  }
  const [n, cols] = op.entries.shape;
  if (n !== cols) throw new ShapeError(`an adjacency matrix is square, got ${n} x ${cols}`, { n, cols });
  if (op.asymmetry) {
    const { row, column, value, transposed } = op.asymmetry;
    throw new NumericalError(
      `the graph is directed: weight (${row}, ${column}) is ${value}, (${column}, ${row}) is ${transposed}. ` +
        'Add the transpose of its adjacency matrix to it',
      { ...op.asymmetry },
    );
  }
  return op.entries;
}

/** Sums of the weights at each node, loops left out, and whether all weights are nonnegative. */
function degreesOf({ shape: [n], indptr, indices, data }: SparseOperator['entries']): [Float64Array, boolean] {
  const degrees = new Float64Array(n);
  let nonnegative = true;
  for (let i = 0; i < n; i++) {
    for (let k = indptr[i]!; k < indptr[i + 1]!; k++) {
      if (indices[k] === i) continue;
      degrees[i]! += data[k]!;
      if (data[k]! < 0) nonnegative = false;
    }
  }
  return [degrees, nonnegative];
}

/** d^(-1/2) by node; 0 for a node without edges. @throws ArgumentError for a negative degree. */
function inverseRoots(degrees: Float64Array): Float64Array {
  const negative = degrees.findIndex((degree) => degree < 0);
  if (negative >= 0) {
    const message = `the weights at node ${negative} add up to ${degrees[negative]}; a normalised Laplacian needs`;
    throw new ArgumentError(`${message} nonnegative degrees`, { node: negative, degree: degrees[negative] });
  }
  return degrees.map((degree) => (degree > 0 ? 1 / Math.sqrt(degree) : 0));
}

const OPTIONS = { normalised: withDefault(flag, false) };

/** D - W or I - D^(-1/2) W D^(-1/2). */
function laplacianOf(W: SparseOperator['entries'], normalised: boolean): SparseOperator {
  const [n] = W.shape;
  const [degrees, nonnegative] = degreesOf(W);
  const roots = normalised ? inverseRoots(degrees) : undefined;
  const indptr = new Int32Array(n + 1);
  const indices = new Int32Array(W.indices.length + n);
  const data = allocate(dtypeOf(W.data), W.data.length + n);
  let at = 0;
  const add = (column: number, value: number): void => {
    if (value === 0) return;
    indices[at] = column;
    data[at] = value;
    at++;
  };
  for (let i = 0; i < n; i++) {
    const diagonal = roots ? Math.sign(roots[i]!) : degrees[i]!;
    let k = W.indptr[i]!;
    const end = W.indptr[i + 1]!;
    const weight = (k: number): number => (roots ? W.data[k]! * (roots[i]! * roots[W.indices[k]!]!) : W.data[k]!);
    for (; k < end && W.indices[k]! < i; k++) add(W.indices[k]!, -weight(k));
    add(i, diagonal);
    if (k < end && W.indices[k] === i) k++;
    for (; k < end; k++) add(W.indices[k]!, -weight(k));
    indptr[i + 1] = at;
  }
  const L: CsrMatrix = { rows: n, cols: n, indptr, indices: indices.slice(0, at), data: data.slice(0, at) };
  return csrOperator('graphLaplacian', L, nonnegative);
}

/**
 * The Laplacian L = D - W of an undirected graph with symmetric weights W, D the diagonal matrix of the degrees; or, with
 * `normalised`, I - D^(-1/2) W D^(-1/2). Loops do not count, rows of nodes without edges are zero: as
 * `scipy.sparse.csgraph.laplacian(W, normed)`. It is sparse again, symmetric, and `psd` when no weight is negative.
 *
 * @param adjacency n x n weights: a sparse operator, or entries as {@link sparseOperator} takes them
 * @example
 * const path = graphLaplacian({ format: 'coo', shape: [3, 3], row: [1, 2], col: [0, 1], data: [1, 1], symmetric: 'lower' });
 * const { eigenvalues } = await eigsh(path, 3, { which: 'SA' }); // 0, 1, 3
 * @throws ArgumentError for an operator without entries and for negative degrees with `normalised`, ShapeError unless
 *   square, NumericalError for a directed graph, naming the worst entry.
 */
export function graphLaplacian(
  adjacency: SparseEntries | LinearOperator,
  options: GraphLaplacianOptions = {},
): SparseOperator {
  return atDoor('graphLaplacian', () => {
    const { normalised } = parseOptions(options, OPTIONS);
    return laplacianOf(adjacencyOf(adjacency), normalised);
  });
}
