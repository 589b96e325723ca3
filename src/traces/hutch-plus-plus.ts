/** Hutch++ (Meyer, Musco, Musco & Woodruff 2021): the trace on a sketched range exactly, the rest by Hutchinson. */
import type { DenseDistribution } from '../core/random.ts';
import { symmetricPart } from '../linalg/small.ts';
import { refuseNegative } from '../linops/probes.ts';
import { GrownColumns } from '../multivector/grown-columns.ts';
import { projectOut } from '../multivector/project.ts';
import { columnDots, columnNorms, gram, leadingColumns, subtractTimes } from '../multivector/verbs.ts';
import type { AddedRange } from '../sketch/grown-range.ts';
import { ROUNDINGS } from './hutchinson.ts';
import { rangeOf } from './range.ts';
import { drawColumns, type EstimatorRun, multiply } from './run.ts';
import type { AdaptiveEstimator } from './stopping.ts';
import { certifiedTrace, type TraceEstimate } from './trace-estimate.ts';

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/**
 * tr A = tr(Q^T A Q) + tr B, B = (I - P) A (I - P), P = Q Q^T: a third of the products each for Q = orth(A Omega), for A Q,
 * and for the forms of B in fresh vectors. Error of order ||B||_F sqrt(2 / q), relative 1 / products for A >= 0.
 *
 * When the range grows, products with earlier vectors stay: A (I - P_new) g = A (I - P) g - A Q_added Q_added^T g. They
 * remain independent of the range, which depends on vectors of its own only.
 */
export function hutchPlusPlus(run: EstimatorRun, distribution: DenseDistribution): AdaptiveEstimator<TraceEstimate> {
  const { op, n, verbs, roundoff, space } = run;
  const range = rangeOf(run, { purpose: 'traceRange', distribution: 'gaussian' });
  /** (I - P) g, and A times it: column blocks of the same widths. */
  const projected = new GrownColumns(space);
  const products = new GrownColumns(space);

  /** Takes new columns Q of the basis away from the vectors, and A Q from their products. */
  async function project({ Q, Z }: AddedRange): Promise<void> {
    const overlaps = await projectOut(projected.parts, [Q], verbs);
    for (const [i, AG] of products.parts.entries()) await subtractTimes(AG, Z, overlaps[i]!, verbs);
  }

  return {
    async grow(count) {
      const columns = Math.min(Math.floor(count / 3), n - range.dims);
      if (columns > 0) await project(await range.grow(columns));
      const fresh = await drawColumns(run, 'trace', distribution, projected.cols, Math.max(2, count - 2 * columns));
      await projectOut([fresh], range.Q.parts, verbs);
      await products.append(await multiply(run, fresh), verbs);
      await projected.append(fresh, verbs);
      return range.Q.cols < n;
    },
    async estimate() {
      const [Q, AQ, G, AG] = [range.Q.all, range.Z.all, projected.all, products.all];
      const known = total(await columnDots(Q, AQ, verbs));
      const forms = await columnDots(G, AG, verbs);
      const images = await leadingColumns(AG, AG.cols, await space.allocate(AG.cols), verbs);
      await projectOut([images], range.Q.parts, verbs);
      const inputs = await columnNorms(G, verbs);
      const outputs = await columnNorms(AG, verbs);
      const roundings =
        total(await columnNorms(AQ, verbs)) + total(outputs.map((norm, j) => norm * inputs[j]!)) / forms.length;
      const rounding = ROUNDINGS * roundoff * roundings;
      const samples = forms.map((form) => known + form);
      if (op.psd) {
        const { values } = await verbs.kernels.eigh(symmetricPart(await gram(Q, AQ, verbs, { wide: true })));
        refuseNegative(op, values[0] ?? 0, values.at(-1) ?? 0);
        // what is left may be the rounding of what was taken out
        const size = values.at(-1) ?? 0;
        for (const [j, form] of forms.entries()) {
          refuseNegative(op, form, Math.max(outputs[j]! * inputs[j]!, size * inputs[j]! ** 2));
        }
      }
      const sampled = { forms, lengths: await columnNorms(images, verbs), psd: op.psd === true, rounding };
      if (distribution !== 'gaussian') return { samples };
      return {
        samples,
        ...(op.psd ? { assumes: ['psd'] } : {}),
        certified: (level) => {
          const rest = certifiedTrace(sampled, level);
          return { estimate: known + rest.estimate, lower: known + rest.lower, upper: known + rest.upper };
        },
      };
    },
  };
}
