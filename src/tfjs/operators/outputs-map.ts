/** The derivative of a model's outputs by the parameters, and its transpose. */
import { addN, clone, dispose, keep, mul, scalar, sum, type Tensor, tidy, zeros } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';
import { type LinearMap, linearise } from '../autodiff/linearise.ts';
import { differentiate, type Recording } from '../autodiff/objective.ts';
import { graphOf, record, type Tape } from '../autodiff/tape.ts';
import { mapTensors, tensorsIn } from '../problem/containers.ts';

/** A model at one batch. */
export interface OutputsMap {
  /** The float outputs. */
  readonly outputs: readonly Tensor[];
  /** All outputs again with others in place of the float ones. */
  readonly withOutputs: (replacements: readonly Tensor[]) => unknown;
  /** Releases the outputs, not the maps. */
  readonly release: () => void;
  /** J: changes of the parameters to changes of the float outputs. */
  readonly forward: LinearMap;
  /** J^T: outputs to parameters. */
  readonly transposed: LinearMap;
  /** What both compute, whatever the numbers. */
  readonly graph: () => string;
}

/** @throws ArgumentError for a model without float outputs */
function floatOutputs(container: unknown, { what }: Recording): Tensor[] {
  const found = tensorsIn(container).flatMap(({ tensor }) => (tensor.dtype === 'float32' ? [tensor] : []));
  const empty = found.find(({ size }) => size === 0);
  if (empty) {
    throw new ArgumentError(`the model returned a tensor of the shape [${empty.shape}], without numbers, for ${what}`, {
      shape: empty.shape,
    });
  }
  if (found.length > 0) return found;
  throw new ArgumentError(`the model returned no float32 tensors for ${what}`, {});
}

/**
 * Records a model at a batch, twice: J is the derivative of the forward run. J^T is a derivative as well, of the gradient
 * of <outputs, s> by the seeds s, in which it is linear: so the same tangent rules carry blocks of cotangents backward.
 */
export function recordOutputs(run: () => unknown, recording: Recording): OutputsMap {
  const { leaves } = recording;
  const made: LinearMap[] = [];
  const tapes: Tape[] = [];
  let container: unknown;
  let outputs: Tensor[] = [];
  const release = () => dispose(container as Tensor[]);
  try {
    tidy(() => {
      const tape = record(leaves, () => {
        // Inside a gradient, where TensorFlow.js does not fuse activations: the two runs then call the same kernels.
        differentiate(
          () => {
            // Tensors of our own: the model's may be its parameters, and go away with the gradient's scope.
            container = mapTensors(run(), (y) => keep(clone(y)));
            outputs = floatOutputs(container, recording);
            return scalar(0);
          },
          scalar(1),
          recording,
        );
        return outputs;
      });
      tapes.push(tape);
      made.push(linearise(tape));
    });
    tidy(() => {
      const seeds = outputs.map(({ shape }) => zeros(shape));
      const tape = record(seeds, () => {
        const product = () => addN(floatOutputs(run(), recording).map((y, i) => sum(mul(y, seeds[i]!))));
        return differentiate(product, scalar(1), recording).gradients;
      });
      tapes.push(tape);
      made.push(linearise(tape));
    });
    const withOutputs = (replacements: readonly Tensor[]) => {
      let next = 0;
      return mapTensors(container, (tensor) => (tensor.dtype === 'float32' ? replacements[next++] : tensor));
    };
    const graph = () => tapes.map(graphOf).join();
    return { outputs, withOutputs, release, forward: made[0]!, transposed: made[1]!, graph };
  } catch (error) {
    for (const map of made) map.dispose();
    release();
    throw error;
  }
}
