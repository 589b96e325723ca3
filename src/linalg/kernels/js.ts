/** The reference provider: a blocked product in TypeScript and ml-matrix's symmetric eigendecomposition. */
import { EigenvalueDecomposition, Matrix as MlMatrix } from 'ml-matrix';
import { asDType, type Block, type Matrix, negated, zeroMatrix } from '../../core/block.ts';
import { dtypeOf } from '../../core/dtype.ts';
import { NumericalError } from '../../core/errors.ts';
import { breathe } from '../../core/schedule.ts';
import { multiplyInto, type Operand } from './blocked.ts';
import type { GemmOptions, Kernels, SmallEigh } from './provider.ts';

const rowsOf = (X: Block): Operand => ({ data: X.data, outerStride: X.cols, depthStride: 1 });
const columnsOf = (X: Block): Operand => ({ data: X.data, outerStride: 1, depthStride: X.cols });

function addGram(X: Block, Y: Block, G: Matrix, symmetric: boolean = X === Y): Promise<void> {
  return multiplyInto(G.data, X.cols, Y.cols, X.rows, columnsOf(X), columnsOf(Y), symmetric);
}

async function times(X: Block, C: Block, out: Block): Promise<void> {
  out.data.fill(0);
  await multiplyInto(out.data, X.rows, C.cols, X.cols, rowsOf(X), columnsOf(C));
}

/** Forward substitution row by row in float64, rounded once at the end. */
async function solve(X: Block, R: Matrix): Promise<void> {
  const k = R.rows;
  const upper = asDType(asDType(R, dtypeOf(X.data)), 'float64').data;
  const row = new Float64Array(k);
  for (let start = 0; start < X.data.length; start += k) {
    row.set(X.data.subarray(start, start + k));
    for (let i = 0; i < k; i++) {
      row[i]! /= upper[i * k + i]!;
      for (let j = i + 1; j < k; j++) row[j]! -= row[i]! * upper[i * k + j]!;
    }
    X.data.set(row, start);
    await breathe();
  }
}

function subtract(X: Block, C: Block, Z: Block): Promise<void> {
  return multiplyInto(Z.data, X.rows, C.cols, X.cols, rowsOf(X), columnsOf(negated(C)));
}

function addOverlap(V: Block, X: Block, S: Matrix): Promise<void> {
  return multiplyInto(S.data, V.rows, X.cols, V.cols, rowsOf(V), columnsOf(X));
}

function subtractColumns(V: Block, C: Matrix, X: Block): Promise<void> {
  return multiplyInto(X.data, V.cols, X.cols, V.rows, columnsOf(V), columnsOf(negated(C)));
}

async function gemm(A: Matrix, B: Matrix, { transA = false, transB = false }: GemmOptions = {}): Promise<Matrix> {
  const [m, depth] = transA ? [A.cols, A.rows] : [A.rows, A.cols];
  const n = transB ? B.rows : B.cols;
  const C = zeroMatrix(m, n);
  await multiplyInto(C.data, m, n, depth, transA ? columnsOf(A) : rowsOf(A), transB ? rowsOf(B) : columnsOf(B));
  return C;
}

async function eigh(A: Matrix): Promise<SmallEigh> {
  const k = A.rows;
  if (!A.data.every(Number.isFinite)) throw new NumericalError('eigh: the matrix has non-finite entries', { size: k });
  if (k === 0) return { values: new Float64Array(0), vectors: zeroMatrix(0, 0) };
  const evd = new EigenvalueDecomposition(MlMatrix.from1DArray(k, k, A.data), { assumeSymmetric: true });
  return {
    values: Float64Array.from(evd.realEigenvalues),
    vectors: { rows: k, cols: k, data: Float64Array.from(evd.eigenvectorMatrix.to1DArray()) },
  };
}

/** The provider `'js'`: no install step, no threads; float32 panels are multiplied and added up in float64. */
export const jsKernels: Kernels = {
  ...{ name: 'js', addGram, times, solve, subtract, addOverlap, subtractColumns, gemm, eigh },
};
