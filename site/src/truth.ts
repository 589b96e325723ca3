/** The whole matrix by one product for each column, and its eigenvalues by ml-matrix: what the certificate is held against. */
import { EigenvalueDecomposition, Matrix } from 'ml-matrix';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';
import { type Approximation, curvatureOf, type Truth } from './spectrum.ts';

/** The whole decomposition takes time in proportion to the cube of this. */
const MOST_PARAMETERS = 1500;

/** Columns of the identity at a time. */
const COLUMNS = 64;

/** The operator's matrix, symmetrised in float64. */
async function wholeMatrix(
  A: Approximation,
  n: number,
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Matrix> {
  const whole = new Matrix(n, n);
  for (let from = 0; from < n; from += COLUMNS) {
    const cols = Math.min(COLUMNS, n - from);
    const data = new Float32Array(n * cols);
    for (let column = 0; column < cols; column++) data[(from + column) * cols + column] = 1;
    const { data: product } = await A.matmat({ rows: n, cols, data });
    signal.throwIfAborted();
    for (let row = 0; row < n; row++) {
      for (let column = 0; column < cols; column++) whole.set(row, from + column, product[row * cols + column]!);
    }
    onProgress((from + cols) / n);
  }
  for (let row = 0; row < n; row++) {
    for (let column = 0; column < row; column++) {
      const mean = (whole.get(row, column) + whole.get(column, row)) / 2;
      whole.set(row, column, mean);
      whole.set(column, row, mean);
    }
  }
  return whole;
}

const eigenvaluesOf = (matrix: Matrix): number[] =>
  new EigenvalueDecomposition(matrix, { assumeSymmetric: true }).realEigenvalues.sort(
    (a, b) => Math.abs(b) - Math.abs(a),
  );

/**
 * Everything that a snapshot makes statements about, by direct computation.
 * @throws Error for a problem that is too large
 */
export async function truthOf(
  problem: Problem,
  settings: Settings,
  { step, approximation }: { step: number; approximation: Approximation },
  signal: AbortSignal,
  onProgress: (share: number) => void,
): Promise<Truth> {
  const n = problem.parameters;
  if (n > MOST_PARAMETERS) {
    throw new Error(`the whole matrix is computed for at most ${MOST_PARAMETERS} parameters, and there are ${n}`);
  }
  const A = curvatureOf(problem, settings);
  try {
    const matrix = await wholeMatrix(A, n, signal, onProgress);
    const error = Matrix.sub(matrix, await wholeMatrix(approximation, n, signal, () => {}));
    return { step, eigenvalues: eigenvaluesOf(matrix), relativeError: error.norm() / matrix.norm() };
  } finally {
    A.dispose();
  }
}
