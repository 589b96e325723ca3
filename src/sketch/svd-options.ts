/** The options of `ssvd`, as callers give them and as they are parsed. */
import { CONTROL, choice, described, type Field, integer, optional, seed, withDefault } from '../core/parse.ts';
import type { Distribution } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import { KERNELS, type KernelsChoice } from '../linalg/kernels/choice.ts';
import { TEST_MATRICES } from './test-matrix.ts';

/** Options of `ssvd`. */
export interface SsvdOptions extends Control {
  /** Distribution of the test matrix: `'gaussian'` (default), `'rademacher'` or `'sparseSign'`, see `SketchOptions`. */
  testMatrix?: Distribution;
  /** Singular triplets returned at most. Default: dims. */
  rank?: number;
  /** Extra passes A A^T Q, re-orthonormalised after each product; each costs 2 dims products. Default 0. */
  powerIterations?: number;
  /** Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB. */
  blockSize?: number;
  /** 0..2^53-1. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** What is known of the operator. */
interface Known {
  shape?: readonly [number, number];
}

const columns = ({ shape }: Known): Field<number> =>
  shape === undefined
    ? integer(1)
    : integer(1, Math.min(shape[0], shape[1]), ` for a ${shape[0]} x ${shape[1]} operator`);

/** Columns of the sketch. */
export const svdDims = (known: Known): Field<number> => described(columns(known), 'columns of the sketch');

/** How {@link SsvdOptions} are parsed. */
export const svdFields = (
  known: Known,
): typeof CONTROL & {
  testMatrix: Field<Distribution>;
  rank: Field<number | undefined>;
  powerIterations: Field<number>;
  blockSize: Field<number | undefined>;
  seed: Field<number>;
  kernels: Field<KernelsChoice | undefined>;
} => ({
  testMatrix: described(withDefault(choice(TEST_MATRICES), 'gaussian'), 'distribution of the test matrix'),
  rank: described(optional(columns(known)), 'singular values to keep (default: all)'),
  powerIterations: described(withDefault(integer(0), 0), 'extra passes, each 2 dims products'),
  blockSize: described(optional(integer(1)), "columns of one product (default: the operator's preference)"),
  seed: described(withDefault(seed, 0), 'seed of the random numbers'),
  kernels: described(KERNELS, 'dense kernel provider'),
  ...CONTROL,
});
