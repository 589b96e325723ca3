/** The range of A Omega, which grows, and what leaving one column of Omega out takes from it. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import type { Distribution, Purpose } from '../core/random.ts';
import { placeBlock } from '../linalg/small.ts';
import { extendBasis, extendInverse } from '../multivector/extend.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import type { VerbContext } from '../multivector/verbs.ts';
import { normalisedRows } from './columns.ts';
import { beside, drawColumns, type EstimatorRun, multiply } from './run.ts';

/** Q R = A Omega, up to dropped directions. */
export interface SketchedRange {
  /** n x k. */
  Omega: Multivector;
  /** n x r, orthonormal. */
  Q: Multivector;
  /** r x k. */
  R: Matrix;
  /** k x r, with R T = I: the inverse of R where nothing was dropped. */
  T: Matrix;
  /** Directions of A Omega that were rounding. */
  dropped: number;
}

/** A range with `count` more columns of Omega: so many products. `added` are the new columns of Q. */
export async function growRange(
  run: EstimatorRun,
  range: SketchedRange | undefined,
  purpose: Purpose,
  distribution: Distribution,
  count: number,
): Promise<{ range: SketchedRange; added: Multivector }> {
  const { space, verbs } = run;
  const fresh = await drawColumns(run, purpose, distribution, range?.Omega.cols ?? 0, count);
  const Y = await multiply(run, fresh);
  if (!range) {
    const { basis, R, T, dropped } = await orthonormalise(Y, space, verbs);
    return { range: { Omega: fresh, Q: basis, R, T, dropped }, added: basis };
  }
  const { added, coupling } = await extendBasis([range.Q], Y, space, verbs);
  const R = zeroMatrix(range.R.rows + added.R.rows, range.R.cols + added.R.cols);
  placeBlock(R, range.R, 0, 0);
  placeBlock(R, coupling, 0, range.R.cols);
  placeBlock(R, added.R, range.R.rows, range.R.cols);
  const grown: SketchedRange = {
    Omega: await beside(run, range.Omega, fresh),
    Q: await beside(run, range.Q, added.basis),
    R,
    T: await extendInverse(range.T, coupling, added.T, verbs),
    dropped: range.dropped + added.dropped,
  };
  return { range: grown, added: added.basis };
}

/** The direction Q s_i that the range loses without column i of A Omega. */
export interface LeftOut {
  /** r x k: s_i of length one as column i, or zeros where nothing is lost. */
  S: Matrix;
  /** s_i^T R e_i: the distance of column i from the span of the others. */
  distances: Float64Array;
  /** Dimension of the range without column i. */
  ranks: Int32Array;
}

/** Row i of T R is this near to that of the identity where no other column can stand in for column i. */
const INDISPENSABLE = 1e-3;

/** Which columns of A Omega are no combination of the others: those that have no part in the null space of R. */
async function indispensable({ R, T, dropped }: SketchedRange, { kernels }: VerbContext): Promise<boolean[]> {
  const k = T.rows;
  if (dropped === 0) return new Array(k).fill(true);
  const { data } = await kernels.gemm(T, R);
  return Array.from({ length: k }, (_, i) => {
    const row = data.subarray(i * k, (i + 1) * k);
    return row.every((value, j) => Math.abs(value - (i === j ? 1 : 0)) <= INDISPENSABLE);
  });
}

/**
 * The projector on A Omega without column i is Q (I - s_i s_i^T) Q^T, s_i row i of R^-1 made length one (Epperly, Tropp &
 * Webber 2024, section 2.3). Nothing is lost where the others span as much, or where A Omega spans everything.
 */
export async function leaveOneOut(range: SketchedRange, verbs: VerbContext): Promise<LeftOut> {
  const { Omega, Q, T } = range;
  const needed = Q.cols === Q.rows ? new Array<boolean>(Omega.cols).fill(false) : await indispensable(range, verbs);
  const { columns: S, lengths } = normalisedRows(T);
  for (let at = 0; at < S.data.length; at++) if (!needed[at % S.cols]) S.data[at] = 0;
  return {
    S,
    distances: lengths.map((length, i) => (needed[i] ? 1 / length : 0)),
    ranks: Int32Array.from(needed, (isNeeded) => Q.cols - (isNeeded ? 1 : 0)),
  };
}
