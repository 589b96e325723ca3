/** The generalised Gauss-Newton matrix of one term, J^T H J, with H the Hessian of the loss at the model's outputs. */
import { add, clone, reshape, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { maximum } from '../../core/extremes.ts';
import type { LinearMap } from '../autodiff/linearise.ts';
import { hessianRecorder, type RecordedTerm, type Recorder } from '../autodiff/objective.ts';
import { recordOutputs } from './outputs-map.ts';
import { disposePresent } from './sums.ts';

function addLists(a: readonly (Tensor | undefined)[], b: readonly (Tensor | undefined)[]): (Tensor | undefined)[] {
  return a.map((x, i) => {
    const y = b[i];
    return x && y ? add(x, y) : (x ?? y);
  });
}

const recordHessian = hessianRecorder('forward');

/**
 * Records the Gauss-Newton matrix of terms. The parameters that the loss itself uses (a penalty on weights) count as
 * outputs next to the model's, so their part of the Hessian is in it exactly.
 */
export const gaussNewtonRecorder: Recorder = (term, recording): RecordedTerm => {
  const { leaves } = recording;
  const { outputs, withOutputs, release, forward, transposed, graph } = recordOutputs(term.outputs, recording);
  const held: LinearMap[] = [forward, transposed];
  const free = () => {
    for (const map of held) map.dispose();
  };
  try {
    let loss: RecordedTerm | undefined;
    tidy(() => {
      // Tensors of their own, on which nothing before them depends.
      const points = outputs.map((y) => clone(y));
      const atPoints = { ...term, outputs: () => withOutputs(points) };
      loss = recordHessian(atPoints, { ...recording, leaves: [...points, ...leaves] });
      held.push(loss.product);
      return [loss.value, ...loss.gradients] as Tensor[];
    });
    const { value, gradients: atOutputs, product: curvature, graph: ofLoss } = loss!;
    const count = outputs.length;
    /** Cotangents of outputs and parameters, [..., b], to the parameters. */
    const pullBack = (cotangents: readonly (Tensor | undefined)[]): (Tensor | undefined)[] => {
      const fromOutputs = cotangents.slice(0, count);
      const direct = cotangents.slice(count);
      return fromOutputs.some(Boolean) ? addLists(transposed.apply(fromOutputs), direct) : direct;
    };
    const gradients = tidy(() => {
      const columns = atOutputs.map((g) => g && reshape(g, [...g.shape, 1]));
      return pullBack(columns).map((g, i) => g && reshape(g, leaves[i]!.shape)) as Tensor[];
    });
    disposePresent(atOutputs);
    const product: LinearMap = {
      apply: (tangents) => tidy(() => pullBack(curvature.apply([...forward.apply(tangents), ...tangents]))),
      bytesPerColumn: maximum(held.map(({ bytesPerColumn }) => bytesPerColumn)),
      largestPerColumn: maximum(held.map(({ largestPerColumn }) => largestPerColumn)),
      dispose: free,
    };
    return { value, gradients, product, graph: () => graph() + ofLoss() };
  } catch (error) {
    free();
    throw error;
  } finally {
    release();
  }
};
