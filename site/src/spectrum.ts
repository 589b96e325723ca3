/** The certified spectrum of a problem's curvature as it is now, and the whole matrix beside it. */
import { apost, type Block, type Interval, seigh } from 'eigensketch';
import { type Analysis, analysisOf } from 'eigensketch/report';
import { type CurvatureOperator, ggn, hessian } from 'eigensketch/tfjs';
import type { Problem } from './problem.ts';
import type { Settings } from './settings.ts';

/** One certified sketch. */
export interface Snapshot {
  /** Steps of training before it. */
  readonly step: number;
  /** Eigenvalues by magnitude, and their certificate. */
  readonly analysis: Analysis;
  /** What the backend calls itself. */
  readonly backend: string;
  /** Bounds of the largest eigenvalue: the lower end is certain, the upper one holds on the event `spectral`. */
  readonly largest: Interval;
  /** Of the sketch and of the certificate. */
  readonly seconds: number;
}

/** All eigenvalues, and what the approximation of the snapshot really misses. */
export interface Truth {
  readonly step: number;
  /** By magnitude. */
  readonly eigenvalues: readonly number[];
  /** ||A - V diag(w) V^T||_F / ||A||_F. */
  readonly relativeError: number;
}

/** The approximation of the latest snapshot, for {@link truthOf}. */
export interface Approximation {
  matmat(X: Block): Promise<Block>;
}

/** The Hessian or Gauss-Newton matrix of the problem at the present values of its variables. */
export function curvatureOf(
  { network, inputs, targets, loss }: Problem,
  { matrix, data }: Settings,
): CurvatureOperator {
  return (matrix === 'hessian' ? hessian : ggn)({
    model: network.outputs,
    loss,
    parameters: [...network.variables],
    data: [[inputs, targets]],
    // a second pass over the data at each point: for models that are not known
    check: data === 'own',
  });
}

/**
 * The largest eigenvalue of A lies between the largest Ritz value, a Rayleigh quotient, and the same with what the approximation
 * can miss in spectral norm (Weyl), each with the noise of products.
 */
function largestOf({ eigenvalues, certificate }: Analysis): Interval {
  const estimate = Math.max(...eigenvalues);
  const { noiseFloor, missedEigenvalueBound = Number.POSITIVE_INFINITY } = certificate!;
  return {
    estimate,
    lower: estimate - noiseFloor,
    upper: Math.max(estimate, 0) + missedEigenvalueBound + noiseFloor,
  };
}

/** Sketches and certifies. Sketch and test vectors are new ones at each step. */
export async function snapshotOf(
  problem: Problem,
  settings: Settings,
  step: number,
  signal: AbortSignal,
): Promise<{ snapshot: Snapshot; approximation: Approximation }> {
  const { columns, tests, confidence, seed, matrix } = settings;
  const start = performance.now();
  const A = curvatureOf(problem, settings);
  try {
    const run = { seed: seed + step, signal };
    const result = await seigh(A, Math.min(columns, problem.parameters), run);
    const certificate = await apost(A, result, { ...run, tests, confidence });
    const name = matrix === 'hessian' ? 'Hessian' : 'Gauss–Newton matrix';
    const analysis = analysisOf({ operator: `${name} of ${problem.name}, step ${step}`, result, certificate });
    const seconds = (performance.now() - start) / 1000;
    const snapshot = { step, analysis, backend: result.backend ?? '', largest: largestOf(analysis), seconds };
    return { snapshot, approximation: result };
  } finally {
    A.dispose();
  }
}
