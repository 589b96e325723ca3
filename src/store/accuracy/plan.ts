/** What a stored search for an accuracy is: every choice that its numbers depend on. It is written once and never changes. */
import type { DType } from '../../core/dtype.ts';
import { StoreError } from '../../core/errors.ts';
import { choice, dtype, integer } from '../../core/parse.ts';
import type { Distribution } from '../../core/random.ts';
import type { Tall } from '../../hdf5/budget.ts';
import { ADAPTIVE_METHODS, type AdaptiveCall, adaptiveFields } from '../../seigh/options.ts';
import type { Which } from '../../spectrum/eigenpairs.ts';
import { checkFields, type Kinds } from '../attributes.ts';
import { refuseSmallMemory, USUAL_MEMORY } from '../directory.ts';

/** The choices behind a directory of `seigh` with `tol`, kept as attributes of its `accuracy.h5`. */
export interface AccuracyPlan {
  /** Rows and columns of the operator. */
  n: number;
  method: string;
  tol: number;
  confidence: number;
  /** Columns of the first sketch, as given; 0 where they were not. */
  dims: number;
  maxDims: number;
  /** Test products of each certificate, as given; 0 where they were not. */
  tests: number;
  testMatrix: Distribution;
  which: Which;
  /** Columns of a product, as given; 0 where they were not, and products grow up to `widest`. */
  blockSize: number;
  widest: number;
  seed: number;
  /** Element type of the tall data. */
  dtype: DType;
  /** Bytes of tall data in memory at a time: the order of sums depends on it. */
  memory: number;
}

export const ACCURACY_KINDS: Kinds<AccuracyPlan> = {
  n: 'number',
  method: 'string',
  tol: 'number',
  confidence: 'number',
  dims: 'number',
  maxDims: 'number',
  tests: 'number',
  testMatrix: 'string',
  which: 'string',
  blockSize: 'number',
  widest: 'number',
  seed: 'number',
  dtype: 'string',
  memory: 'number',
};

/** The widest multivector of a search. */
export function tallOf({ n, maxDims, dtype }: Pick<AccuracyPlan, 'n' | 'maxDims' | 'dtype'>): Tall {
  return { rows: n, cols: maxDims, dtype };
}

/** What a call asks for. @param widest columns of a product at most */
export function accuracyPlan(
  { op, n, dims = 0, settings }: AdaptiveCall,
  memory: number,
  widest: number,
): AccuracyPlan {
  const { method, tol, confidence, maxDims, tests = 0, testMatrix, which, blockSize = 0, seed } = settings;
  const { dtype } = op;
  return {
    n,
    method,
    tol,
    confidence,
    dims,
    maxDims,
    tests,
    testMatrix,
    which,
    blockSize,
    widest,
    seed,
    dtype,
    memory,
  };
}

/** The memory of a call: its own, or the usual. */
export const memoryOf = ({ settings }: AdaptiveCall): number => settings.memory ?? USUAL_MEMORY;

/** @throws StoreError naming the file for a plan that no call can have made. */
export function checkPlan(file: string, plan: AccuracyPlan): void {
  const { n } = plan;
  checkFields(file, plan, { n: integer(1) });
  const { tol, confidence, maxDims, testMatrix, which, seed, memory } = adaptiveFields({ n });
  checkFields(file, plan, {
    ...{ tol, confidence, maxDims, testMatrix, which, seed, memory, dtype },
    method: choice(ADAPTIVE_METHODS),
    ...{ dims: integer(0, n), tests: integer(0), blockSize: integer(0), widest: integer(1, n) },
  });
  try {
    refuseSmallMemory(plan.memory, tallOf(plan), plan.widest);
  } catch (cause) {
    throw new StoreError(`${file}: ${(cause as Error).message}`, { file }, { cause });
  }
}
