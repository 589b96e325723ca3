/** Operators with stored entries: a full matrix and a diagonal. */

import { asDType, type Block, type Matrix, zeroMatrix, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { dtypeOf, type FloatArray, isFloatArray } from '../core/dtype.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { integer, numbers, refuse } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { withAdd } from './adding.ts';
import { trusted } from './apply.ts';
import { defineOperator, type Operator } from './define.ts';
import type { Asymmetry } from './operator.ts';

function fromRows(rows: readonly (readonly number[])[]): Matrix {
  const cols = rows[0]?.length ?? 0;
  for (const [i, row] of rows.entries()) numbers.parse(row, `row ${i}`);
  const ragged = rows.findIndex((row) => row.length !== cols);
  if (ragged >= 0) {
    throw new ShapeError(`row ${ragged} has ${rows[ragged]!.length} entries, row 0 has ${cols}`, {});
  }
  return { rows: rows.length, cols, data: Float64Array.from(rows.flat()) };
}

function toBlock(
  data: FloatArray | Block | readonly (readonly number[])[],
  shape: readonly [number, number] | undefined,
): Block {
  if (Array.isArray(data)) return fromRows(data as readonly (readonly number[])[]);
  if (!isFloatArray(data)) {
    const block = data as Block;
    if (block && isFloatArray(block.data)) return block;
    return refuse('data', 'rows of numbers, a Block, or a typed array with a shape', data);
  }
  if (!shape) throw new ArgumentError('a typed array needs a shape [rows, cols]');
  return { rows: shape[0], cols: shape[1], data };
}

/** The entry in which a square matrix differs most from its transpose; undefined when there is none. */
function worstAsymmetry({ rows, cols, data }: Block): Asymmetry | undefined {
  let worst: Asymmetry | undefined;
  let largest = 0;
  for (let i = 1; i < rows; i++) {
    for (let j = 0; j < i; j++) {
      const value = data[i * cols + j]!;
      const transposed = data[j * cols + i]!;
      if (value === transposed) continue;
      const difference = Math.abs(value - transposed);
      // a difference with NaN is larger than every other
      if (worst === undefined || !(difference <= largest)) {
        worst = { row: i, column: j, value, transposed };
        largest = difference;
      }
    }
  }
  return worst;
}

/**
 * The operator of a stored matrix. Its dtype is that of the typed array (float64 for rows of numbers); `selfAdjoint` is
 * set when the matrix equals its transpose entry by entry.
 *
 * @param data rows of numbers, a row-major Block, or a row-major typed array together with `shape`
 * @throws ArgumentError, ShapeError when sizes do not fit.
 */
export function denseOperator(
  data: FloatArray | Block | readonly (readonly number[])[],
  shape?: readonly [number, number],
): Operator {
  return atDoor('denseOperator', () => {
    const A = toBlock(data, shape);
    integer(1).parse(A.rows, 'rows');
    integer(1).parse(A.cols, 'cols');
    if (A.data.length !== A.rows * A.cols) {
      throw new ShapeError(`${A.rows} x ${A.cols} needs ${A.rows * A.cols} numbers, got ${A.data.length}`, {
        shape: [A.rows, A.cols],
        got: A.data.length,
      });
    }
    const dtype = dtypeOf(A.data);
    const multiply = async (X: Block, Y: Block = zeros(A.rows, X.cols, dtype)): Promise<Block> => {
      const kernels = await selectKernels();
      await kernels.times(A, X, Y);
      return Y;
    };
    const multiplyTransposed = async (Y: Block): Promise<Block> => {
      const kernels = await selectKernels();
      const X = zeroMatrix(A.cols, Y.cols);
      await kernels.addGram(A, asDType(Y, dtype), X, false);
      return asDType(X, dtype);
    };
    const asymmetry = A.rows === A.cols ? worstAsymmetry(A) : undefined;
    const symmetric = A.rows === A.cols && asymmetry === undefined;
    const op = defineOperator('denseOperator', {
      shape: [A.rows, A.cols],
      dtype,
      ...(symmetric ? { selfAdjoint: true } : {}),
      ...(asymmetry ? { asymmetry } : {}),
      matmat: multiply,
      adjointMatmat: symmetric ? (Y: Block) => multiply(Y) : multiplyTransposed,
    });
    return trusted(op);
  });
}

/** out = diag(d) X, a row at a time. */
function scaleRowsInto(d: FloatArray, { cols, data: from }: Block, { data: to }: Block): void {
  for (let i = 0, at = 0, end = cols; i < d.length; i++, end += cols) {
    const factor = d[i]!;
    for (; at < end; at++) to[at] = factor * from[at]!;
  }
}

/** out += weight diag(d) X. */
function addScaledRows(d: FloatArray, { cols, data: from }: Block, weight: number, { data: to }: Block): void {
  for (let i = 0, at = 0, end = cols; i < d.length; i++, end += cols) {
    const factor = weight * d[i]!;
    for (; at < end; at++) to[at]! += factor * from[at]!;
  }
}

/** diag(d): n x n. Its dtype is that of the typed array, float64 for plain numbers. @throws ArgumentError when empty. */
export function diagonalOperator(d: FloatArray | readonly number[]): Operator {
  return atDoor('diagonalOperator', () => {
    const diagonal = numbers.parse(d, 'd');
    const n = integer(1).parse(diagonal.length, 'length');
    const dtype = dtypeOf(diagonal);
    const matmat = (X: Block, Y: Block = zeros(n, X.cols, dtype)): Block => {
      scaleRowsInto(diagonal, X, Y);
      return Y;
    };
    const op = defineOperator('diagonalOperator', {
      shape: [n, n],
      dtype,
      selfAdjoint: true,
      psd: diagonal.every((value) => value >= 0),
      matmat,
      adjointMatmat: (Y: Block) => matmat(Y),
    });
    return withAdd(trusted(op), (X, weight, out) => addScaledRows(diagonal, X, weight, out));
  });
}
