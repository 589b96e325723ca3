/** Plain dense algebra for tests: slow, obvious, and independent of the code under test. */
import type { Block, Matrix } from '../../src/core/block.ts';
import type { LinearOperator } from '../../src/index.ts';
import type { Multivector } from '../../src/multivector/multivector.ts';

/** An n x n identity block. */
export function identity(n: number, dtype: 'float32' | 'float64' = 'float64'): Block {
  const data = dtype === 'float64' ? new Float64Array(n * n) : new Float32Array(n * n);
  for (let i = 0; i < n; i++) data[i * n + i] = 1;
  return { rows: n, cols: n, data };
}

/** The inverse of an upper triangular matrix, column by column, by substitution. */
export function inverseOfUpper(R: Matrix): Matrix {
  const k = R.rows;
  const T = identity(k) as Matrix;
  for (let j = 0; j < k; j++) {
    for (let i = j; i >= 0; i--) {
      let sum = i === j ? 1 : 0;
      for (let l = i + 1; l <= j; l++) sum -= R.data[i * k + l]! * T.data[l * k + j]!;
      T.data[i * k + j] = sum / R.data[i * k + i]!;
    }
  }
  return T;
}

/** The operator's matrix, by multiplying the identity. */
export async function toDense(op: LinearOperator): Promise<Block> {
  return op.matmat(identity(op.shape[1], op.dtype));
}

/** A triple loop, on arrays of one type: several make it slow for the rest of the process. */
export function multiply(A: Block, B: Block): Block {
  const [inner, cols] = [A.cols, B.cols];
  const [left, right] = [new Float64Array(A.data), new Float64Array(B.data)];
  const data = new Float64Array(A.rows * cols);
  for (let i = 0; i < A.rows; i++) {
    for (let d = 0; d < inner; d++) {
      const factor = left[i * inner + d]!;
      for (let j = 0; j < cols; j++) data[i * cols + j]! += factor * right[d * cols + j]!;
    }
  }
  return { rows: A.rows, cols, data };
}

export function transposed(A: Block): Block {
  const data = new Float64Array(A.data.length);
  for (let i = 0; i < A.rows; i++) for (let j = 0; j < A.cols; j++) data[j * A.rows + i] = A.data[i * A.cols + j]!;
  return { rows: A.cols, cols: A.rows, data };
}

export function frobenius(A: Block): number {
  const data = new Float64Array(A.data);
  let square = 0;
  for (let at = 0; at < data.length; at++) square += data[at]! * data[at]!;
  return Math.sqrt(square);
}

export function distance(A: Block, B: Block): number {
  if (A.rows !== B.rows || A.cols !== B.cols) throw new Error(`${A.rows}x${A.cols} against ${B.rows}x${B.cols}`);
  const [left, right] = [new Float64Array(A.data), new Float64Array(B.data)];
  let square = 0;
  for (let at = 0; at < left.length; at++) square += (left[at]! - right[at]!) ** 2;
  return Math.sqrt(square);
}

/** The largest |a_i - b_i|; NaN where an entry is, or where the lengths differ. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let largest = a.length === b.length ? 0 : Number.NaN;
  for (let i = 0; i < a.length; i++) largest = Math.max(largest, Math.abs(a[i]! - b[i]!));
  return largest;
}

/** ||A - B||_F / ||A||_F. */
export function relativeDistance(A: Block, B: Block): number {
  return distance(A, B) / frobenius(A);
}

/** Largest absolute entry of Q^T Q - I. */
export async function orthonormalityDefect(Q: Multivector): Promise<number> {
  const block = await Q.toBlock();
  const G = multiply(transposed(block), block);
  let worst = 0;
  for (let i = 0; i < G.rows; i++) {
    for (let j = 0; j < G.cols; j++) worst = Math.max(worst, Math.abs(G.data[i * G.cols + j]! - (i === j ? 1 : 0)));
  }
  return worst;
}

/** Uniform numbers in (-1, 1) from a generator that shares nothing with the library's (Park & Miller 1988). */
export function uniforms(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  return () => {
    state = (state * 48271) % 2147483647;
    return (2 * state) / 2147483647 - 1;
  };
}

export function randomBlock(rows: number, cols: number, seed: number, dtype: 'float32' | 'float64' = 'float64'): Block {
  const next = uniforms(seed);
  const data = dtype === 'float64' ? new Float64Array(rows * cols) : new Float32Array(rows * cols);
  for (let i = 0; i < data.length; i++) data[i] = next();
  return { rows, cols, data };
}

/** The value below which the fraction `p` of the sample lies. */
export function quantile(sample: readonly number[], p: number): number {
  const sorted = sample.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(p * sorted.length))]!;
}
