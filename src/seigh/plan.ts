/** What a decomposition costs, before any product is spent. */
import { atDoor } from '../core/door.ts';
import { bytesPerEntry, type DType } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import type { Memory } from '../core/memory.ts';
import {
  asRecord,
  described,
  dtype,
  type Field,
  type Fields,
  integer,
  memory,
  optional,
  parseOptions,
  withDefault,
} from '../core/parse.ts';
import type { FieldsOf } from './method.ts';
import { METHODS, type Method } from './methods.ts';
import { fieldsOfMethod, type MethodOptions, methodField, refuseForeign } from './options.ts';

/** What may be spent: give `memory`, `maxProducts` or both (both are kept). */
export interface Budget {
  /** Rows and columns of the operator. */
  n: number;
  /** For tall blocks: bytes, or like `'2GB'`. */
  memory?: Memory;
  /** Products with single columns at most. */
  maxProducts?: number;
  /** Element type of the operator. Default float32. */
  dtype?: DType;
}

/** A budget, and the method with the options of its own that it will be spent on: `'hmt'` where none is named. */
export type SketchBudget = Budget & MethodOptions;

/** The largest sketch within a budget, and its cost. */
export interface SketchPlan {
  /** The method planned for. */
  method: Method;
  /** Columns of the sketch. */
  dims: number;
  /** Columns of the inner sketch (oversampled), else 0. */
  innerDims: number;
  /** Eigenpairs that come out: dims, with `refine` twice as many, for nystrom without `psd` half of that. */
  rank: number;
  /** Products with single columns. */
  numMatvecs: number;
  /** Bytes of all tall blocks that exist at once, at most; k x k matrices and the operator's own memory come on top. */
  bytes: number;
}

/** The parsed options of a plan. */
interface BudgetSettings {
  n: number;
  memory: number | undefined;
  maxProducts: number | undefined;
  dtype: DType;
}

/** The fields of a budget, without those of the methods. */
export const BUDGET_FIELDS: FieldsOf<BudgetSettings> & { method: Field<Method> } = {
  n: described(integer(1), 'rows and columns of the operator'),
  memory: described(optional(memory), 'memory for tall blocks, such as 512MB or 2GiB'),
  maxProducts: described(optional(integer(1)), 'products with single columns at most'),
  method: methodField,
  dtype: described(withDefault(dtype, 'float32'), 'element type of the operator'),
};

/** The cost of a sketch of `dims` columns. */
export function costOfSketch(
  dims: number,
  { n, dtype, method, own }: { n: number; dtype: DType; method: Method; own: object },
): SketchPlan {
  const { products, columns, innerDims, rank } = METHODS[method].cost(dims, own);
  return {
    method,
    dims,
    innerDims,
    rank: Math.min(n, rank),
    numMatvecs: products,
    bytes: bytesPerEntry(dtype) * n * columns,
  };
}

function largestSketch(budget: unknown): SketchPlan {
  const given = asRecord(budget, 'budget');
  const method = methodField.parse(given.method, 'method');
  refuseForeign(given, method);
  const own = fieldsOfMethod(method, {});
  const parsed = parseOptions(given, { ...BUDGET_FIELDS, ...own } as typeof BUDGET_FIELDS & Fields);
  const { n, memory: bytes, maxProducts, dtype } = parsed as unknown as BudgetSettings;
  if (bytes === undefined && maxProducts === undefined) throw new ArgumentError('give memory, maxProducts or both');
  METHODS[method].check?.(parsed, undefined);
  const plan = (dims: number): SketchPlan => costOfSketch(dims, { n, dtype, method, own: parsed });
  const fits = (cost: SketchPlan): boolean =>
    cost.numMatvecs <= (maxProducts ?? Number.MAX_SAFE_INTEGER) && cost.bytes <= (bytes ?? Number.POSITIVE_INFINITY);
  let dims = 0;
  // every cost grows with dims: the largest that fits, bit by bit
  for (let bit = 2 ** Math.floor(Math.log2(n)); bit >= 1; bit /= 2) {
    if (dims + bit <= n && fits(plan(dims + bit))) dims += bit;
  }
  if (dims > 0) return plan(dims);
  const { numMatvecs, bytes: least } = plan(1);
  throw new ArgumentError(`one column of '${method}' needs ${numMatvecs} products and ${least} bytes`, {
    numMatvecs,
    bytes: least,
  });
}

/**
 * The largest sketch that fits into a budget of memory, products or both.
 *
 * @example
 * planSketch({ n: 1_000_000, maxProducts: 400 }); // { dims: 200, numMatvecs: 400, bytes: 2.4e9, ... }
 * @throws ArgumentError without a budget, for one below a single column, or values out of range.
 */
export function planSketch(budget: SketchBudget): SketchPlan {
  return atDoor('planSketch', () => largestSketch(budget));
}
