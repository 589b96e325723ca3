/** What a few random products say about what an operator declares of itself. */
import { type Block, zeros } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { ArgumentError, NumericalError, ShapeError } from '../core/errors.ts';
import type { Field } from '../core/parse.ts';
import { fillColumns } from '../linalg/kernels/random-columns.ts';
import { applyOperator } from './apply.ts';
import type { Asymmetry, LinearOperator } from './operator.ts';

/** @throws ArgumentError for what is no operator, ShapeError for one without rows or columns. Returns its shape. */
export function checkOperator(op: LinearOperator, name?: string): readonly [number, number] {
  if (typeof op?.matmat !== 'function' || op.shape?.length !== 2) {
    const got = Array.isArray(op) ? 'an array' : op === null ? 'null' : typeof op;
    throw new ArgumentError(
      `${name === undefined ? '' : `${name}: `}expected a LinearOperator { shape, dtype, matmat }, got ${got}. ` +
        'denseOperator makes one of a matrix, fromMatvec of a function',
    );
  }
  const [m, n] = op.shape;
  if (m >= 1 && n >= 1) return [m, n];
  throw new ShapeError(`the operator must have rows and columns, got ${m} x ${n}`, { shape: [m, n] });
}

/** An operator that is given as an option. */
export const operatorField: Field<LinearOperator> = {
  kind: 'value',
  parse(value, name) {
    checkOperator(value as LinearOperator, name);
    return value as LinearOperator;
  },
};

/** @throws as {@link checkOperator}, and ShapeError unless the operator is square. Returns n. */
export function checkSquare(op: LinearOperator): number {
  const [m, n] = checkOperator(op);
  if (m !== n) throw new ShapeError(`the operator must be square, got ${m} x ${n}`, { shape: [m, n] });
  return n;
}

function columnNorm(X: Block, column: number): number {
  let square = 0;
  for (let i = column; i < X.data.length; i += X.cols) square += X.data[i]! ** 2;
  return Math.sqrt(square);
}

function columnDot(X: Block, i: number, Y: Block, j: number): number {
  let dot = 0;
  for (let row = 0; row < X.rows; row++) dot += X.data[row * X.cols + i]! * Y.data[row * Y.cols + j]!;
  return dot;
}

/** |x^T A y - y^T A x| / ||[A x, A y]||_F for the two columns of X and of Y = A X. */
export function asymmetryOf(X: Block, Y: Block): number {
  const scale = Math.hypot(columnNorm(Y, 0), columnNorm(Y, 1));
  return scale === 0 ? 0 : Math.abs(columnDot(X, 0, Y, 1) - columnDot(X, 1, Y, 0)) / scale;
}

/** Two random Gaussian columns that only probes use. */
export async function probeBlock(op: Pick<LinearOperator, 'shape' | 'dtype'>, seed: number): Promise<Block> {
  const X = zeros(op.shape[1], 2, op.dtype);
  await fillColumns(X, 'gaussian', { seed, purpose: 'probe' }, 0);
  return X;
}

/**
 * The largest asymmetry that rounding explains: 4 sqrt(u), which is 1e-3 in float32 and 4e-8 in float64. Products of
 * deep operators carry relative errors of tens of u, far below; a wrong operator shows an asymmetry near one.
 */
export function asymmetryTolerance({ dtype }: Pick<LinearOperator, 'dtype'>): number {
  return Math.sqrt(unitRoundoff(dtype)) * 4;
}

function worstEntry(asymmetry: Asymmetry | undefined): string {
  if (asymmetry === undefined) return '';
  const { row, column, value, transposed } = asymmetry;
  return `; the worst entry is (${row}, ${column}): ${value}, and ${transposed} across the diagonal`;
}

/** @throws NumericalError that states the measured asymmetry when it is more than rounding. */
export function refuseAsymmetry(op: Pick<LinearOperator, 'dtype' | 'asymmetry'>, measured: number): void {
  const tolerance = asymmetryTolerance(op);
  if (measured <= tolerance) return;
  throw new NumericalError(
    `the operator is not symmetric: measured asymmetry ${measured.toExponential(1)}, at most ` +
      `${tolerance.toExponential(1)} is rounding in ${op.dtype}${worstEntry(op.asymmetry)}. Symmetrise it, or use ssvd for a general operator`,
    { asymmetry: measured, tolerance },
  );
}

/**
 * Two products, in one block, that show whether an operator is symmetric which does not say so: |x^T A y - y^T A x| relative
 * to the size of the products, for two random Gaussian x, y, is zero to rounding for a symmetric operator, of order one for a
 * general one.
 * @returns the products spent, none for an operator that declares `selfAdjoint`
 * @throws NumericalError for an operator that is not symmetric.
 */
export async function probeSymmetry(op: LinearOperator, seed: number): Promise<number> {
  if (op.selfAdjoint === true) return 0;
  const X = await probeBlock(op, seed);
  refuseAsymmetry(op, asymmetryOf(X, await applyOperator(op, X)));
  return X.cols;
}

/**
 * Refuses what declares `psd` where a compression X^T A X of A, or a Rayleigh quotient, has a negative eigenvalue beyond rounding.
 * @param smallest its smallest eigenvalue
 * @param largest its largest, or any size that its rounding is relative to
 * @throws NumericalError
 */
export function refuseNegative(op: Pick<LinearOperator, 'dtype'>, smallest: number, largest: number): void {
  if (smallest >= -asymmetryTolerance(op) * Math.max(Math.abs(smallest), largest)) return;
  throw new NumericalError(
    `the operator declares psd but is not positive semidefinite: its products show a negative direction, ${smallest.toExponential(2)} ` +
      `beside ${largest.toExponential(2)}. Leave psd out`,
    { smallest, largest },
  );
}
