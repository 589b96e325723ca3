/** How much each eigenvalue varies over batches of data: a statement about the data, not about the sketch. */
import { asDType, type Matrix, zeroMatrix } from '../core/block.ts';
import { ArgumentError } from '../core/errors.ts';
import { derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { viewOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, type VerbContext } from '../multivector/verbs.ts';

/** Q^T A_b Q for every batch b. */
export interface BatchCores {
  weights: number[];
  /** k x k each. */
  cores: Matrix[];
}

/**
 * The operator with its products A X for X = columns of Q, in order, also collected batch by batch as Q^T A_b Q: no
 * product more, and 2 n k operations for each column and batch. Memory: k^2 numbers for each batch.
 * @param op an operator that offers its batches
 */
export function collectingBatches(
  op: LinearOperator,
  Q: Multivector,
  context: VerbContext,
): { op: LinearOperator; batches: BatchCores } {
  const byBatch = op.matmatByBatch!.bind(op);
  const batches: BatchCores = { weights: [], cores: [] };
  let column = 0;
  const matmat: LinearOperator['matmat'] = async (X) => {
    const first = column;
    column += X.cols;
    return byBatch(X, async ({ index, weight, product }) => {
      batches.weights[index] = weight;
      batches.cores[index] ??= zeroMatrix(Q.cols, Q.cols);
      const core = batches.cores[index];
      const part = await gram(Q, viewOf(asDType(product, Q.dtype)), context);
      for (let i = 0; i < Q.cols; i++) {
        core.data.set(part.data.subarray(i * X.cols, (i + 1) * X.cols), i * Q.cols + first);
      }
    });
  };
  // batches are added up one product after the other
  return { op: derive(op, { matmat, overlaps: undefined }), batches };
}

/**
 * Standard error of each u_i^T (sum_b w_b C_b) u_i when batches are a random sample: with x_b = u_i^T C_b u_i, shares
 * s_b = w_b / W, W = sum w_b and mean x = sum s_b x_b it is W sqrt(B / (B - 1) sum s_b^2 (x_b - x)^2), for equal weights
 * that add up to 1 the standard deviation over sqrt(B) (Cochran 1977, "Sampling Techniques", section 6.3: ratio estimate).
 *
 * @param U k x r, the columns u_i
 * @throws ArgumentError for fewer than two batches.
 */
export async function samplingErrors(
  { weights, cores }: BatchCores,
  U: Matrix,
  { kernels }: VerbContext,
): Promise<Float64Array> {
  const B = weights.length;
  if (B < 2) throw new ArgumentError(`perBatch needs at least two batches, got ${B}`, { batches: B });
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const forms: Float64Array[] = [];
  for (const core of cores) {
    const CU = await kernels.gemm(core, U);
    const form = new Float64Array(U.cols);
    for (let at = 0; at < CU.data.length; at++) form[at % U.cols]! += U.data[at]! * CU.data[at]!;
    forms.push(form);
  }
  return Float64Array.from({ length: U.cols }, (_, i) => {
    const mean = forms.reduce((sum, form, b) => sum + (weights[b]! / total) * form[i]!, 0);
    const square = forms.reduce((sum, form, b) => sum + ((weights[b]! / total) * (form[i]! - mean)) ** 2, 0);
    return total * Math.sqrt((B / (B - 1)) * square);
  });
}
