/** XNysTrace (Epperly, Tropp & Webber 2024, section 2.2): leave-one-out on Nystrom approximations, A positive semidefinite. */
import { NumericalError } from '../core/errors.ts';
import { relativeAsymmetry, selectColumns, symmetricPart } from '../linalg/small.ts';
import { asymmetryTolerance, refuseAsymmetry } from '../linops/probes.ts';
import { GrownColumns } from '../multivector/grown-columns.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { gram, subtractTimes, times } from '../multivector/verbs.ts';
import { smallTrace } from './columns.ts';
import { formWithout, jackknifeError } from './jackknife.ts';
import { drawColumns, type EstimatorRun, multiply } from './run.ts';
import type { AdaptiveEstimator } from './stopping.ts';
import type { TraceEstimate } from './trace-estimate.ts';

/** The shift in roundings of the core: what products and sums leave in it stays well below. */
const SHIFT_ROUNDINGS = 16;

/** @throws NumericalError when W^T A W shows that A is not positive semidefinite. */
function refuseIndefinite(values: Float64Array, { op }: EstimatorRun): void {
  const [smallest, largest] = [values[0] ?? 0, values.at(-1) ?? 0];
  if (smallest >= -asymmetryTolerance(op) * Math.max(Math.abs(smallest), largest)) return;
  throw new NumericalError(
    `method 'xnystrace' is for positive semidefinite operators, and this one has an eigenvalue of at most ` +
      `${smallest.toExponential(2)} (beside one of at least ${largest.toExponential(2)}). Use 'xtrace'`,
    { smallest, largest },
  );
}

/**
 * tr A as the mean over i of tr A_i + c_i w_i^T (A - A_i) w_i with the Nystrom approximation A_i = A Omega_i (Omega_i^T A
 * Omega_i)^-1 (A Omega_i)^T from all columns but i. Every product serves both purposes, so k columns are as good as 2k of
 * XTrace. (A - A_i) Omega_i = 0, so only the part of w_i outside the span of the other columns matters, and c_i = (n - k + 1)
 * / its squared length takes the spread of lengths out.
 *
 * With (Omega^T A Omega)^-1 = T T^T, F = A Omega T and t_i row i of T, A_i lacks F t_i t_i^T F^T / ||t_i||^2, and w_i^T (A -
 * A_i) w_i = 1 / ||t_i||^2: all samples come from F^T F and T. T goes through an orthonormal basis W = Omega T_W of the
 * columns, in which A is shifted so that its core stays positive definite under rounding; n times the shift is taken off
 * the result.
 */
export function xnystrace(run: EstimatorRun): AdaptiveEstimator<TraceEstimate> {
  const { n, verbs, roundoff, space } = run;
  const { kernels } = verbs;
  const Omega = new GrownColumns(space);
  const AOmega = new GrownColumns(space);
  return {
    async grow(products) {
      const count = Math.min(products, n - Omega.cols);
      const fresh = await drawColumns(run, 'trace', 'gaussian', Omega.cols, count);
      await AOmega.append(await multiply(run, fresh), verbs);
      await Omega.append(fresh, verbs);
      return Omega.cols < n;
    },
    async estimate() {
      const k = Omega.cols;
      const orthonormal = await orthonormalise(Omega.all, space, verbs);
      const [W, toBasis] = [orthonormal.basis, await orthonormal.T()];
      const AW = await times(AOmega.all, toBasis, await space.allocate(W.cols), verbs, { wide: true });
      const core = await gram(W, AW, verbs, { wide: true });
      refuseAsymmetry(run.op, relativeAsymmetry(core));
      const { values, vectors } = await kernels.eigh(symmetricPart(core));
      refuseIndefinite(values, run);
      const shift = SHIFT_ROUNDINGS * roundoff * values.at(-1)!;
      const assumes = ['psd'];
      if (shift <= 0) return { samples: new Float64Array(k), assumes };
      const root = selectColumns(vectors, [...values.keys()], (j) => 1 / Math.sqrt(Math.max(values[j]!, 0) + shift));
      const F = await times(AW, root, await space.allocate(root.cols), verbs);
      await subtractTimes(F, W, { ...root, data: root.data.map((value) => -shift * value) }, verbs);
      const G = await gram(F, F, verbs, { wide: true });
      const trace = smallTrace(G) - n * shift;
      if (k === n) return { samples: new Float64Array(n).fill(trace), assumes };
      const T = await kernels.gemm(toBasis, root);
      const byRows = { transB: true };
      const N = await kernels.gemm(T, T, byRows);
      const M = await kernels.gemm(await kernels.gemm(T, G), T, byRows);
      const P = await kernels.gemm(toBasis, toBasis, byRows);
      const lost = (i: number): number => M.data[i * k + i]! / N.data[i * k + i]!;
      const sample = (i: number): number => trace - lost(i) + ((n - k + 1) * P.data[i * k + i]!) / N.data[i * k + i]!;
      const standardError = jackknifeError(k, (i, l) => {
        const length = formWithout(N, N, i, l);
        const rest = ((n - k + 2) * formWithout(P, P, i, l)) / length;
        return trace - lost(l) - formWithout(M, N, i, l) / length + rest;
      });
      return { samples: Float64Array.from({ length: k }, (_, i) => sample(i)), standardError, assumes };
    },
  };
}
