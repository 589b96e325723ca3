/** What a stored search is: every choice that its numbers depend on. It is written once and never changes. */
import type { DType } from '../../core/dtype.ts';
import { ArgumentError } from '../../core/errors.ts';
import { formatMemory, type Memory, parseMemory } from '../../core/memory.ts';
import { CHECK_COLUMNS } from '../../eigsh/check.ts';
import type { Goal } from '../../eigsh/iteration.ts';
import { budgetWithin } from '../../hdf5/budget.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import type { Kinds } from '../attributes.ts';
import { checkSamePlan } from '../sketch/plan.ts';

/** The choices behind a directory of `eigsh`, kept as attributes of its `eigsh.h5`. */
export interface SearchPlan
  extends Pick<Goal, 'which' | 'tol' | 'confidence' | 'checkSteps' | 'blockSize' | 'basisColumns'> {
  /** Rows and columns of the operator. */
  n: number;
  /** Eigenpairs. */
  k: number;
  seed: number;
  /** Element type of the tall data. */
  dtype: DType;
  /** Bytes of tall data in memory at a time: they decide the order of sums. */
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

/** Bytes of tall data in memory where nothing is said. */
const USUAL_MEMORY = 2 ** 30;

/** Columns of the widest multivector of a search. */
export const widestOf = ({ basisColumns, n }: Pick<SearchPlan, 'basisColumns' | 'n'>): number =>
  Math.min(n, basisColumns + CHECK_COLUMNS);

/** @throws ArgumentError when memory is no amount, or too small for a panel or for one product, with the least. */
export function searchPlan(
  where: string,
  op: LinearOperator,
  goal: Goal,
  seed: number,
  asked: Memory = USUAL_MEMORY,
): SearchPlan {
  const { count: k, which, tol, confidence, checkSteps, blockSize, basisColumns } = goal;
  const [n] = op.shape;
  const memory = parseMemory(where, asked);
  const tall = { rows: n, cols: widestOf({ basisColumns, n }), dtype: op.dtype };
  const { blockColumns } = budgetWithin(where, memory, tall);
  if (blockSize > blockColumns) {
    throw new ArgumentError(
      `${where}: memory of ${formatMemory(memory)} has room for products of ${blockColumns} columns, got blockSize ${blockSize}`,
      { memory, blockSize },
    );
  }
  return { n, k, which, tol, confidence, checkSteps, blockSize, basisColumns, seed, dtype: op.dtype, memory };
}

/** A plan in the words of the options. */
function asOptions({ checkSteps, confidence, basisColumns, memory, ...rest }: SearchPlan): Record<string, unknown> {
  return {
    ...rest,
    confidence: Number.isFinite(checkSteps) ? 'not given' : confidence,
    maxMemory: `${basisColumns} columns`,
    memory: formatMemory(memory),
  };
}

/** @throws StoreError that names every option in which a directory differs from what is asked for now. */
export function checkSameSearch(where: string, file: string, stored: SearchPlan, asked: SearchPlan): void {
  checkSamePlan(where, file, asOptions(stored), asOptions(asked));
  // amounts of memory that read alike
  checkSamePlan(where, file, stored, asked);
}
