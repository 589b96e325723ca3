/** Calls of the user's model and loss: they return at once, and leave no variable changed. */
import { clone, keep, type Tensor, Variable } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';

/**
 * Runs `run` and then gives every variable that it assigned its value back. Layers move averages as they run (batch
 * normalisation in training mode), and a product with a Hessian must not train the model.
 */
function withVariablesUnchanged<T>(run: () => T): T {
  const before = new Map<Variable, Tensor>();
  const { assign } = Variable.prototype;
  Variable.prototype.assign = function (this: Variable, value: Tensor): void {
    if (!before.has(this)) before.set(this, keep(clone(this)));
    assign.call(this, value);
  };
  try {
    return run();
  } finally {
    Variable.prototype.assign = assign;
    for (const [variable, value] of before) {
      if (!variable.isDisposed) assign.call(variable, value);
      value.dispose();
    }
  }
}

/** @throws ArgumentError for a promise: what is computed later belongs to no gradient */
function refusePromise(what: string, value: unknown): void {
  if (typeof (value as PromiseLike<unknown> | null | undefined)?.then !== 'function') return;
  // Nobody waits for it: its failure must not end the process.
  (value as PromiseLike<unknown>).then(undefined, () => {});
  throw new ArgumentError(
    `${what} returned a promise; it must compute its tensors at once, without async and await. Await what it needs before, ` +
      'for instance in an async generator that makes the data',
    {},
  );
}

/**
 * Calls the user's `model` or `loss`, which messages call `what`.
 * @throws ArgumentError when it returns a promise, or a list or dictionary of promises; whatever it throws
 */
export function callUser<T>(what: string, run: () => T): T {
  const result = withVariablesUnchanged(run);
  refusePromise(what, result);
  if (typeof result === 'object' && result !== null && !ArrayBuffer.isView(result)) {
    for (const part of Object.values(result)) refusePromise(what, part);
  }
  return result;
}
