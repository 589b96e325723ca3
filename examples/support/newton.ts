/** Newton's method with conjugate gradients, damped, that leaves saddle points along directions of negative curvature. */
import * as tf from '@tensorflow/tfjs';
import { cg, type LinearOperator } from 'eigensketch';
import type { CurvatureOperator } from 'eigensketch/tfjs';

export interface NewtonStep {
  /** Before the step. */
  loss: number;
  /** After it; the same where no step was taken. */
  lossAfter: number;
  gradientNorm: number;
  /** Products with the Hessian. */
  products: number;
  /** Lengths that were tried. */
  tries: number;
  /** Damping s of (H + s I) p = -g. */
  shift: number;
  /** Damping of the step after this one. */
  nextShift: number;
  /** Whether conjugate gradients met negative curvature. */
  isBent: boolean;
  /** Whether a length was found that lowers the loss. */
  isAccepted: boolean;
}

/** What Newton methods differ in. */
export interface NewtonPolicy {
  /** How far conjugate gradients go at a gradient of this length. */
  solve: (gradientNorm: number) => { tol?: number; maxIterations?: number };
  /** Where to go from a `solution` that ended at negative curvature along `downhill`, which has length one. */
  bend: (solution: Float64Array, downhill: Float64Array) => Float64Array;
  /** Lengths to try, each half of the one before. */
  tries: number;
  /** A step must lower the loss by this share of what the gradient promises (Armijo). */
  decrease: number;
  /** Damping after a step: smaller where the quadratic model did well (Levenberg & Marquardt). */
  nextShift: (step: Pick<NewtonStep, 'shift' | 'tries' | 'isBent' | 'isAccepted'>) => number;
}

export interface NewtonProblem {
  /** The Hessian where the variables are now. */
  hessianAt: () => CurvatureOperator;
  loss: () => number;
  variables: readonly tf.Variable[];
  policy: NewtonPolicy;
  /** Stops at a gradient of this length. */
  tolerance: number;
  /** Stops after so many steps. */
  maxSteps: number;
  preconditioner?: (H: CurvatureOperator, shift: number) => Promise<LinearOperator>;
}

const FIRST_SHIFT = 0.1;

const dot = (a: ArrayLike<number>, b: ArrayLike<number>): number => {
  let sum = 0;
  for (let i = 0; i < a.length; i++) sum += a[i]! * b[i]!;
  return sum;
};

/** Moves the variables by a step; the returned function says whether to stay there. */
function move(variables: readonly tf.Variable[], step: Float64Array): (stay: boolean) => void {
  const before = variables.map((variable) => tf.clone(variable));
  let offset = 0;
  for (const variable of variables) {
    const part = Float32Array.from(step.subarray(offset, offset + variable.size));
    offset += variable.size;
    tf.tidy(() => variable.assign(tf.add(variable, tf.tensor(part, variable.shape))));
  }
  return (stay) => {
    if (!stay) for (const [i, variable] of variables.entries()) variable.assign(before[i]!);
    tf.dispose(before);
  };
}

/** Where to go from here: the damped Newton step, or what the policy makes of it where the curvature is negative. */
async function stepFrom({ hessianAt, preconditioner, policy, tolerance }: NewtonProblem, shift: number) {
  const H = hessianAt();
  try {
    const gradient = await H.gradient();
    const gradientNorm = Math.sqrt(dot(gradient, gradient));
    if (gradientNorm <= tolerance) return undefined;
    const M = preconditioner ? { preconditioner: await preconditioner(H, shift) } : {};
    const downhill = gradient.map((value) => -value);
    const { solution, negativeCurvature, numMatvecs } = await cg(H, downhill, {
      shift,
      ...policy.solve(gradientNorm),
      ...M,
    });
    const d = negativeCurvature?.direction;
    const step = d ? policy.bend(solution, dot(d, gradient) > 0 ? d.map((value) => -value) : d) : solution;
    return { step, gradient, gradientNorm, products: numMatvecs, isBent: d !== undefined };
  } finally {
    H.dispose();
  }
}

/**
 * Trains by damped Newton steps, and yields each when it is taken. (H + s I) p = -g is solved by conjugate gradients until they
 * meet negative curvature, which is then gone along downhill (Nocedal & Wright 2006, section 7.1). A step that does not lower
 * the loss is taken back, and half of it tried while the policy says so.
 */
export async function* newtonSteps(problem: NewtonProblem): AsyncGenerator<NewtonStep> {
  const { variables, policy, maxSteps } = problem;
  let shift = FIRST_SHIFT;
  for (let taken = 0; taken < maxSteps; taken++) {
    const next = await stepFrom(problem, shift);
    if (!next) return;
    const { step, gradient, gradientNorm, products, isBent } = next;
    const loss = problem.loss();
    let [lossAfter, isAccepted, tries] = [loss, false, 0];
    for (let scale = 1; !isAccepted && tries < policy.tries; scale /= 2, tries++) {
      const scaled = step.map((value) => scale * value);
      const decide = move(variables, scaled);
      const after = problem.loss();
      isAccepted = after < loss + policy.decrease * Math.min(0, dot(scaled, gradient));
      if (isAccepted) lossAfter = after;
      decide(isAccepted);
    }
    const nextShift = policy.nextShift({ shift, tries, isBent, isAccepted });
    yield { loss, lossAfter, gradientNorm, products, tries, shift, nextShift, isBent, isAccepted };
    shift = nextShift;
  }
}
