/** A loss as a sum of weighted terms, and the gradient of one term as a recorded computation. */
import { dispose, engine, getGradient, type Scalar, scalar, Tensor, tidy } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';
import { choice, type Field, withDefault } from '../../core/parse.ts';
import { withFastKernels } from './fast-kernels.ts';
import { withFusedGradients } from './fused-gradients.ts';
import { type LinearMap, linearise } from './linearise.ts';
import { withNestedGradients } from './nested-gradients.ts';
import { isRecording } from './recording.ts';
import { transposeDerivative } from './reverse.ts';
import { findingOnce } from './rules/window-maxima.ts';
import { explained, graphOf, noteFailure, record, type Tape } from './tape.ts';

/** One batch's part of the loss. */
export interface Term {
  /** What the model makes of the batch. */
  readonly outputs: () => unknown;
  /** The part, a scalar, from the outputs. */
  readonly loss: (outputs: unknown) => Tensor;
  /** Its factor in the sum, up to a common factor of all terms. */
  readonly weight: number;
  /** The batch itself, with its tensors. */
  readonly data: unknown;
  /** Called when the term has been recorded. */
  readonly release: () => void;
}

/** How Hessian products are made: tangents forward through the gradient, or the gradient differentiated backward. */
export type Mode = 'forward' | 'reverse';

const OR_REVERSE = ", or pass mode: 'reverse', which differentiates the gradient backward, one vector at a time";

/** The `mode` option, as public functions take it. */
export const MODE: Field<Mode> = withDefault(choice<Mode>(['forward', 'reverse']), 'forward');

/** Whose derivatives are recorded. */
export interface Recording {
  readonly leaves: readonly Tensor[];
  /** What messages call the user's function that returns the scalar, with its batch. */
  readonly what: string;
}

/** A term at the point where it was recorded. */
export interface RecordedTerm {
  /** The value without the weight. The caller disposes it and the gradients. */
  readonly value: Tensor;
  /** Weight times the gradient for each leaf; absent means zero. */
  readonly gradients: readonly (Tensor | undefined)[];
  /** Products with weight times its curvature. */
  readonly product: LinearMap;
  /** What they compute, whatever the numbers: equal for terms that call the same kernels in the same way. */
  readonly graph: () => string;
}

/** Runs a term once and keeps what products with its curvature need. */
export type Recorder = (term: Term, recording: Recording) => RecordedTerm;

function checkScalar(value: unknown, what: string): Scalar {
  if (!(value instanceof Tensor)) {
    throw new ArgumentError(`${what} must return a tensor, got ${typeof value}`, {});
  }
  if (value.rank !== 0) {
    throw new ArgumentError(
      `${what} must return a scalar, got a tensor of shape [${value.shape}]; reduce it with tf.mean or tf.sum`,
      { shape: value.shape },
    );
  }
  return value as Scalar;
}

/** A scalar function's value, and its gradient times the seed for each leaf. */
export interface ValueAndGradient {
  readonly value: Tensor;
  readonly gradients: readonly (Tensor | undefined)[];
}

/** The kernel whose gradient the backward pass is computing. */
interface Watch {
  kernel?: string;
}

/** Notes, from the end of the forward pass on, which kernel's gradient is asked for. */
function watchBackward(watch: Watch): void {
  for (const node of engine().state.activeTape ?? []) {
    const { gradient, kernelName } = node;
    if (!gradient) continue;
    node.gradient = (dys) => {
      watch.kernel = kernelName;
      return gradient(dys);
    };
  }
}

/** TensorFlow.js keeps what it saved for the backward run when that run fails: released here. */
function gradientsOf(f: () => Scalar, leaves: readonly Tensor[], seed: Scalar): { value: Tensor; grads: Tensor[] } {
  const watch: Watch = {};
  const watched = (): Scalar => {
    const value = f();
    watchBackward(watch);
    return value;
  };
  try {
    return withNestedGradients(() => withFusedGradients(() => engine().gradients(watched, [...leaves], seed, true)));
  } catch (error) {
    // Of a custom gradient the error is the user's.
    if (watch.kernel !== undefined && getGradient(watch.kernel)) {
      noteFailure(error, watch.kernel, 'cannot be differentiated');
    }
    const tape = engine().state.activeTape as { saved?: Tensor[] }[] | undefined;
    for (const { saved } of tape ?? []) dispose(saved ?? []);
    throw error;
  }
}

/**
 * As tf.variableGrads, but leaves need not be trainable variables and need not matter to the value.
 * @throws ArgumentError for a function that returns no scalar; UnsupportedError for what TensorFlow.js cannot differentiate;
 * whatever the function throws
 */
export function differentiate(evaluate: () => Tensor, seed: Scalar, { leaves, what }: Recording): ValueAndGradient {
  // An error must not pass through the engine, which would then keep the tensors that it saved for the gradient.
  let failure: { error: unknown } | undefined;
  const guarded = (): Scalar => {
    try {
      return checkScalar(evaluate(), what);
    } catch (error) {
      failure = { error };
      return scalar(0);
    }
  };
  try {
    const { value, grads } = gradientsOf(guarded, leaves, seed);
    if (failure) throw (failure as { error: unknown }).error;
    return { value, gradients: grads.map((gradient) => gradient ?? undefined) };
  } catch (error) {
    // A recording knows the layers, and says it.
    throw isRecording() ? error : explained(error);
  }
}

/** Nothing to carry through: only the gradient is asked for. */
const NO_PRODUCT = {
  product: { apply: () => [], bytesPerColumn: 0, largestPerColumn: 0, dispose: () => {} } satisfies LinearMap,
  graph: () => '',
};

/** Value and gradient of terms, bit for bit as a recording of the Hessian has them, without recording anything. */
export const gradientRecorder: Recorder = ({ outputs, loss, weight }, recording) => {
  const [value, ...gradients] = tidy(() => {
    const derivatives = withFastKernels(() => differentiate(() => loss(outputs()), scalar(weight), recording));
    return [derivatives.value, ...derivatives.gradients] as Tensor[];
  });
  return { value: value!, gradients, ...NO_PRODUCT };
};

/**
 * The value of terms alone, bit for bit as a recording has it: inside a gradient, where TensorFlow.js does not fuse, by what
 * nothing depends on.
 */
export const valueRecorder: Recorder = ({ outputs, loss }, { leaves, what }) => {
  const value = tidy(() => {
    const idle = { leaves: [scalar(0)], what };
    return withFastKernels(() => differentiate(() => loss(outputs()), scalar(1), idle)).value;
  });
  return { value, gradients: leaves.map(() => undefined), ...NO_PRODUCT };
};

/**
 * Records the Hessian of terms. The weight enters as the seed of the backward pass, where it costs nothing.
 */
export function hessianRecorder(mode: Mode): Recorder {
  return ({ outputs, loss, weight }, recording) => {
    const { leaves } = recording;
    let recorded: ValueAndGradient | undefined;
    let product: LinearMap | undefined;
    let tape: Tape | undefined;
    tidy(() =>
      findingOnce(() => {
        const seed = scalar(weight);
        tape = record(leaves, () => {
          recorded = differentiate(() => loss(outputs()), seed, recording);
          return recorded.gradients;
        });
        product = mode === 'forward' ? linearise(tape, OR_REVERSE) : transposeDerivative(tape);
        return [recorded!.value, ...recorded!.gradients] as Tensor[];
      }),
    );
    return { ...recorded!, product: product!, graph: () => graphOf(tape!) };
  };
}
