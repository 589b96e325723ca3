/** Hutchinson 1990 (Girard 1989): the mean of w^T A w. */
import type { DenseDistribution } from '../core/random.ts';
import { refuseNegative } from '../linops/probes.ts';
import { columnDots, columnNorms } from '../multivector/verbs.ts';
import { type EstimatorRun, forEachBlock } from './run.ts';
import type { AdaptiveEstimator } from './stopping.ts';
import { certifiedTrace, type TraceEstimate } from './trace-estimate.ts';

/** Roundings of a product and of the sums after it. */
export const ROUNDINGS = 4;

const joined = (a: Float64Array, b: Float64Array): Float64Array => Float64Array.from([...a, ...b]);

/** tr A as the mean of w_i^T A w_i: standard deviation sqrt(2 / q) ||A||_F with Gaussian, less with Rademacher vectors. */
export function hutchinson(run: EstimatorRun, distribution: DenseDistribution): AdaptiveEstimator<TraceEstimate> {
  const { op, verbs, roundoff } = run;
  let forms: Float64Array = new Float64Array(0);
  let lengths: Float64Array = new Float64Array(0);
  let rounding = 0;
  return {
    async grow(products) {
      await forEachBlock(run, distribution, forms.length, products, async ({ W, AW }) => {
        const norms = await columnNorms(AW, verbs);
        const inputs = await columnNorms(W, verbs);
        for (const [j, norm] of norms.entries()) rounding += ROUNDINGS * roundoff * norm * inputs[j]!;
        const fresh = await columnDots(W, AW, verbs);
        // w^T A w of a semidefinite A may be small, but not negative beside ||w|| ||A w||
        if (op.psd) for (const [j, form] of fresh.entries()) refuseNegative(op, form, norms[j]! * inputs[j]!);
        forms = joined(forms, fresh);
        lengths = joined(lengths, norms);
      });
      return true;
    },
    async estimate() {
      const sampled = { forms, lengths, psd: op.psd === true, rounding: rounding / forms.length };
      const certified = (level: number) => certifiedTrace(sampled, level);
      return distribution === 'gaussian'
        ? { samples: forms, certified, ...(op.psd ? { assumes: ['psd'] } : {}) }
        : { samples: forms };
    },
  };
}
