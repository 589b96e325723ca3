/** XDiag (Epperly, Tropp & Webber 2024, section 2.4): the diagonal, leaving each column out in turn. */
import type { Matrix } from '../core/block.ts';
import { probeSymmetry } from '../linops/probes.ts';
import { GrownColumns } from '../multivector/grown-columns.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { sweep } from '../multivector/sweep.ts';
import { times } from '../multivector/verbs.ts';
import { measureAdjoint } from '../sketch/measure.ts';
import { type DiagonalEstimate, EntryStatistics } from './diagonal-estimate.ts';
import { leaveOneOut, rangeOf } from './range.ts';
import { type EstimatorRun, multiply } from './run.ts';
import type { AdaptiveEstimator } from './stopping.ts';

/** A^T X by the adjoint, or by A itself where it is symmetric, which is probed unless it is declared. */
async function transposedProduct(run: EstimatorRun): Promise<(X: Multivector) => Promise<Multivector>> {
  const { op, seed, measuring } = run;
  if (op.selfAdjoint !== true && op.adjointMatmat) {
    return (X) => {
      run.numMatvecs += X.cols;
      return measureAdjoint(op, X, measuring);
    };
  }
  run.numMatvecs += await probeSymmetry(op, seed);
  return (X) => multiply(run, X);
}

/**
 * diag(A) as the mean over i of diag(Q_i Q_i^T A) + w_i * (I - Q_i Q_i^T) A w_i, w_i random signs and Q_i an orthonormal basis
 * of A Omega without column i. With Q R = A Omega, Z = A^T Q and Q_i Q_i^T = Q (I - s_i s_i^T) Q^T, sample i is
 *
 *     rowsums(Q * Z) - Q s_i * Z s_i + w_i * Q s_i (s_i^T r_i)
 *
 * which takes Q S and Z S: O(n k^2) in all.
 */
export async function xdiag(run: EstimatorRun): Promise<AdaptiveEstimator<DiagonalEstimate>> {
  const { n, verbs, space } = run;
  const columns = new GrownColumns(space);
  const range = rangeOf(run, {
    purpose: 'trace',
    distribution: 'rademacher',
    Omega: columns,
    multiplyBasis: await transposedProduct(run),
  });
  const along = async (X: Multivector, S: Matrix): Promise<Multivector> =>
    times(X, S, await space.allocate(S.cols), verbs);
  return {
    async grow(products) {
      await range.grow(Math.min(Math.floor(products / 2), n - range.dims));
      return range.dims < n;
    },
    async estimate() {
      const k = range.dims;
      const [Omega, Q, Z] = [columns.all, range.Q.all, range.Z.all];
      const { S, distances } = await leaveOneOut(range, verbs);
      const QS = await along(Q, S);
      const ZS = await along(Z, S);
      const statistics = new EntryStatistics(n);
      await sweep('diagonal', [Q, Z, QS, ZS, Omega], verbs, async (panels, _, start) => {
        const [q, z, qs, zs, w] = panels.map(({ data }) => data);
        for (let i = 0; i < panels[0]!.rows; i++) {
          let whole = 0;
          for (let at = i * Q.cols; at < (i + 1) * Q.cols; at++) whole += q![at]! * z![at]!;
          for (let j = 0; j < k; j++) {
            const at = i * k + j;
            const sample = whole - qs![at]! * zs![at]! + w![at]! * qs![at]! * distances[j]!;
            statistics.add(start + i, sample, j + 1);
          }
        }
      });
      return statistics.estimate(k);
    },
  };
}
