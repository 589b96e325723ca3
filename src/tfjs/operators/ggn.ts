/** The generalised Gauss-Newton matrix of a network's loss over data. */
import { atDoor } from '../../core/door.ts';
import { flag, parseOptions, withDefault } from '../../core/parse.ts';
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
import { gaussNewtonRecorder } from './gauss-newton.ts';

/** Arguments of {@link ggn}. */
export interface GgnOptions<X extends TensorContainer, Y, O> extends ProblemOptions<X, Y, O>, OperatorOptions {
  /**
   * Whether the loss is convex in the model's outputs, as cross entropy and squared error are. The matrix is then positive
   * semidefinite, which the operator declares and the check verifies. Default true.
   */
  convex?: boolean;
}

const FIELDS = { convex: withDefault(flag, true), ...PROBLEM_FIELDS, ...OPERATOR_FIELDS };

/**
 * The generalised Gauss-Newton matrix, by the parameters, of a network's mean (or total) loss over data: J^T H J with J
 * the derivative of the model's outputs and H the Hessian of the loss at them (Schraudolph 2002, "Fast curvature
 * matrix-vector products for second-order gradient descent"). For cross entropy it is the Fisher matrix. Exact, in blocks.
 *
 * A penalty on the parameters inside the loss counts with its own exact Hessian.
 *
 * @throws as {@link hessian}; NumericalError also for a loss that is declared convex and shows negative curvature
 *
 * @example
 * const G = ggn({ model, loss: (outputs, y) => tf.losses.softmaxCrossEntropy(y, outputs), data: [[x, y]] });
 * const sketch = await seigh(G, 50, { method: 'nystrom', psd: true });
 * G.dispose();
 */
// biome-ignore lint/suspicious/noExplicitAny: the outputs of a tf.LayersModel have no static type.
export function ggn<X extends TensorContainer, Y, O = any>(options: GgnOptions<X, Y, O>): CurvatureOperator {
  return atDoor('ggn', () => {
    const { convex, check, cache, memory = defaultMemory(), ...given } = parseOptions(options, FIELDS);
    const problem = problemOf(given, check);
    return curvatureOperator('ggn', { problem, record: gaussNewtonRecorder, psd: convex, check, cache, memory });
  });
}
