/** A loss as a sum of weighted terms, and the gradient of one term as a recorded computation. */
import { engine, type Scalar, scalar, Tensor, tidy } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../core/errors.ts';
import { type LinearMap, linearise } from './linearise.ts';
import { transposeDerivative } from './reverse.ts';
import { record } from './tape.ts';

/** One batch's part of the loss. */
export interface Term {
  /** The part, a scalar function of the leaves it closes over. */
  readonly evaluate: () => Tensor;
  /** Its factor in the sum, up to a common factor of all terms. */
  readonly weight: number;
}

/** How Hessian products are made: tangents forward through the gradient, or the gradient differentiated backward. */
export type Mode = 'forward' | 'reverse';

/** A term at the point where it was recorded. */
export interface RecordedTerm {
  /** The value without the weight. The caller disposes it and the gradients. */
  readonly value: Tensor;
  /** Weight times the gradient for each leaf; absent means zero. */
  readonly gradients: readonly (Tensor | undefined)[];
  /** Products with weight times its Hessian. */
  readonly hessian: LinearMap;
}

function checkScalar(value: unknown, where: string, what: string): Scalar {
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(`${where}: ${what} must return a tensor, got ${typeof value}`, {});
  }
  if (value.rank !== 0) {
    throw new ArgumentError(
      `${where}: ${what} must return a scalar, got a tensor of shape [${value.shape}]; ` +
        'reduce it with tf.mean or tf.sum',
      { shape: value.shape },
    );
  }
  return value as Scalar;
}

/**
 * Runs a term and its gradient once and keeps what products with its Hessian need. The weight enters as the seed of the
 * backward pass, where it costs nothing. `what` names the user's function in messages.
 */
export function recordTerm(
  { evaluate, weight }: Term,
  leaves: readonly Tensor[],
  mode: Mode,
  where: string,
  what: string,
): RecordedTerm {
  let value: Tensor | undefined;
  let gradients: (Tensor | undefined)[] = [];
  let hessian: LinearMap | undefined;
  tidy(() => {
    const seed = scalar(weight);
    const tape = record(leaves, () => {
      // An error must not pass through the engine, which would then keep the tensors that it saved for the gradient.
      let failure: { error: unknown } | undefined;
      const guarded = (): Scalar => {
        try {
          return checkScalar(evaluate(), where, what);
        } catch (error) {
          failure = { error };
          return scalar(0);
        }
      };
      // As tf.variableGrads, but leaves need not be trainable variables and need not matter to the value.
      const result = engine().gradients(guarded, [...leaves], seed, true);
      if (failure) throw (failure as { error: unknown }).error;
      value = result.value;
      gradients = result.grads.map((gradient) => gradient ?? undefined);
      return gradients;
    });
    hessian = mode === 'forward' ? linearise(tape, where) : transposeDerivative(tape, where);
    return [value!, ...gradients] as Tensor[];
  });
  return { value: value!, gradients, hessian: hessian! };
}
