/** Covariance matrices of data, known through products with the data alone: principal components without forming them. */
import { asDType, type Block, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { isFloatArray } from '../core/dtype.ts';
import { ShapeError, UnsupportedError } from '../core/errors.ts';
import { flag, parseOptions, withDefault } from '../core/parse.ts';
import { applyAdjoint, applyOperator, hasAdjoint } from './apply.ts';
import { defineOperator, type Operator } from './define.ts';
import { denseOperator } from './dense.ts';
import type { LinearOperator } from './operator.ts';
import { checkOperator } from './probes.ts';

const WHERE = 'covarianceOperator';

/** Options of {@link covarianceOperator}. */
export interface CovarianceOptions {
  /** Subtract the mean of each column (implicitly: nothing is densified). Default true. */
  centre?: boolean;
}

const OPTIONS = { centre: withDefault(flag, true) };

/** X - 1 shift^T for a row of shifts. */
function minusRow({ rows, cols, data }: Block, shift: Float64Array): Block {
  const shifted = data.slice();
  for (let at = 0; at < data.length; at += cols) for (let j = 0; j < cols; j++) shifted[at + j]! -= shift[j]!;
  return { rows, cols, data: shifted };
}

/** a^T X for a column a of weights, or the sums of the columns of X without it; in float64. */
function columnSums({ rows, cols, data }: Block, weights?: Float64Array): Float64Array {
  const sums = new Float64Array(cols);
  for (let i = 0, at = 0; i < rows; i++) {
    const weight = weights?.[i] ?? 1;
    for (let j = 0; j < cols; j++, at++) sums[j]! += weight * data[at]!;
  }
  return sums;
}

/**
 * The covariance matrix of data X: m observations in rows, n variables in columns. With the column means mu, it is
 * (X - 1 mu^T)^T (X - 1 mu^T) / (m - 1), as `numpy.cov(X, rowvar=False)`; with `centre: false` it is X^T X / m. Each product
 * takes one with X and one with X^T; neither the covariance nor the centred data are ever formed, so X may be sparse, or in
 * a file larger than memory. Its leading eigenvectors are the principal components, its eigenvalues their variances.
 * In float32 a product carries rounding of the size of mu^2: data whose means are far larger than their deviations belong in
 * float64.
 *
 * @param X a Block, or any operator that has an adjoint product
 * @example
 * const C = covarianceOperator({ rows: 3, cols: 2, data: Float64Array.of(1, 0, 2, 4, 3, 2) });
 * const { eigenvalues } = await seigh(C, 2); // of [[1, 1], [1, 4]]
 * @throws ShapeError for fewer than two rows with `centre`, UnsupportedError when X has no adjoint.
 */
export function covarianceOperator(X: LinearOperator | Block, options: CovarianceOptions = {}): Operator {
  return atDoor(WHERE, () => {
    const { centre } = parseOptions(options, OPTIONS);
    const op = isFloatArray((X as Block | null)?.data) ? denseOperator(X as Block) : (X as LinearOperator);
    const [m, n] = checkOperator(op);
    if (centre && m < 2) throw new ShapeError(`centred data need at least 2 rows, got ${m}`, { rows: m });
    if (!hasAdjoint(op)) {
      throw new UnsupportedError(`the operator of the data has no adjoint product (adjointMatmat)`);
    }
    const { dtype } = op;
    const readMeans = async (): Promise<Float64Array> => {
      const ones = zeros(m, 1, dtype);
      ones.data.fill(1);
      const { data } = await applyAdjoint(op, ones);
      return Float64Array.from(data, (sum) => sum / m);
    };
    let means: Promise<Float64Array> | undefined;
    const matmat = async (V: Block, out: Block = zeros(n, V.cols, dtype)): Promise<Block> => {
      const product = await applyOperator(op, asDType(V, dtype));
      means ??= centre ? readMeans() : Promise.resolve(new Float64Array(n));
      const mu = await means;
      // a copy: the operator may have returned memory of its own
      const Z = centre ? minusRow(product, columnSums(V, mu)) : product;
      // what is left of the sums is rounding: without it the product would not be symmetric
      const rest = centre ? columnSums(Z) : new Float64Array(V.cols);
      const { data } = await applyAdjoint(op, Z);
      const scale = 1 / (centre ? m - 1 : m);
      for (let i = 0, at = 0; i < n; i++) {
        for (let j = 0; j < V.cols; j++, at++) out.data[at] = scale * (data[at]! - mu[i]! * rest[j]!);
      }
      return out;
    };
    const preferred = op.preferredBlockSize;
    return defineOperator(WHERE, {
      shape: [n, n],
      dtype,
      selfAdjoint: true,
      psd: true,
      ...(preferred === undefined ? {} : { preferredBlockSize: preferred }),
      matmat,
      adjointMatmat: (V: Block) => matmat(V),
    });
  });
}
