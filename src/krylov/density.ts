/** Densities drawn from quadrature rules: each node a Gaussian of its weight. */

import { atDoor } from '../core/door.ts';
import { isFloatArray, unitRoundoff } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import { type Plain, withJson } from '../core/json.ts';
import { type Parsed, parseOptions } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { DENSITY_OPTIONS, type DensityOptions, type DensityScale, MOST_POINTS } from './density-options.ts';
import type { Tridiagonal } from './lanczos.ts';
import { type GaussRule, gaussRule } from './quadrature.ts';

/** A density on a grid: its integral over the whole axis is 1. */
export interface Density extends Plain {
  /** Points x, ascending; log10(|lambda| + epsilon) on the log scale. */
  grid: Float64Array;
  /** Share of eigenvalues for each unit of x. */
  density: Float64Array;
  /** The axis of `grid`. */
  scale: DensityScale;
  /** Standard deviation of the Gaussians, on the axis of `scale`. */
  sigma: number;
  /** Log scale only. */
  epsilon?: number;
  /** Trapezoidal integral of `density` over the grid: 1 unless a grid of the caller's cuts or misses something. */
  integral: number;
}

/** Where rules are drawn: the map from eigenvalues to the axis, and the grid on it. */
export interface Canvas {
  grid: Float64Array;
  sigma: number;
  scale: DensityScale;
  epsilon?: number;
  toAxis: (eigenvalue: number) => number;
}

const POINTS = 1024;
/** Gaussians are drawn to this many standard deviations; what lies beyond is 6e-7 of each. */
const REACH = 5;
/** Nodes this near to each other, relative to the largest or in decades, are one: a grid between them would be rounding. */
const LEAST_SPREAD = 1e-9;
/** So are those that so many roundings of the products tell apart. */
const SPREAD_ROUNDINGS = 1e3;
/** Points for each `sigma` of a grid: with two the trapezoidal rule integrates a Gaussian to 1e-30. */
const POINTS_PER_SIGMA = 2;

function evenGrid(low: number, high: number, sigma: number, points: number | undefined): Float64Array {
  const [from, to] = [low - REACH * sigma, high + REACH * sigma];
  const needed = Math.ceil(((to - from) / sigma) * POINTS_PER_SIGMA) + 1;
  if (points === undefined && needed > MOST_POINTS) {
    throw new ArgumentError(`sigma = ${sigma} needs a grid of ${needed} points; give a wider one`, { sigma });
  }
  const count = points ?? Math.max(POINTS, needed);
  return Float64Array.from({ length: count }, (_, i) => from + ((to - from) * i) / (count - 1));
}

/**
 * The axis that fits all rules together; `roundoff` is that of the products they come from.
 * @throws ArgumentError for options out of range.
 */
export function canvasFor(
  rules: readonly GaussRule[],
  options: Parsed<typeof DENSITY_OPTIONS>,
  roundoff: number,
): Canvas {
  const { scale, grid } = options;
  const extremes = (value: (node: number) => number): { low: number; high: number } => {
    let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
    for (const { nodes } of rules) {
      for (const node of nodes) {
        low = Math.min(low, value(node));
        high = Math.max(high, value(node));
      }
    }
    return { low, high };
  };
  const largest = extremes(Math.abs).high;
  const epsilon = options.epsilon ?? 1e-6 * (largest || 1);
  const toAxis = scale === 'log' ? (node: number) => Math.log10(Math.abs(node) + epsilon) : (node: number) => node;
  const { low, high } = extremes(toAxis);
  // all nodes at one place: a Gaussian of one per cent of its size, or of a decade
  const size = (scale === 'linear' && largest) || 1;
  const isPoint = high - low <= Math.max(LEAST_SPREAD, SPREAD_ROUNDINGS * roundoff) * size;
  const sigma = options.sigma ?? 0.01 * (isPoint ? size : high - low);
  const points = grid === undefined || typeof grid === 'number' ? evenGrid(low, high, sigma, grid) : grid;
  return { grid: points, sigma, scale, toAxis, ...(scale === 'log' ? { epsilon } : {}) };
}

/** One rule as a density: sum_i weights_i N(x; toAxis(nodes_i), sigma^2). */
export function drawRule({ nodes, weights }: GaussRule, { grid, sigma, toAxis }: Canvas): Float64Array {
  const height = 1 / (sigma * Math.sqrt(2 * Math.PI));
  const centres = nodes.map(toAxis);
  return grid.map((x) => {
    let sum = 0;
    for (let i = 0; i < centres.length; i++) sum += weights[i]! * Math.exp(-(((x - centres[i]!) / sigma) ** 2) / 2);
    return height * sum;
  });
}

/** Trapezoidal rule. */
export function integralOf(grid: Float64Array, density: Float64Array): number {
  let sum = 0;
  for (let i = 1; i < grid.length; i++) sum += ((grid[i]! - grid[i - 1]!) * (density[i]! + density[i - 1]!)) / 2;
  return sum;
}

/** What a density says about the canvas it is on. */
export function describeCanvas({
  grid,
  sigma,
  scale,
  epsilon,
}: Canvas): Omit<Density, 'density' | 'integral' | 'toJSON'> {
  return { grid, sigma, scale, ...(epsilon === undefined ? {} : { epsilon }) };
}

function checkTridiagonal(T: Tridiagonal): void {
  const isPair = isFloatArray(T?.diagonal) && isFloatArray(T?.offDiagonal);
  if (isPair && T.offDiagonal.length === T.diagonal.length - 1) return;
  throw new ArgumentError('expected { diagonal, offDiagonal } of m and m - 1 numbers, m at least 1', {});
}

/**
 * The spectral density that one Lanczos run sees from its start vector: Gaussians at the eigenvalues of T, weighted by the
 * squared first entries of its eigenvectors (Lin, Saad & Yang 2016, "Approximating spectral densities of large matrices").
 *
 * @param T of {@link lanczos}, or any symmetric tridiagonal matrix
 * @example
 * const { T } = await lanczos(H, 80);
 * const { grid, density } = await tridiagToDensity(T, { scale: 'log' });
 * @throws ArgumentError for options out of range or a T whose diagonals do not fit.
 */
export function tridiagToDensity(T: Tridiagonal, options: DensityOptions = {}): Promise<Density> {
  return atDoor('tridiagToDensity', async () => {
    checkTridiagonal(T);
    const parsed = parseOptions(options, DENSITY_OPTIONS);
    const rule = await gaussRule(T, await selectKernels());
    const canvas = canvasFor([rule], parsed, unitRoundoff('float64'));
    const density = drawRule(rule, canvas);
    return withJson({ ...describeCanvas(canvas), density, integral: integralOf(canvas.grid, density) });
  });
}
