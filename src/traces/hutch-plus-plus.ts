/** Hutch++ (Meyer, Musco, Musco & Woodruff 2021): the trace on a sketched range exactly, the rest by Hutchinson. */
import type { Distribution } from '../core/random.ts';
import { symmetricPart } from '../linalg/small.ts';
import { refuseNegative } from '../linops/probes.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { columnDots, columnNorms, gram, leadingColumns, subtractTimes } from '../multivector/verbs.ts';
import { ROUNDINGS } from './hutchinson.ts';
import type { Growing } from './looks.ts';
import { growRange, type SketchedRange } from './range.ts';
import { certifiedTrace, type Reading } from './reading.ts';
import { beside, drawColumns, type EstimatorRun, multiply } from './run.ts';

const total = (values: Float64Array): number => values.reduce((sum, value) => sum + value, 0);

/**
 * tr A = tr(Q^T A Q) + tr B, B = (I - P) A (I - P), P = Q Q^T: a third of the products each for Q = orth(A Omega), for A Q,
 * and for the forms of B in fresh vectors. Error of order ||B||_F sqrt(2 / q), relative 1 / products for A >= 0.
 *
 * When the range grows, products with earlier vectors stay: A (I - P_new) g = A (I - P) g - A Q_added Q_added^T g. They
 * remain independent of the range, which depends on vectors of its own only.
 */
export function hutchPlusPlus(run: EstimatorRun, distribution: Distribution): Growing<Reading> {
  const { op, n, verbs, roundoff, space } = run;
  let range: SketchedRange | undefined;
  let AQ: Multivector | undefined;
  /** (I - P) g, and A times it. */
  let G: Multivector | undefined;
  let AG: Multivector | undefined;

  /** X <- (I - P) X, twice: what is left can be far smaller than X. */
  const project = async (X: Multivector, Q: Multivector): Promise<void> => {
    for (let sweep = 0; sweep < 2; sweep++) await subtractTimes(X, Q, await gram(Q, X, verbs), verbs);
  };

  return {
    async grow(products) {
      const count = Math.min(Math.floor(products / 3), n - (range?.Omega.cols ?? 0));
      if (count > 0) {
        const step = await growRange(run, range, 'traceRange', 'gaussian', count);
        const product = await multiply(run, step.added);
        if (G && AG) {
          const overlap = await gram(step.added, G, verbs);
          await subtractTimes(AG, product, overlap, verbs);
          await subtractTimes(G, step.added, overlap, verbs);
        }
        range = step.range;
        AQ = await beside(run, AQ, product);
      }
      const fresh = await drawColumns(run, 'trace', distribution, G?.cols ?? 0, Math.max(2, products - 2 * count));
      await project(fresh, range!.Q);
      const images = await multiply(run, fresh);
      G = await beside(run, G, fresh);
      AG = await beside(run, AG, images);
      return range!.Q.cols < n;
    },
    async read() {
      const Q = range!.Q;
      const known = total(await columnDots(Q, AQ!, verbs));
      const forms = await columnDots(G!, AG!, verbs);
      const images = await leadingColumns(AG!, AG!.cols, await space.allocate(AG!.cols), verbs);
      await project(images, Q);
      const inputs = await columnNorms(G!, verbs);
      const products = await columnNorms(AG!, verbs);
      const roundings =
        total(await columnNorms(AQ!, verbs)) + total(products.map((norm, j) => norm * inputs[j]!)) / forms.length;
      const rounding = ROUNDINGS * roundoff * roundings;
      const samples = forms.map((form) => known + form);
      if (op.psd) {
        const { values } = await verbs.kernels.eigh(symmetricPart(await gram(Q, AQ!, verbs)));
        refuseNegative(op, values[0] ?? 0, values.at(-1) ?? 0);
        // what is left may be the rounding of what was taken out
        const size = values.at(-1) ?? 0;
        for (const [j, form] of forms.entries()) {
          refuseNegative(op, form, Math.max(products[j]! * inputs[j]!, size * inputs[j]! ** 2));
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
