/** The loss of a network on a line or a plane through its parameters. */
import { add, clone, dispose, mul, type Tensor, tensor, tidy, type Variable } from '@tensorflow/tfjs-core';
import { atDoor } from '../../core/door.ts';
import { ArgumentError, ShapeError, UnsupportedError } from '../../core/errors.ts';
import { CONTROL, finiteNumbers, listOf, type Parsed, parseOptions } from '../../core/parse.ts';
import { breathe, type Control, supervise } from '../../core/schedule.ts';
import type { TensorContainer } from '../problem/containers.ts';
import { numbersIn, PROBLEM_FIELDS, type ProblemOptions, problemOf } from '../problem/problem.ts';
import { gradientOf } from './gradient.ts';

/** Options of {@link lossAlong}. */
export interface LossAlongOptions<X extends TensorContainer, Y, O> extends ProblemOptions<X, Y, O>, Control {
  /** One direction or two: D numbers each, in the order of the parameters, such as columns of eigenvectors. */
  directions: readonly ArrayLike<number>[];
  /** Steps t, m of them; with two directions of either. */
  steps: ArrayLike<number>;
}

/** What {@link lossAlong} returns. */
export interface LossAlong {
  /** Steps t, m of them. */
  steps: Float64Array;
  /** The mean loss at w + t d, m numbers; of two directions at w + s d_1 + t d_2, m x m, row-major, s along rows. */
  losses: Float64Array;
  /** For each direction d . gradient at the same points: the derivative of the losses by the step along d. */
  slopes: Float64Array[];
}

const FIELDS = { ...PROBLEM_FIELDS, ...CONTROL, directions: listOf(finiteNumbers), steps: finiteNumbers };

const isVariable = (leaf: Tensor): leaf is Variable => typeof (leaf as Partial<Variable>).assign === 'function';

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

async function along(options: Parsed<typeof FIELDS>, { onProgress, signal }: Control): Promise<LossAlong> {
  const { directions, steps, onProgress: _, signal: __, ...rest } = options;
  const problem = problemOf(rest, false);
  const { leaves, layout } = problem;
  const D = numbersIn(layout);
  if (directions.length < 1 || directions.length > 2) {
    throw new ArgumentError(`directions must be one or two, got ${directions.length}`, {
      directions: directions.length,
    });
  }
  if (steps.length === 0) throw new ArgumentError('steps must be at least one, got none', {});
  for (const [i, { length }] of directions.entries()) {
    if (length !== D)
      throw new ShapeError(`directions[${i}] has ${length} numbers and the parameters ${D}`, { rows: D });
  }
  const variables = leaves.filter(isVariable);
  const fixed = layout.find((_, i) => !isVariable(leaves[i]!));
  if (fixed) throw new UnsupportedError(`parameter '${fixed.name}' is no tf.Variable, so it cannot be moved`, {});
  const points = directions.length === 1 ? Array.from(steps, (t) => [t]) : gridOf(steps);
  const result: LossAlong = {
    steps,
    losses: new Float64Array(points.length),
    slopes: directions.map(() => new Float64Array(points.length)),
  };
  // a clone shares its data with the variable: given back, they are the same ones that operators have recorded
  const home = variables.map((variable) => clone(variable));
  const moves = directions.map((d) =>
    layout.map(({ shape, offset, size }) => tensor(Float32Array.from(d.subarray(offset, offset + size)), [...shape])),
  );
  try {
    for (const [at, point] of points.entries()) {
      await breathe(signal);
      for (const [i, variable] of variables.entries()) {
        tidy(() => variable.assign(point.reduce<Tensor>((sum, t, j) => add(sum, mul(moves[j]![i]!, t)), home[i]!)));
      }
      const { loss, gradient } = await gradientOf(problem);
      result.losses[at] = loss;
      for (const [j, d] of directions.entries()) result.slopes[j]![at] = dot(d, gradient);
      onProgress?.({ stage: 'product', done: at + 1, total: points.length });
    }
  } finally {
    for (const [i, variable] of variables.entries()) variable.assign(home[i]!);
    dispose([...home, ...moves.flat()]);
  }
  return result;
}

/** All pairs (s, t), s along rows. */
const gridOf = (steps: Float64Array): number[][] => Array.from(steps).flatMap((s) => Array.from(steps, (t) => [s, t]));

/**
 * Losses and slopes on a line through the parameters or, with two directions, on a plane: one evaluation of loss and gradient for
 * each point. The variables are moved on the way and given back, also where it fails, so nothing else may train or evaluate the
 * model meanwhile; operators that have recorded it remain valid.
 *
 * @example
 * const { data } = await result.eigenvectors.readColumns(0, 1);
 * const { losses, slopes } = await lossAlong({ model, loss, data: batches, directions: [data], steps: [-1, -0.5, 0, 0.5, 1] });
 * @throws as {@link gradient}; ArgumentError for another number of directions than one or two and for no steps, ShapeError for a
 * direction of another length, UnsupportedError for parameters that are no variables (a tf.GraphModel's constants).
 */
// biome-ignore lint/suspicious/noExplicitAny: the outputs of a tf.LayersModel have no static type.
export function lossAlong<X extends TensorContainer, Y, O = any>(
  options: LossAlongOptions<X, Y, O>,
): Promise<LossAlong> {
  return atDoor('lossAlong', async () => {
    const parsed = parseOptions(options, FIELDS);
    return supervise(parsed, (control) => along(parsed, control));
  });
}
