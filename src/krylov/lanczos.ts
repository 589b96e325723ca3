/** The Lanczos process: a symmetric operator as a tridiagonal matrix on the Krylov space of one vector. */

import { asDType, checkBlock } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { type FloatArray, isFloatArray } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import { type Plain, withJson } from '../core/json.ts';
import { CONTROL, type Field, integer, type Parsed, parseOptions, refuse, seed, withDefault } from '../core/parse.ts';
import { breathe, type Control, supervise } from '../core/schedule.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { KERNELS, type KernelsChoice } from '../linalg/kernels/choice.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { atScale } from '../linops/at-scale.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare, refuseAsymmetry } from '../linops/probes.ts';
import { hostSpace, multivectorOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { join } from './basis.ts';
import {
  asymmetryOfCore,
  begin,
  type Decomposition,
  expand,
  type KrylovContext,
  randomColumns,
  refill,
} from './decomposition.ts';

/** A symmetric tridiagonal matrix. */
export interface Tridiagonal {
  /** Length m. */
  diagonal: Float64Array;
  /** Length m - 1. */
  offDiagonal: Float64Array;
}

/** Options of {@link lanczos}. */
export interface LanczosOptions extends Control {
  /** Start vector of n numbers, not zero. Default: a Gaussian one from `seed`. */
  start?: FloatArray;
  /** Seed of the random start, and of directions that follow a breakdown. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** A ~ V T V^T. */
export interface LanczosResult extends Plain {
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

function parseStart(start: unknown, name: string): FloatArray | undefined {
  if (start === undefined) return undefined;
  if (!isFloatArray(start)) return refuse(name, 'a Float32Array or Float64Array', start);
  return start;
}

function checkStart(start: FloatArray, n: number): void {
  checkBlock('start', { rows: n, cols: 1, data: start }, n, 1);
  const length = vectorNorm(start);
  if (length > 0 && length < Number.POSITIVE_INFINITY) return;
  throw new ArgumentError(`start must have a finite length above 0, got ${length}`, { length });
}

function startBlock(start: FloatArray | undefined, context: KrylovContext): Promise<Multivector> | Multivector {
  if (start === undefined) return randomColumns(context, 0, 1);
  const { rows, dtype } = context.space;
  return multivectorOf(asDType({ rows, cols: 1, data: start }, dtype), dtype);
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

const OPTIONS = {
  start: { kind: 'value', parse: parseStart } as Field<FloatArray | undefined>,
  seed: withDefault(seed, 0),
  kernels: KERNELS,
  ...CONTROL,
};

async function lanczosSteps(
  op: LinearOperator,
  order: number,
  { start: given, seed, kernels: choice, onProgress, signal }: Parsed<typeof OPTIONS>,
): Promise<LanczosResult> {
  const n = op.shape[1];
  const kernels = await selectKernels(choice);
  const space = hostSpace(n, op.dtype);
  const context: KrylovContext = { op, space, seed, kernels, signal, isNarrow: true };
  const start = await startBlock(given, context);
  const visit = async (done: number): Promise<void> => {
    onProgress?.({ stage: 'krylov', done, total: order });
    await breathe(signal);
  };
  await visit(0);
  let state = await krylovSpaceOf(start, order, 1, context, visit);
  const krylovOrder = state.H.rows;
  while (state.H.rows < order) state = await goOn(await refill(state, 1, context), order, context, visit);
  refuseAsymmetry(op, asymmetryOfCore(state));
  return withJson({
    V: await join(state.V, space),
    T: tridiagonalOf(state),
    krylovOrder,
    residualNorm: residualOf(state),
    numMatvecs: order,
    kernels: kernels.name,
  });
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
export function lanczos(op: LinearOperator, order: number, options: LanczosOptions = {}): Promise<LanczosResult> {
  return atDoor('lanczos', async () => {
    const n = checkSquare(op);
    integer(1, n, ` for n = ${n}`).parse(order, 'order');
    const parsed = parseOptions(options, OPTIONS);
    if (parsed.start) checkStart(parsed.start, n);
    parsed.signal?.throwIfAborted();
    return supervise(parsed, (control) =>
      atScale(op, ['T', 'residualNorm'], (A) => lanczosSteps(A, order, { ...parsed, ...control })),
    );
  });
}
