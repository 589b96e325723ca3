/** The gradient of a network's loss over data. */
import { atDoor } from '../../core/door.ts';
import { parseOptions } from '../../core/parse.ts';
import type { LinearMap } from '../autodiff/linearise.ts';
import { gradientRecorder, type RecordedTerm } from '../autodiff/objective.ts';
import { currentBackend } from '../backends/current.ts';
import type { TensorContainer } from '../problem/containers.ts';
import type { ParameterInfo } from '../problem/parameters.ts';
import { PROBLEM_FIELDS, type Problem, type ProblemOptions, problemOf } from '../problem/problem.ts';
import { prepareTensorFlow } from '../repairs/prepare.ts';
import { refuseNonFinite } from './non-finite.ts';
import { RecordedBatches } from './recorded-batches.ts';
import { survey } from './survey.ts';

/** What {@link gradient} returns. */
export interface Gradient {
  /** The mean loss over the data. */
  readonly loss: number;
  /** D numbers: the parameters flattened row-major one after the other. */
  readonly gradient: Float32Array;
  /** Name, shape and rows of each parameter, in the order of the rows. */
  readonly parameters: readonly ParameterInfo[];
}

/** Loss and gradient where the parameters are now. */
export async function gradientOf(problem: Problem): Promise<Gradient> {
  const { leaves, what, termName } = problem;
  await prepareTensorFlow();
  const batches = new RecordedBatches<LinearMap, RecordedTerm>(
    'gradient',
    problem,
    {
      record: (term, index) => gradientRecorder(term, { leaves, what: `${what} (${termName(index)})` }),
      discard: () => {},
    },
    { cache: false, memory: 1 },
  );
  const sums = await currentBackend().onDevice(async () => {
    const all = await survey(problem, (visit) => batches.first(visit));
    await refuseNonFinite(problem, 'gradient', all.gradient);
    return all;
  });
  const factor = problem.normalise ? 1 / sums.total : 1;
  return {
    loss: sums.loss * factor,
    gradient: sums.gradient.map((value) => value * factor),
    parameters: problem.layout,
  };
}

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
export function gradient<X extends TensorContainer, Y, O = any>(options: ProblemOptions<X, Y, O>): Promise<Gradient> {
  return atDoor('gradient', async () => gradientOf(problemOf(parseOptions(options, PROBLEM_FIELDS), false)));
}
