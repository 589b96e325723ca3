/** What a stored sketch is: every choice that its numbers depend on. It is written once and never changes. */
import type { DType } from '../core/dtype.ts';
import { StoreError } from '../core/errors.ts';
import { type Memory, parseMemory } from '../core/memory.ts';
import type { Distribution } from '../core/random.ts';
import type { Which } from '../recovery/eigenpairs.ts';
import type { Method } from '../recovery/result.ts';
import type { Recovery, Run } from '../runners.ts';

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

/** The plan of a checked run. */
export function planOf(run: Run, method: Method, memory: number): StoredPlan {
  const { n, dims, testMatrix, seed, blockSize, rank, which, refine, psd, powerIterations, innerDims } = run;
  return {
    n,
    dims,
    method,
    testMatrix,
    seed,
    blockSize,
    dtype: run.op.dtype,
    rank: rank ?? 0,
    which,
    refine,
    psd: method === 'nystrom' && psd,
    powerIterations,
    innerDims: method === 'oversampled' ? innerDims : 0,
    memory,
  };
}

/** The part of a run that a plan fixes. */
export type PlannedRecovery = Omit<Recovery, 'kernels' | 'space' | 'onProgress' | 'signal'>;

export function plannedRecovery(plan: StoredPlan): PlannedRecovery {
  const { n, dims, testMatrix, seed, blockSize, which, refine, psd, powerIterations, innerDims } = plan;
  const rank = plan.rank === 0 ? undefined : plan.rank;
  return { n, dims, rank, which, refine, psd, powerIterations, innerDims, testMatrix, seed, blockSize };
}

/** @throws StoreError that names every choice in which a directory differs from what is asked for now. */
export function checkSamePlan(where: string, file: string, stored: StoredPlan, asked: StoredPlan): void {
  const names = Object.keys(asked) as (keyof StoredPlan)[];
  const different = names.filter((name) => stored[name] !== asked[name]);
  if (different.length === 0) return;
  const list = different.map((name) => `${name} ${stored[name]} (asked for ${asked[name]})`).join(', ');
  throw new StoreError(`${where}: ${file} belongs to another run, with ${list}`, { file, different });
}

/** Bytes of tall data in memory where nothing is said. */
const USUAL_MEMORY = 2 ** 30;

/** The memory that a stored run may take. @throws ArgumentError for anything but an amount. */
export function storeMemory(where: string, memory: Memory | undefined): number {
  return memory === undefined ? USUAL_MEMORY : parseMemory(where, memory);
}
