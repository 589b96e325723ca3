/** Hutchinson's idea for the diagonal (Bekas, Kokiopoulou & Saad 2007, "An estimator for the diagonal of a matrix"). */
import { sweep } from '../multivector/sweep.ts';
import { type DiagonalEstimate, EntryStatistics } from './diagonal-estimate.ts';
import { type EstimatorRun, forEachBlock } from './run.ts';
import type { AdaptiveEstimator } from './stopping.ts';

/** diag(A) as the mean of w * (A w), w random signs: entry i misses by sum_j w_i w_j a_ij, j != i, of mean 0. */
export function signSamples(run: EstimatorRun): AdaptiveEstimator<DiagonalEstimate> {
  const statistics = new EntryStatistics(run.n);
  let samples = 0;
  return {
    async grow(products) {
      await forEachBlock(run, 'rademacher', samples, products, async ({ W, AW, done }) => {
        await sweep('diagonal', [W, AW], run.verbs, async ([w, y], _, start) => {
          for (let at = 0; at < w!.data.length; at++) {
            const j = at % W.cols;
            statistics.add(start + (at - j) / W.cols, w!.data[at]! * y!.data[at]!, samples + done + j + 1);
          }
        });
      });
      samples += products;
      return true;
    },
    estimate: async () => statistics.estimate(samples),
  };
}
