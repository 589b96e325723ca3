/** Newton's method with conjugate gradients, damped, that leaves saddle points along directions of negative curvature. */
import * as tf from '@tensorflow/tfjs';
import { cg, type LinearOperator } from 'eigensketch';
import type { CurvatureOperator } from 'eigensketch/tfjs';

export interface NewtonStep {
  /** Before the step. */
  loss: number;
  gradientNorm: number;
  /** Products with the Hessian. */
  products: number;
  /** Damping s of (H + s I) p = -g. */
  shift: number;
  kind: 'newton' | 'negative curvature' | 'refused';
}

export interface NewtonProblem {
  /** The Hessian where the variables are now. */
  hessianAt: () => CurvatureOperator;
  loss: () => number;
  variables: readonly tf.Variable[];
  /** Stops at a gradient of this length. */
  tolerance: number;
  /** Stops after so many steps. */
  maxSteps: number;
  preconditioner?: (H: CurvatureOperator, shift: number) => Promise<LinearOperator>;
}

const FIRST_SHIFT = 0.1;
const LEAST_SHIFT = 1e-6;

function move(variables: readonly tf.Variable[], direction: Float64Array): void {
  let offset = 0;
  for (const variable of variables) {
    const part = Float32Array.from(direction.subarray(offset, offset + variable.size));
    offset += variable.size;
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(part, variable.shape))));
  }
}

/**
 * Trains by damped Newton steps. (H + s I) p = -g is solved by conjugate gradients until they meet negative curvature, which is
 * then gone along downhill by a length of one (Nocedal & Wright 2006, section 7.1). A step that does not lower the loss is
 * taken back. The damping s falls after Newton steps and grows after others (Levenberg & Marquardt).
 */
export async function trainByNewton(problem: NewtonProblem): Promise<NewtonStep[]> {
  const { hessianAt, variables, preconditioner, tolerance, maxSteps } = problem;
  const taken: NewtonStep[] = [];
  let shift = FIRST_SHIFT;
  while (taken.length < maxSteps) {
    const H = hessianAt();
    const [loss, gradient] = [await H.loss(), await H.gradient()];
    const gradientNorm = Math.hypot(...gradient);
    if (gradientNorm <= tolerance) {
      H.dispose();
      break;
    }
    const options = { shift, ...(preconditioner ? { preconditioner: await preconditioner(H, shift) } : {}) };
    const downhill = gradient.map((value) => -value);
    const { solution, negativeCurvature, numMatvecs: products } = await cg(H, downhill, options);
    H.dispose();
    let direction = solution;
    if (negativeCurvature) {
      const d = negativeCurvature.direction;
      const slope = d.reduce((sum, value, i) => sum + value * gradient[i]!, 0);
      direction = d.map((value) => (slope > 0 ? -value : value));
    }
    move(variables, direction);
    const better = problem.loss() < loss;
    if (!better)
      move(
        variables,
        direction.map((value) => -value),
      );
    const kind = better ? (negativeCurvature ? 'negative curvature' : 'newton') : 'refused';
    taken.push({ loss, gradientNorm, products, shift, kind });
    shift = kind === 'newton' ? Math.max(shift / 3, LEAST_SHIFT) : shift * 3;
  }
  return taken;
}
