/** Calls of the user's model and loss: they return at once, and leave no variable changed. */
import { clone, engine, keep, type Tensor, Variable } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';
import { currentPlace, type Place } from '../autodiff/place.ts';
import { noteRefusal } from '../autodiff/tape.ts';
import { tensorsIn } from './containers.ts';

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

/** The engine's methods that every operation begins and ends with. */
interface Scoped {
  readonly state: { readonly activeScope?: { readonly name: string } };
  startScope(name?: string): void;
  endScope(result?: unknown): void;
}

/** Runs `run`; of an error from inside an operation of TensorFlow.js it is remembered which one. */
function withOperationNames<T>(run: () => T): T {
  const own = engine() as unknown as Scoped;
  const { startScope, endScope } = own;
  let failed: { readonly operation: string; readonly place: Place | undefined } | undefined;
  Object.assign(own, {
    startScope: (name?: string) => {
      failed = undefined;
      startScope.call(own, name);
    },
    endScope: (result?: unknown) => {
      // What an operation ends with when something in it has thrown. The innermost one says most.
      const { name = '' } = own.state.activeScope ?? {};
      if (result === null && name.endsWith('__op')) {
        failed ??= { operation: name.replace(/__op$/, ''), place: currentPlace() };
      }
      endScope.call(own, result);
    },
  });
  try {
    return run();
  } catch (error) {
    if (failed) noteRefusal(error, failed.operation, failed.place);
    throw error;
  } finally {
    Object.assign(own, { startScope, endScope });
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
  const result = withOperationNames(() => withVariablesUnchanged(run));
  refusePromise(what, result);
  if (typeof result === 'object' && result !== null && !ArrayBuffer.isView(result)) {
    for (const part of Object.values(result)) refusePromise(what, part);
  }
  const gone = tensorsIn(result).find(({ tensor }) => tensor.isDisposed);
  if (gone)
    throw new ArgumentError(`${what} returned a tensor that it has disposed${gone.path && ` (${gone.path})`}`, {});
  return result;
}
