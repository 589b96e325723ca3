/** The spectral density of a symmetric operator by stochastic Lanczos quadrature. */

import { atDoor } from '../core/door.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import { withJson } from '../core/json.ts';
import { type Parsed, parseOptions } from '../core/parse.ts';
import { supervise } from '../core/schedule.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import { hostSpace } from '../multivector/host.ts';
import { studentQuantile } from '../stats/distributions.ts';
import type { Interval } from '../stats/interval.ts';
import type { KrylovContext } from './decomposition.ts';
import { canvasFor, type Density, describeCanvas, drawRule, integralOf } from './density.ts';
import { type SpectralDensityOptions, spectralDensityFields } from './density-options.ts';
import { type GaussRule, stochasticRules } from './quadrature.ts';

/** A density with a pointwise band over runs. */
export interface SpectralDensity extends Density {
  /**
   * Ends of the band, each at level `confidence`: mean -+ t s / sqrt(runs), s the standard deviation over runs, t Student's
   * quantile. As if runs were Gaussian, which means of forms in many random directions nearly are: not a certified
   * interval. It covers what other start vectors would change, not the width of the Gaussians nor the Lanczos order.
   */
  lower: Float64Array;
  /** Upper end of the band, at each point of the grid. */
  upper: Float64Array;
  /** The band and the intervals of the moments are likely ones. */
  certified: false;
  /** tr(A^p) / n, p = 0, 1, ..., 4, with intervals of the same kind. The rules are exact for these once order is 3. */
  moments: Interval[];
  /** The quadrature rule of each run: for other functions f, the mean of sum_i weights_i f(nodes_i) is tr f(A) / n. */
  rules: GaussRule[];
  /** Lanczos steps of each run. */
  order: number;
  /** Random start vectors. */
  runs: number;
  /** Level of each end of the band and of the moments' intervals. */
  confidence: number;
  /** Of the start vectors. */
  seed: number;
  /** Products with single columns: order x runs, fewer where a Krylov space was invariant. */
  numMatvecs: number;
  /** Wall-clock seconds. */
  seconds: number;
  /** The dense kernel provider that did the algebra. */
  kernels: string;
}

const MOMENTS = 5;
/** How far the integral over an automatic grid may be from 1. */
const NORMALISATION = 1e-3;

/** Mean over runs with one-sided ends at level `confidence`. */
function meanInterval(samples: readonly number[], confidence: number): Interval {
  const runs = samples.length;
  const estimate = samples.reduce((sum, value) => sum + value, 0) / runs;
  if (runs < 2) return { estimate, lower: Number.NEGATIVE_INFINITY, upper: Number.POSITIVE_INFINITY };
  const square = samples.reduce((sum, value) => sum + (value - estimate) ** 2, 0) / (runs - 1);
  const reach = studentQuantile(confidence, runs - 1) * Math.sqrt(square / runs);
  return { estimate, lower: estimate - reach, upper: estimate + reach };
}

function momentOf({ nodes, weights }: GaussRule, power: number): number {
  return nodes.reduce((sum, node, i) => sum + weights[i]! * node ** power, 0);
}

async function estimateDensity(
  op: LinearOperator,
  options: Parsed<ReturnType<typeof spectralDensityFields>>,
): Promise<SpectralDensity> {
  const startedAt = performance.now();
  const n = op.shape[1];
  const { order, runs, confidence, seed, onProgress, signal } = options;
  const kernels = await selectKernels(options.kernels);
  const context: KrylovContext = { op, space: hostSpace(n, op.dtype), seed, kernels, signal };
  const { rules, numMatvecs } = await stochasticRules({ order, runs, onProgress, signal }, context);
  const canvas = canvasFor(rules, options, unitRoundoff(op.dtype));
  const drawn = rules.map((rule) => drawRule(rule, canvas));
  const band = Array.from(canvas.grid, (_, at) =>
    meanInterval(
      drawn.map((run) => run[at]!),
      confidence,
    ),
  );
  const density = Float64Array.from(band, ({ estimate }) => estimate);
  const integral = integralOf(canvas.grid, density);
  if (options.grid === undefined && Math.abs(integral - 1) > NORMALISATION) {
    throw new NumericalError(`the density integrates to ${integral} instead of 1`, { integral });
  }
  return withJson({
    ...describeCanvas(canvas),
    density,
    // a density is not negative
    lower: Float64Array.from(band, ({ lower }) => Math.max(0, lower)),
    upper: Float64Array.from(band, ({ upper }) => upper),
    certified: false as const,
    integral,
    moments: Array.from({ length: MOMENTS }, (_, power) =>
      meanInterval(
        rules.map((rule) => momentOf(rule, power)),
        confidence,
      ),
    ),
    rules,
    order,
    runs,
    confidence,
    seed,
    numMatvecs,
    seconds: (performance.now() - startedAt) / 1000,
    kernels: kernels.name,
  });
}

/**
 * The distribution of all eigenvalues of a symmetric operator, broadened by Gaussians: the mean over random start vectors of
 * the density that Lanczos sees from each (Lin, Saad & Yang 2016; Ubaru, Chen & Saad 2017; for Hessians of networks
 * Ghorbani, Krishnan & Xiao 2019, "An investigation into neural net optimization via Hessian eigenvalue density").
 *
 * @param op symmetric n x n operator
 * @example
 * const { grid, density, lower, upper } = await spectralDensity(H, { order: 80, runs: 10, scale: 'log', seed: 1 });
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for an operator
 * that is not symmetric or returns non-finite values; the signal's reason when aborted.
 */
export function spectralDensity(op: LinearOperator, options: SpectralDensityOptions = {}): Promise<SpectralDensity> {
  return atDoor('spectralDensity', async () => {
    const parsed = parseOptions(options, spectralDensityFields({ n: checkSquare(op) }));
    parsed.signal?.throwIfAborted();
    return supervise(parsed, (control) => estimateDensity(op, { ...parsed, ...control }));
  });
}
