/** What a stored sketch is: every choice that its numbers depend on. It is written once and never changes. */
import type { DType } from '../../core/dtype.ts';
import { StoreError, UnsupportedError } from '../../core/errors.ts';
import { parseMemory } from '../../core/memory.ts';
import type { Distribution } from '../../core/random.ts';
import { budgetWithin } from '../../hdf5/budget.ts';
import type { Recovery, Run } from '../../seigh/methods.ts';
import type { SeighOptions } from '../../seigh/options.ts';
import type { Which } from '../../spectrum/eigenpairs.ts';
import type { Method } from '../../spectrum/result.ts';

/** The choices behind a sketch directory, kept as attributes of its `sketch.h5`. */
export interface StoredPlan {
  /** Rows and columns of the operator. */
  n: number;
  /** Columns of the sketch. */
  dims: number;
  method: Method;
  testMatrix: Distribution;
  seed: number;
  /** Columns of one product and of one file. */
  blockSize: number;
  /** Element type of the tall data. */
  dtype: DType;
  /** Eigenpairs kept at most; 0 for all that the method gives. */
  rank: number;
  which: Which;
  refine: boolean;
  psd: boolean;
  powerIterations: number;
  /** Columns of the inner sketch (oversampled), else 0. */
  innerDims: number;
  /** Bytes of tall data in memory at a time. */
  memory: number;
}

/** Columns of the widest multivector on the way to a result. */
export function widestColumns({ method, dims, innerDims, refine }: StoredPlan): number {
  return method === 'oversampled' ? innerDims : refine ? 2 * dims : dims;
}

/** Bytes of tall data in memory where nothing is said. */
const USUAL_MEMORY = 2 ** 30;

/**
 * The plan of a checked run. Blocks are narrower than the run's where memory asks for that and the caller did not name a
 * block size.
 * @throws ArgumentError when memory is no amount, or too small for one column or one panel, with the least;
 * UnsupportedError for options that need everything in memory.
 */
export function planOf(
  where: string,
  run: Run,
  method: Method,
  { memory: asked = USUAL_MEMORY, blockSize }: Pick<SeighOptions, 'memory' | 'blockSize'>,
): StoredPlan {
  if (method === 'krylov' || run.perBatch) {
    const name = run.perBatch ? 'perBatch' : "method 'krylov'";
    throw new UnsupportedError(`${where}: ${name} cannot be combined with store`);
  }
  const { n, dims, testMatrix, seed, rank, which, refine, psd, powerIterations, innerDims } = run;
  const memory = parseMemory(where, asked);
  const plan: StoredPlan = {
    n,
    dims,
    method,
    testMatrix,
    seed,
    blockSize: run.blockSize,
    dtype: run.op.dtype,
    rank: rank ?? 0,
    which,
    refine,
    psd: method === 'nystrom' && psd,
    powerIterations,
    innerDims: method === 'oversampled' ? innerDims : 0,
    memory,
  };
  const { blockColumns } = budgetWithin(where, memory, { rows: n, cols: widestColumns(plan), dtype: plan.dtype });
  return { ...plan, blockSize: blockSize === undefined ? Math.min(plan.blockSize, blockColumns) : plan.blockSize };
}

/** The part of a run that a plan fixes. */
export type PlannedRecovery = Omit<Recovery, 'kernels' | 'space' | 'onProgress' | 'signal'>;

export function plannedRecovery(plan: StoredPlan): PlannedRecovery {
  const { n, dims, testMatrix, seed, blockSize, which, refine, psd, powerIterations, innerDims } = plan;
  const rank = plan.rank === 0 ? undefined : plan.rank;
  return { n, dims, rank, which, refine, psd, powerIterations, innerDims, testMatrix, seed, blockSize };
}

/**
 * @param free choices that were not made: whatever the directory has is meant
 * @throws StoreError that names every choice in which a directory differs from what is asked for now.
 */
export function checkSamePlan<T extends object>(
  where: string,
  file: string,
  stored: T,
  asked: T,
  free: readonly (keyof T)[] = [],
): void {
  const names = Object.keys(asked) as (keyof T & string)[];
  const different = names.filter((name) => stored[name] !== asked[name] && !free.includes(name));
  if (different.length === 0) return;
  const list = different.map((name) => `${name} ${stored[name]} (asked for ${asked[name]})`).join(', ');
  throw new StoreError(`${where}: ${file} belongs to another run, with ${list}`, { file, different });
}
