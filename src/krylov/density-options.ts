/** The options of spectral densities, as callers give them and as they are parsed. */
import { isFloatArray } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import {
  between,
  CONTROL,
  choice,
  described,
  type Field,
  integer,
  optional,
  positive,
  refuse,
  seed,
  withDefault,
} from '../core/parse.ts';
import type { Control } from '../core/schedule.ts';
import { KERNELS, type KernelsChoice } from '../linalg/kernels/choice.ts';

/** The axis of a density: eigenvalues themselves, or decades of their magnitude. */
export type DensityScale = 'linear' | 'log';

/** How a density is drawn. */
export interface DensityOptions {
  /**
   * Points at which the density is wanted, ascending, or how many (at least 2; default 1024, more where `sigma` is narrow),
   * evenly over the nodes and five `sigma` beyond.
   */
  grid?: number | Float64Array | Float32Array | readonly number[];
  /** Standard deviation of the Gaussians, on the axis of `scale`. Default: 1 % of the range of the nodes. */
  sigma?: number;
  /** `'linear'` (default): density over x = lambda; `'log'`: over x = log10(|lambda| + epsilon). */
  scale?: DensityScale;
  /** Log scale only: where zero is drawn. Default 1e-6 of the largest node. */
  epsilon?: number;
}

/** Points of a grid at most. */
export const MOST_POINTS: number = 2 ** 20;

/** Ascending points, or how many. */
const gridField: Field<number | Float64Array> = {
  kind: 'integer',
  parse(value, name) {
    if (typeof value === 'number') return integer(2, MOST_POINTS).parse(value, name);
    const points = Array.isArray(value) || isFloatArray(value) ? Float64Array.from(value) : undefined;
    if (points === undefined) return refuse(name, 'ascending points or their number', value);
    const wrong = points.findIndex((x, i) => !Number.isFinite(x) || (i > 0 && x <= points[i - 1]!));
    if (points.length >= 2 && wrong < 0) return points;
    const got = wrong < 0 ? `${points.length}` : `${points[wrong]} at ${wrong}`;
    throw new ArgumentError(`${name} must hold at least two finite ascending points, got ${got}`, {});
  },
};

/** How a density is drawn: the options of {@link DensityOptions}. */
export const DENSITY_OPTIONS: {
  grid: Field<number | Float64Array | undefined>;
  sigma: Field<number | undefined>;
  scale: Field<DensityScale>;
  epsilon: Field<number | undefined>;
} = {
  grid: described(optional(gridField), 'points of the grid'),
  sigma: described(optional(positive), 'width of the Gaussians (default: 1 % of the range)'),
  scale: described(withDefault(choice<DensityScale>(['linear', 'log']), 'linear'), 'axis'),
  epsilon: described(optional(positive), 'log axis: where zero is drawn (default: 1e-6 of the largest node)'),
};

/** Options of `spectralDensity`. */
export interface SpectralDensityOptions extends DensityOptions, Control {
  /** Lanczos steps from each start vector, 1..n; as many columns are kept at a time. Default 80, or n if that is less. */
  order?: number;
  /** Random start vectors. Default 10. */
  runs?: number;
  /** Level of the band and of the moments' intervals, between 0 and 1. Default 0.95. */
  confidence?: number;
  /** 0..2^53-1; the same seed gives the same density. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** How {@link SpectralDensityOptions} are parsed; `n` is the size of the operator. */
export const spectralDensityFields = ({
  n,
}: {
  n?: number;
}): typeof DENSITY_OPTIONS &
  typeof CONTROL & {
    order: Field<number>;
    runs: Field<number>;
    confidence: Field<number>;
    seed: Field<number>;
    kernels: Field<KernelsChoice | undefined>;
  } => ({
  order: described(
    withDefault(integer(1, n, n === undefined ? '' : ` for n = ${n}`), Math.min(n ?? 80, 80)),
    'Lanczos steps from each random vector',
  ),
  runs: described(withDefault(integer(1), 10), 'random vectors'),
  confidence: described(withDefault(between(0.5, 1), 0.95), 'level of the band'),
  seed: described(withDefault(seed, 0), 'seed of the random numbers'),
  kernels: described(KERNELS, 'dense kernel provider'),
  ...DENSITY_OPTIONS,
  ...CONTROL,
});
