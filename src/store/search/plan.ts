/** What a stored search is: every choice that its numbers depend on. It is written once and never changes. */
import type { DType } from '../../core/dtype.ts';
import { StoreError } from '../../core/errors.ts';
import { dtype, integer } from '../../core/parse.ts';
import type { SearchSettings } from '../../eigsh/iteration.ts';
import { CHECK_COLUMNS, SEARCH_FIELDS } from '../../eigsh/options.ts';
import type { Tall } from '../../hdf5/budget.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { checkFields, type Kinds } from '../attributes.ts';
import { refuseOtherPlan, refuseSmallMemory } from '../directory.ts';

/** The choices behind a directory of `eigsh`, kept as attributes of its `eigsh.h5`. */
export interface SearchPlan
  extends Pick<SearchSettings, 'which' | 'tol' | 'confidence' | 'checkSteps' | 'blockSize' | 'basisColumns'> {
  /** Rows and columns of the operator. */
  n: number;
  /** Eigenpairs. */
  k: number;
  seed: number;
  /** Element type of the tall data. */
  dtype: DType;
  /** Bytes of tall data in memory at a time: the order of sums depends on it. */
  memory: number;
}

export const SEARCH_KINDS: Kinds<SearchPlan> = {
  n: 'number',
  k: 'number',
  which: 'string',
  tol: 'number',
  confidence: 'number',
  checkSteps: 'number',
  blockSize: 'number',
  basisColumns: 'number',
  seed: 'number',
  dtype: 'string',
  memory: 'number',
};

/** The widest multivector of a search. */
export function tallOf({ basisColumns, n, dtype }: Pick<SearchPlan, 'basisColumns' | 'n' | 'dtype'>): Tall {
  return { rows: n, cols: Math.min(n, basisColumns + CHECK_COLUMNS), dtype };
}

/** @throws ArgumentError when memory is too small for a panel or for one product, with the least. */
export function searchPlan(op: LinearOperator, settings: SearchSettings, seed: number, memory: number): SearchPlan {
  const { count: k, which, tol, confidence, checkSteps, blockSize, basisColumns } = settings;
  const [n] = op.shape;
  refuseSmallMemory(memory, tallOf({ basisColumns, n, dtype: op.dtype }), blockSize);
  return { n, k, which, tol, confidence, checkSteps, blockSize, basisColumns, seed, dtype: op.dtype, memory };
}

/** @throws StoreError naming the file for a plan that no call can have made. */
export function checkPlan(file: string, plan: SearchPlan): void {
  const { n } = plan;
  checkFields(file, plan, { n: integer() });
  const { which, tol, seed, confidence } = SEARCH_FIELDS;
  checkFields(file, plan, {
    ...{ which, tol, seed, confidence, dtype, memory: integer() },
    ...{ k: integer(1, n), blockSize: integer(1, n), basisColumns: integer(1, n) },
    ...(plan.checkSteps === Number.POSITIVE_INFINITY ? {} : { checkSteps: integer(0) }),
  });
  try {
    refuseSmallMemory(plan.memory, tallOf(plan), plan.blockSize);
  } catch (cause) {
    throw new StoreError(`${file}: ${(cause as Error).message}`, { file }, { cause });
  }
}

/** A plan in the words of the options. */
function asOptions({ checkSteps, confidence, basisColumns, ...rest }: SearchPlan): Record<string, unknown> {
  return {
    ...rest,
    confidence: Number.isFinite(checkSteps) ? 'not given' : confidence,
    maxMemory: `${basisColumns} columns`,
  };
}

/** @throws StoreError that names every option in which a directory differs from what is asked for now, but memory. */
export function refuseOtherSearch(file: string, stored: SearchPlan, asked: SearchPlan): void {
  refuseOtherPlan(file, asOptions(stored), asOptions(asked), ['memory']);
  // the number of checkSteps is not an option, but follows from others
  refuseOtherPlan(file, stored, asked, ['memory']);
}
