/** The Hessian of a network's loss over data. */
import { atDoor } from '../../core/door.ts';
import { parseOptions } from '../../core/parse.ts';
import { hessianRecorder, MODE, type Mode } from '../autodiff/objective.ts';
import { defaultMemory } from '../backends/record.ts';
import type { TensorContainer } from '../problem/containers.ts';
import {
  OPERATOR_FIELDS,
  type OperatorOptions,
  PROBLEM_FIELDS,
  type ProblemOptions,
  problemOf,
} from '../problem/problem.ts';
import type { CurvatureOperator } from './curvature.ts';
import { curvatureOperator } from './curvature-operator.ts';

/** Arguments of {@link hessian}. */
export interface HessianOptions<X extends TensorContainer, Y, O> extends ProblemOptions<X, Y, O>, OperatorOptions {
  /**
   * `'forward'` (default) pushes a whole block of directions through the recorded gradient. `'reverse'` differentiates
   * the recorded gradient backward with TensorFlow.js's own gradients, one direction at a time: slower, for models with
   * an operation that `'forward'` has no rule for, and as a check.
   */
  mode?: Mode;
}

const FIELDS = { mode: MODE, ...PROBLEM_FIELDS, ...OPERATOR_FIELDS };

/**
 * The Hessian, by the parameters, of a network's mean (or total) loss over data: a symmetric linear operator on vectors
 * of D numbers, the parameters flattened row-major one after the other.
 *
 * The first product runs the model and its gradient once for each batch and records them; every product then pushes all
 * its columns through the recording together, forward over reverse (Pearlmutter 1994, "Fast exact multiplication by the
 * Hessian"). It is exact up to float32 rounding. The activations of a batch are on the device once, whatever the number of
 * columns; batches that do not fit in `memory` together are recorded anew for each product. Tensors of `data` are yours.
 * Release what the operator holds with `dispose()`.
 *
 * @throws ArgumentError at once for arguments of the wrong kind; at the first product for data that is empty, no pairs or
 * of different shapes, a loss that is no scalar, and parameters that it does not depend on. NumericalError at the first
 * product for a loss that is not finite, and for a model that does not compute the same twice. UnsupportedError at the
 * first product for an operation without a tangent rule.
 *
 * @example
 * const W = tf.variable(tf.randomNormal([4, 3]));
 * const H = hessian({
 *   model: (x) => tf.matMul(x, W),
 *   loss: (outputs, y) => tf.losses.softmaxCrossEntropy(y, outputs),
 *   parameters: [W],
 *   data: [[x, y]],
 * });
 * const Y = await H.matmat({ rows: 12, cols: 2, data: new Float32Array(24).fill(1) });
 * H.dispose();
 */
// biome-ignore lint/suspicious/noExplicitAny: the outputs of a tf.LayersModel have no static type.
export function hessian<X extends TensorContainer, Y, O = any>(options: HessianOptions<X, Y, O>): CurvatureOperator {
  return atDoor('hessian', () => {
    const { mode, check, cache, memory = defaultMemory(), ...given } = parseOptions(options, FIELDS);
    const problem = problemOf(given, check);
    return curvatureOperator('hessian', { problem, record: hessianRecorder(mode), check, cache, memory });
  });
}
