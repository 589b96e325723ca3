/** What a decomposition costs, before any product is spent. */

import { checkBetween, checkChoice, checkInteger } from '../core/checks.ts';
import { atDoor } from '../core/door.ts';
import { bytesPerEntry, checkDType, type DType } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import type { Method } from '../spectrum/result.ts';

/** What may be spent: give `memory`, `products` or both (both are kept). */
export interface SketchBudget {
  /** Rows and columns of the operator. */
  n: number;
  /** Bytes for tall blocks. */
  memory?: number;
  /** Products with single columns. */
  products?: number;
  /** Default `'hmt'`. */
  method?: Method;
  /** hmt only: extra passes. Default 0. */
  powerIterations?: number;
  /** nystrom only: A is positive semidefinite, and nothing is truncated. Default false. */
  psd?: boolean;
  /** Element type of the operator. Default float32. */
  dtype?: DType;
}

/** The largest sketch within a budget, and its cost. */
export interface SketchPlan {
  /** The method planned for. */
  method: Method;
  /** Columns of the sketch. */
  dims: number;
  /** Columns of the inner sketch (oversampled), else 0. */
  innerDims: number;
  /** Eigenpairs that come out: dims, for nystrom without `psd` half of that. */
  rank: number;
  /** Products with single columns. */
  numMatvecs: number;
  /** Bytes of all tall blocks that exist at once, at most; k x k matrices and the operator's own memory come on top. */
  bytes: number;
}

interface Cost {
  /** Products for a sketch of k columns. */
  products: (k: number, powerIterations: number) => number;
  /** Tall columns that exist at once at the peak. */
  columns: (k: number) => number;
  innerDims: (k: number) => number;
  rank: (k: number) => number;
}

const COSTS: Record<Method, Cost> = {
  // Y, Q, A Q
  hmt: { products: (k, p) => (2 + p) * k, columns: (k) => 3 * k, innerDims: () => 0, rank: (k) => k },
  // Y, Omega, the factor and its basis, which have up to k columns where the core shows a rank below k
  nystrom: {
    products: (k) => k,
    columns: (k) => 4 * k,
    innerDims: () => 0,
    rank: (k) => Math.ceil(k / 2),
  },
  // Y, Q, R, A R, L
  oversampled: {
    products: (k) => 3 * k + 1,
    columns: (k) => 2 * k + 3 * (2 * k + 1),
    innerDims: (k) => 2 * k + 1,
    rank: (k) => k,
  },
  // the basis, its rotation, a product and what is left of it (blocks of a tenth)
  krylov: { products: (k) => k, columns: (k) => 2 * k + 3 * Math.ceil(k / 10), innerDims: () => 0, rank: (k) => k },
};

/** Nystrom without truncation. */
const PSD_NYSTROM: Cost = { ...COSTS.nystrom, rank: (k) => k };

const WHERE = 'planSketch';
const METHODS = Object.keys(COSTS) as Method[];

/**
 * The largest sketch that fits into a budget of memory, products or both.
 *
 * @example
 * planSketch({ n: 1_000_000, products: 400 }); // { dims: 200, numMatvecs: 400, bytes: 2.4e9, ... }
 * @throws ArgumentError without a budget, for one below a single column, or values out of range.
 */
export function planSketch(budget: SketchBudget): SketchPlan {
  return atDoor('planSketch', () => {
    const most = Number.MAX_SAFE_INTEGER;
    const n = checkInteger(WHERE, 'n', budget.n, 1, most);
    const method = checkChoice(WHERE, 'method', budget.method ?? 'hmt', METHODS);
    const powerIterations = checkInteger(WHERE, 'powerIterations', budget.powerIterations ?? 0, 0, most);
    if (powerIterations > 0 && method !== 'hmt') {
      throw new ArgumentError(`${WHERE}: powerIterations belongs to method 'hmt', got method '${method}'`, { method });
    }
    const { memory, products } = budget;
    if (memory === undefined && products === undefined)
      throw new ArgumentError(`${WHERE}: give memory, products or both`);
    if (memory !== undefined) checkBetween(WHERE, 'memory', memory, 0, Number.POSITIVE_INFINITY);
    if (products !== undefined) checkInteger(WHERE, 'products', products, 1, most);
    const entry = bytesPerEntry(checkDType(WHERE, budget.dtype ?? 'float32'));
    const cost = method === 'nystrom' && budget.psd ? PSD_NYSTROM : COSTS[method];
    const plan = (dims: number): SketchPlan => ({
      method,
      dims,
      innerDims: cost.innerDims(dims),
      rank: cost.rank(dims),
      numMatvecs: cost.products(dims, powerIterations),
      bytes: entry * n * cost.columns(dims),
    });
    const fits = ({ numMatvecs, bytes }: SketchPlan): boolean =>
      numMatvecs <= (products ?? most) && bytes <= (memory ?? most);
    let dims = 0;
    // every cost grows with dims: the largest that fits, bit by bit
    for (let bit = 2 ** Math.floor(Math.log2(n)); bit >= 1; bit /= 2) {
      if (dims + bit <= n && fits(plan(dims + bit))) dims += bit;
    }
    if (dims === 0) {
      const { numMatvecs, bytes } = plan(1);
      throw new ArgumentError(`${WHERE}: one column of '${method}' needs ${numMatvecs} products and ${bytes} bytes`, {
        numMatvecs,
        bytes,
      });
    }
    return plan(dims);
  });
}
