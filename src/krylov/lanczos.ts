/** The Lanczos process: a symmetric operator as a tridiagonal matrix on the Krylov space of one vector. */
import { asDType, type Block, checkBlock } from '../core/block.ts';
import { checkInteger, checkSeed } from '../core/checks.ts';
import { type FloatArray, isFloatArray } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import { breathe, type Control } from '../core/schedule.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { type KernelsChoice, selectKernels } from '../linalg/kernels/select.ts';
import { relativeAsymmetry } from '../linalg/small.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare, refuseAsymmetry } from '../linops/probes.ts';
import { hostSpace, multivectorOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { join } from './basis.ts';
import { begin, type Decomposition, expand, type KrylovContext, randomColumns, refill } from './decomposition.ts';

/** A symmetric tridiagonal matrix. */
export interface Tridiagonal {
  /** Length m. */
  diagonal: Float64Array;
  /** Length m - 1. */
  offDiagonal: Float64Array;
}

export interface LanczosOptions extends Control {
  /** Start vector of n numbers, not zero. Default: a Gaussian one from `seed`. */
  start?: FloatArray;
  /** Seed of the random start, and of directions that follow a breakdown. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** A ~ V T V^T. */
export interface LanczosResult {
  /** n x order, orthonormal; its first column is the start vector at length one. */
  V: Multivector;
  /** V^T A V. */
  T: Tridiagonal;
  /**
   * Columns that the start vector gave, at most `order`: its Krylov space is invariant if that is less. T has a zero beside
   * its diagonal there, and what follows belongs to a fresh random direction.
   */
  krylovOrder: number;
  /** ||A V - V T||_F: 0 to rounding where A leaves span(V) invariant, as always for order n. */
  residualNorm: number;
  /** Products with single columns: the order. */
  numMatvecs: number;
  /** The dense kernel provider that did the algebra. */
  kernels: string;
}

const WHERE = 'lanczos';

async function startBlock(start: FloatArray | undefined, context: KrylovContext): Promise<Multivector> {
  if (start === undefined) return randomColumns(context, 0, 1);
  const { where } = context;
  const { rows, dtype } = context.space;
  if (!isFloatArray(start)) throw new ArgumentError(`${where}: start must be a Float32Array or Float64Array`);
  const block: Block = checkBlock(`${where}: start`, { rows, cols: 1, data: start }, rows, 1);
  const length = vectorNorm(start);
  if (!(length > 0 && length < Number.POSITIVE_INFINITY)) {
    throw new ArgumentError(`${where}: start must have a finite length above 0, got ${length}`, { length });
  }
  return multivectorOf(asDType(block, dtype), dtype);
}

/** The three diagonals of H; below the diagonal stands what each product had outside the basis of the time. */
export function tridiagonalOf({ H }: Decomposition): Tridiagonal {
  const m = H.rows;
  return {
    diagonal: Float64Array.from({ length: m }, (_, i) => H.data[i * m + i]!),
    offDiagonal: Float64Array.from({ length: Math.max(0, m - 1) }, (_, i) => H.data[(i + 1) * m + i]!),
  };
}

/** ||A V - V T||_F: what H has beside T, and all that is outside V. */
export function residualOf({ H, B, lost }: Decomposition): number {
  const m = H.rows;
  let square = lost ** 2;
  for (let i = 0; i < m; i++) {
    for (let j = 0; j < m; j++) {
      if (Math.abs(i - j) > 1) square += H.data[i * m + j]! ** 2;
      else if (j === i + 1) square += (H.data[i * m + j]! - H.data[j * m + i]!) ** 2;
    }
  }
  for (const value of B.data) square += value ** 2;
  return Math.sqrt(square);
}

/** Up to `order` steps from one start vector: fewer where its Krylov space is invariant, which W without columns shows. */
export async function krylovSpaceOf(
  start: Multivector,
  order: number,
  drawn: number,
  context: KrylovContext,
  visit: (done: number) => Promise<void>,
): Promise<Decomposition> {
  const state = await begin(start, drawn, context);
  return goOn(state, order, context, visit);
}

async function goOn(
  start: Decomposition,
  order: number,
  context: KrylovContext,
  visit: (done: number) => Promise<void>,
): Promise<Decomposition> {
  let state = start;
  while (state.H.rows < order && state.W.cols > 0) {
    state = await expand(state, context);
    await visit(state.H.rows);
  }
  return state;
}

/**
 * `order` steps of the Lanczos process with full reorthogonalisation (twice): V^T A V = T tridiagonal, and A = V T V^T for
 * order n (Lanczos 1950; Paige 1972; Golub & Van Loan 2013, section 10.1). A breakdown, an invariant Krylov space, is no
 * error: a fresh random direction continues the basis, and `krylovOrder` says where.
 *
 * @param op symmetric n x n operator
 * @param order columns of V, 1..n; as many products
 * @example
 * const { V, T } = await lanczos(A, 20, { seed: 1 });
 * @throws ArgumentError for an order out of range or a start vector that is zero, ShapeError for a rectangular operator
 * or a start of another length, NumericalError for an operator that is not symmetric or returns non-finite values; the
 * signal's reason when aborted.
 */
export async function lanczos(op: LinearOperator, order: number, options: LanczosOptions = {}): Promise<LanczosResult> {
  const n = checkSquare(WHERE, op);
  checkInteger(WHERE, 'order', order, 1, n, ` for n = ${n}`);
  const seed = checkSeed(WHERE, options.seed ?? 0);
  const { onProgress, signal } = options;
  const kernels = await selectKernels(WHERE, options.kernels);
  const space = hostSpace(n, op.dtype);
  const context: KrylovContext = { where: WHERE, op, space, seed, kernels, signal };
  const start = await startBlock(options.start, context);
  const visit = async (done: number): Promise<void> => {
    onProgress?.({ stage: 'krylov', done, total: order });
    await breathe(signal);
  };
  await visit(0);
  let state = await krylovSpaceOf(start, order, 1, context, visit);
  const krylovOrder = state.H.rows;
  while (state.H.rows < order) state = await goOn(await refill(state, 1, context), order, context, visit);
  refuseAsymmetry(WHERE, op, relativeAsymmetry(state.H));
  return {
    V: await join(state.V, space),
    T: tridiagonalOf(state),
    krylovOrder,
    residualNorm: residualOf(state),
    numMatvecs: order,
    kernels: kernels.name,
  };
}
