/** XTrace (Epperly, Tropp & Webber 2024, section 2): every column tests the range of all the others. */
import { GrownColumns } from '../multivector/grown-columns.ts';
import { columnNorms, gram } from '../multivector/verbs.ts';
import { minusScaled, smallColumnDots, smallTrace } from './columns.ts';
import { leaveTwoOutError } from './leave-two-out.ts';
import { leaveOneOut, rangeOf } from './range.ts';
import type { EstimatorRun } from './run.ts';
import type { AdaptiveEstimator } from './stopping.ts';
import type { TraceEstimate } from './trace-estimate.ts';

/** A form is left out where its vector lies in the range up to so many roundings: its direction is then rounding. */
const LEAST_OUTSIDE = 64;

/**
 * tr A as the mean over i of tr(Q_i^T A Q_i) + c_i w_i^T (I - P_i) A (I - P_i) w_i, with the orthonormal Q_i of A Omega
 * without column i and P_i = Q_i Q_i^T: half of the products for A Omega, half for A Q. With Gaussian w_i the direction of
 * (I - P_i) w_i is uniform and independent of its length, so c_i = (n - rank of Q_i) / ||(I - P_i) w_i||^2 takes the spread of the
 * lengths out of the estimate (section 2.3 there, "normalization").
 *
 * With Q R = A Omega, H = Q^T A Q, W = Q^T Omega and P_i = Q (I - s_i s_i^T) Q^T all samples come from k x k matrices:
 * O(n k^2) in all. x_i = (I - s_i s_i^T) w_i are the coordinates of P_i w_i:
 *
 *     tr H - s_i^T H s_i + c_i (w_i^T r_i - (A Q)^T w_i . x_i - x_i^T r_i + x_i^T H x_i)
 */
export function xtrace(run: EstimatorRun): AdaptiveEstimator<TraceEstimate> {
  const { n, verbs, roundoff } = run;
  const { kernels } = verbs;
  const columns = new GrownColumns(run.space);
  const range = rangeOf(run, { purpose: 'trace', distribution: 'gaussian', Omega: columns });
  return {
    async grow(products) {
      await range.grow(Math.min(Math.floor(products / 2), n - range.dims));
      return range.dims < n;
    },
    async estimate() {
      const { R, T } = range;
      const [Omega, Q, AQ] = [columns.all, range.Q.all, range.Z.all];
      const { S, ranks } = await leaveOneOut(range, verbs);
      const H = await gram(Q, AQ, verbs, { wide: true });
      const W = await gram(Q, Omega, verbs, { wide: true });
      const V = await gram(AQ, Omega, verbs, { wide: true });
      const X = minusScaled(W, S, smallColumnDots(S, W));
      const lost = smallColumnDots(S, await kernels.gemm(H, S));
      const terms = [
        smallColumnDots(W, R),
        smallColumnDots(V, X).map((value) => -value),
        smallColumnDots(X, R).map((value) => -value),
        smallColumnDots(X, await kernels.gemm(H, X)),
      ];
      const inside = smallColumnDots(X, X);
      const squares = (await columnNorms(Omega, verbs)).map((length) => length ** 2);
      const trace = smallTrace(H);
      const samples = lost.map((value, i) => {
        const outside = squares[i]! - inside[i]!;
        if (ranks[i] === n || outside <= LEAST_OUTSIDE * roundoff * squares[i]!) return trace - value;
        const form = terms.reduce((sum, term) => sum + term[i]!, 0);
        return trace - value + ((n - ranks[i]!) / outside) * form;
      });
      // two vectors can be left out only where each has a direction of its own
      if (Q.cols < Omega.cols || Q.cols === n) return { samples };
      return { samples, standardError: await leaveTwoOutError({ H, W, V, T, squares, n }, verbs.kernels) };
    },
  };
}
