/** The Hessian of a plain function of tensors. */
import { clone, dispose, keep, Tensor } from '@tensorflow/tfjs-core';
import { atDoor } from '../../core/door.ts';
import { parseOptions, refuse } from '../../core/parse.ts';
import { hessianRecorder, MODE, type Mode, type Term } from '../autodiff/objective.ts';
import { defaultMemory } from '../backends/record.ts';
import { callUser } from '../problem/calls.ts';
import { layOut } from '../problem/parameters.ts';
import type { CurvatureOperator } from './curvature.ts';
import { curvatureOperator } from './curvature-operator.ts';

function checkPoint(x0: unknown): Tensor[] {
  const tensors = Array.isArray(x0) ? x0 : [x0];
  const isPoint = (value: unknown): boolean =>
    value instanceof Tensor && value.dtype === 'float32' && !value.isDisposed && value.size > 0;
  if (tensors.length > 0 && tensors.every(isPoint)) return tensors;
  return refuse('x0', 'a float32 tensor or an array of them, at least one and none disposed', x0);
}

const FIELDS = { mode: MODE };

/**
 * The Hessian of `f` at `x0`, by all entries of x0: f(x) for a tensor, f(x1, x2, ...) for an array of tensors, as in
 * `tf.grad` and `tf.grads`. `f` must return a scalar. `x0` is copied at once; release the operator with `dispose()`.
 *
 * @throws ArgumentError for arguments of the wrong kind, and at the first product for an f that returns no scalar;
 * NumericalError and UnsupportedError as `hessian`.
 *
 * @example
 * // L(x, y) = 2 x^3 y^3 at (1, 1): [[12, 18], [18, 12]]
 * const H = hessianOf((x, y) => tf.mul(2, tf.mul(tf.pow(x, 3), tf.pow(y, 3))), [tf.scalar(1), tf.scalar(1)]);
 */
export function hessianOf(
  f: (...x: Tensor[]) => Tensor,
  x0: Tensor | readonly Tensor[],
  options: { mode?: Mode } = {},
): CurvatureOperator {
  return atDoor('hessianOf', () => {
    if (typeof f !== 'function') refuse('f', 'a function of tensors', f);
    const point = checkPoint(x0);
    const { mode } = parseOptions(options, FIELDS);
    // Tensors of our own: f may also use x0 itself, as a constant.
    const leaves = point.map((tensor) => keep(clone(tensor)));
    async function* terms(): AsyncGenerator<Term> {
      yield {
        outputs: () => leaves,
        loss: () => callUser('f', () => f(...leaves)),
        weight: 1,
        data: leaves,
        release: () => {},
      };
    }
    const names = leaves.map((_, i) => `x${i}`);
    return curvatureOperator('hessianOf', {
      problem: {
        what: 'f',
        termName: () => 'x0',
        leaves,
        layout: layOut(leaves, names),
        fixedWeights: [],
        terms,
        normalise: false,
      },
      record: hessianRecorder(mode),
      check: false,
      cache: true,
      memory: defaultMemory(),
      release: () => dispose(leaves),
    });
  });
}
