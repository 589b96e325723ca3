/** The gradient of a network's loss over data. */
import { scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { LinearMap } from '../autodiff/linearise.ts';
import { differentiate, type Recorder } from '../autodiff/objective.ts';
import { ensureGradients } from '../backends/use-backend.ts';
import { onDevice } from '../backends/webgpu/faults.ts';
import type { TensorContainer } from '../problem/containers.ts';
import type { ParameterInfo } from '../problem/parameters.ts';
import { checkProblem, type ProblemOptions } from '../problem/problem.ts';
import { survey } from './passes.ts';

/** What {@link gradient} returns. */
export interface Gradient {
  /** The mean loss over the data. */
  readonly loss: number;
  /** D numbers: the parameters flattened row-major one after the other. */
  readonly gradient: Float32Array;
  /** Name, shape and rows of each parameter, in the order of the rows. */
  readonly parameters: readonly ParameterInfo[];
}

/** Nothing to carry through: only the gradient is asked for. */
const NO_PRODUCT: LinearMap = { apply: () => [], bytesPerColumn: 0, largestPerColumn: 0, dispose: () => {} };

const gradientRecorder: Recorder = ({ outputs, loss, weight }, recording) => {
  const found = tidy(() => {
    const { value, gradients } = differentiate(() => loss(outputs()), scalar(weight), recording);
    return [value, ...gradients] as Tensor[];
  });
  const [value, ...gradients] = found;
  return { value: value!, gradients, product: NO_PRODUCT };
};

/**
 * Loss and gradient, by the parameters, of a network over data, batch by batch: as `hessian(...).gradient()`, without
 * recording anything.
 *
 * @throws ArgumentError for arguments of the wrong kind, empty data and a loss that is no scalar; NumericalError for a
 * loss that is not finite
 *
 * @example
 * const { loss, gradient: g } = await gradient({ model, loss: (outputs, y) => tf.losses.meanSquaredError(y, outputs), data });
 */
// biome-ignore lint/suspicious/noExplicitAny: the outputs of a tf.LayersModel have no static type.
export async function gradient<X extends TensorContainer, Y, O = any>(
  options: ProblemOptions<X, Y, O>,
): Promise<Gradient> {
  const where = 'gradient';
  const problem = checkProblem(where, options, false);
  await ensureGradients(where);
  const {
    loss,
    gradient: sum,
    total,
  } = await onDevice(where, () => survey({ ...problem, record: gradientRecorder }, -1));
  const factor = problem.normalise ? 1 / total : 1;
  return { loss: loss * factor, gradient: sum.map((value) => value * factor), parameters: problem.layout };
}
