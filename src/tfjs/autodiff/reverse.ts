/**
 * The transposed derivative of a recorded computation, by TensorFlow.js's own gradient functions. For a gradient that is
 * the Hessian again, because it is symmetric: backward over backward, without any rule of ours.
 *
 * It walks our tape, not a second `tf.grad` around the first: TensorFlow.js loses the dependence of saved outputs and of
 * everything inside a custom gradient, so that its double gradients of exp, tanh, sigmoid, elu, softmax and of
 * softmaxCrossEntropy are silently wrong.
 */
import {
  add,
  dispose,
  type GradFunc,
  getGradient,
  type NamedAttrMap,
  stack,
  type Tensor,
  tidy,
  unstack,
  zeros,
} from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../core/errors.ts';
import { maximum } from '../../core/extremes.ts';
import { GRADIENTS_OF_FUSIONS } from './gradients-of-gradients.ts';
import type { LinearMap } from './linearise.ts';
import type { KernelCall, Tape } from './tape.ts';

interface BackwardStep {
  readonly call: KernelCall;
  readonly gradient: GradFunc;
  readonly saved: Tensor[];
}

function backwardStep(call: KernelCall): BackwardStep {
  const config = getGradient(call.kernel) ?? GRADIENTS_OF_FUSIONS[call.kernel];
  if (config == null) {
    throw new UnsupportedError(
      `mode: 'reverse' cannot differentiate the gradient, because TensorFlow.js has no gradient of its kernel ` +
        `'${call.kernel}'; use the default mode: 'forward'`,
      { kernel: call.kernel },
    );
  }
  const inputs = config.saveAllInputs
    ? Object.values(call.inputs)
    : (config.inputsToSave ?? []).map((name) => call.inputs[name]!);
  const outputs = call.outputs.filter((_, i) => config.outputsToSave?.[i]);
  return { call, gradient: config.gradFunc, saved: [...inputs, ...outputs] };
}

/** Adds to `cotangents` (by tensor id) what one call sends back to its moving inputs. */
function pullBack({ call, gradient, saved }: BackwardStep, cotangents: Map<number, Tensor>): void {
  const dys = call.outputs.map((output, i) => cotangents.get(call.outputIds[i]!) ?? zeros(output.shape));
  const pulls = gradient(dys.length > 1 ? dys : dys[0]!, saved, call.attrs as NamedAttrMap);
  for (const name of call.moving) {
    const id = call.inputIds[name]!;
    const pulled = pulls[name]!();
    const sum = cotangents.get(id);
    cotangents.set(id, sum ? add(sum, pulled) : pulled);
  }
}

/**
 * The transpose of a tape's derivative, one column at a time. Takes over the tape.
 * @throws UnsupportedError naming a kernel that TensorFlow.js has no gradient for.
 */
export function transposeDerivative(tape: Tape): LinearMap {
  const release = () => dispose([...tape.held]);
  try {
    const steps = tape.calls.map((call) => backwardStep(call)).reverse();
    const column = (seeds: readonly (Tensor | undefined)[]): (Tensor | undefined)[] => {
      const cotangents = new Map<number, Tensor>();
      for (const [i, id] of tape.outputIds.entries()) {
        const seed = seeds[i];
        if (id === undefined || seed === undefined) continue;
        const sum = cotangents.get(id);
        cotangents.set(id, sum ? add(sum, seed) : seed);
      }
      for (const step of steps) {
        if (step.call.outputIds.some((id) => cotangents.has(id))) pullBack(step, cotangents);
      }
      return tape.leafIds.map((id) => cotangents.get(id));
    };
    return {
      apply: (tangents) =>
        tidy(() => {
          const seeds = tangents.map((tangent) => tangent && unstack(tangent, tangent.rank - 1));
          const width = seeds.find((list) => list !== undefined)!.length;
          const columns = Array.from({ length: width }, (_, j) => tidy(() => column(seeds.map((list) => list?.[j]))));
          return tape.leafIds.map((_, i) => {
            const parts = columns.map((list) => list[i]);
            return parts[0] && stack(parts as Tensor[], parts[0].rank);
          });
        }),
      // One column at a time; what it takes is the leaves' own size, twice.
      bytesPerColumn: 8 * tape.leafSizes.reduce((total, size) => total + size, 0),
      largestPerColumn: 4 * maximum(tape.leafSizes),
      dispose: release,
    };
  } catch (error) {
    release();
    throw error;
  }
}
