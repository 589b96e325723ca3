/** The range of A Omega as an estimator grows it, and what leaving one column of Omega out takes from it. */
import type { Matrix } from '../core/block.ts';
import type { DenseDistribution, Purpose } from '../core/random.ts';
import type { GrownColumns } from '../multivector/grown-columns.ts';
import type { Multivector } from '../multivector/multivector.ts';
import type { VerbContext } from '../multivector/verbs.ts';
import { GrownRange } from '../sketch/grown-range.ts';
import { normalisedRows } from './columns.ts';
import { drawColumns, type EstimatorRun, multiply } from './run.ts';

/** What the range of an estimator is made of. */
export interface RangeOptions {
  /** The stream of Omega. */
  purpose: Purpose;
  distribution: DenseDistribution;
  /** Takes the columns of Omega, where they are needed later. */
  Omega?: GrownColumns;
  /** What is to be known of the basis. Default: A Q. */
  multiplyBasis?: (Q: Multivector) => Promise<Multivector>;
}

/** The range of A Omega for an estimator; each column of Omega and of its basis is one product. */
export function rangeOf(
  run: EstimatorRun,
  { purpose, distribution, Omega, multiplyBasis = (Q) => multiply(run, Q) }: RangeOptions,
): GrownRange {
  const { space, verbs } = run;
  return new GrownRange({
    ...verbs,
    space,
    async sketch(done, count) {
      const columns = await drawColumns(run, purpose, distribution, done, count);
      const Y = await multiply(run, columns);
      if (Omega) await Omega.append(columns, verbs);
      else await space.release(columns);
      return Y;
    },
    multiply: multiplyBasis,
  });
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
async function indispensable({ R, T, dropped }: GrownRange, { kernels }: VerbContext): Promise<boolean[]> {
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
export async function leaveOneOut(range: GrownRange, verbs: VerbContext): Promise<LeftOut> {
  const { T, dims } = range;
  const Q = range.Q.all;
  const needed = Q.cols === Q.rows ? new Array<boolean>(dims).fill(false) : await indispensable(range, verbs);
  const { columns: S, lengths } = normalisedRows(T);
  for (let at = 0; at < S.data.length; at++) if (!needed[at % S.cols]) S.data[at] = 0;
  return {
    S,
    distances: lengths.map((length, i) => (needed[i] ? 1 / length : 0)),
    ranks: Int32Array.from(needed, (isNeeded) => Q.cols - (isNeeded ? 1 : 0)),
  };
}
