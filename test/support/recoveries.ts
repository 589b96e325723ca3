/** A small dense operator for tests of `seigh`, and the algebra that its methods are written in: dense, and by other means. */
import type { Block } from '../../src/core/block.ts';
import { denseOperator, type EighResult, type LinearOperator } from '../../src/index.ts';
import { jacobi } from './eigenvalues.ts';
import { orthonormalVectors } from './krylov.ts';
import { multiply, randomBlock, transposed } from './matrices.ts';

export const n = 20;
export const k = 6;
const X = randomBlock(n, n, 3);
export const A: Block = {
  ...X,
  data: X.data.map(
    (value, at) => value + transposed(X).data[at]! + (at % (n + 1) === 0 ? 8 / (1 + at / n) : 0),
  ) as Float64Array,
};

/** A and so much of the identity that all eigenvalues are positive. */
export const definite: Block = {
  ...A,
  data: A.data.map((value, at) => value + (at % (n + 1) === 0 ? 40 : 0)) as Float64Array,
};

/** The products of a call: vectors and results. */
export function watched(of: Block = A): { op: LinearOperator; blocks: { X: Block; Y: Block }[] } {
  const blocks: { X: Block; Y: Block }[] = [];
  const exact = denseOperator(of);
  const op: LinearOperator = {
    ...exact,
    matmat: async (given) => {
      const Y = await exact.matmat(given);
      blocks.push({ X: { ...given, data: given.data.slice() }, Y: { ...Y, data: Y.data.slice() } });
      return Y;
    },
  };
  return { op, blocks };
}

export function sideBySide(parts: Block[]): Block {
  const rows = Array.from({ length: n }, (_, i) =>
    parts.flatMap(({ cols, data }) => [...data.subarray(i * cols, (i + 1) * cols)]),
  );
  return { rows: n, cols: rows[0]!.length, data: Float64Array.from(rows.flat()) };
}

/** V diag(w) V^T. */
export async function approximation({ eigenvalues, eigenvectors }: EighResult): Promise<Block> {
  const V = await eigenvectors.toBlock();
  const scaled = { ...V, data: V.data.map((value, at) => value * eigenvalues[at % V.cols]!) as Float64Array };
  return multiply(scaled, transposed(V));
}

export const symmetric = (B: Block): Block => ({
  ...B,
  data: B.data.map((value, at) => (value + transposed(B).data[at]!) / 2) as Float64Array,
});

export function basisOf(Y: Block): Block {
  const vectors = orthonormalVectors(
    Array.from({ length: Y.cols }, (_, j) => Array.from({ length: Y.rows }, (_, i) => Y.data[i * Y.cols + j]!)),
  );
  return transposed({ rows: vectors.length, cols: Y.rows, data: Float64Array.from(vectors.flat()) });
}

/** U f(D) U^T for symmetric B = U D U^T. */
export function ofEigenvalues(B: Block, f: (value: number, all: number[]) => number): Block {
  const { values, vectors } = jacobi(B);
  const out = new Float64Array(B.rows ** 2);
  for (const [c, value] of values.entries()) {
    for (let i = 0; i < B.rows; i++) {
      for (let j = 0; j < B.rows; j++) out[i * B.rows + j]! += f(value, values) * vectors[c]![i]! * vectors[c]![j]!;
    }
  }
  return { rows: B.rows, cols: B.rows, data: out };
}

/** M^+ B for M of full column rank, by normal equations. */
export const solve = (M: Block, B: Block): Block =>
  multiply(
    ofEigenvalues(multiply(transposed(M), M), (value) => 1 / value),
    multiply(transposed(M), B),
  );

export const options = { seed: 2, kernels: 'js' } as const;
