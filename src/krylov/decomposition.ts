/**
 * The Krylov decomposition A V = V H + W B of a symmetric operator, which is all that a run has to keep.
 *
 * V (n x m) and W (n x b) are orthonormal together. H (m x m) holds what the orthogonalisation measured, V^T A V, and B
 * (b x m) what each column of A V has outside V: nothing but in the last block, until a restart mixes the columns. A V
 * itself is never stored; the two sweeps that keep the basis orthonormal give H for nothing, entry by entry, so there is
 * no recurrence whose rounding would have to be trusted (Stewart 2002, "A Krylov-Schur algorithm for large
 * eigenproblems"; for symmetric A that is the thick restart of Wu & Simon 2000). What H lacks in symmetry is rounding,
 * noise of the operator, or an operator that is not symmetric.
 */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import type { Distribution, StreamKey } from '../core/random.ts';
import { frobeniusNorm, placeBlock, relativeAsymmetry, subMatrix, transpose } from '../linalg/small.ts';
import { applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { extendBasis } from '../multivector/extend.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { gram, times, type VerbContext } from '../multivector/verbs.ts';
import { testColumns } from '../sketch/test-matrix.ts';
import { append, combineAlike, join, type Parts, someColumns } from './basis.ts';
import { withoutRounding } from './remainder.ts';

/** A V = V H + W B. Plain data: the column blocks and three small matrices are enough to go on from. */
export interface Decomposition {
  /** V, n x m in column blocks. */
  V: Parts;
  /** V^T A V as measured, m x m. */
  H: Matrix;
  /** W, n x b: what is multiplied next. */
  W: Multivector;
  /** b x m. */
  B: Matrix;
  /** Random columns drawn so far: the next ones continue the stream. */
  drawn: number;
  /** How many columns at the end of W the last product brought; none where it lay in the basis. */
  newest: number;
  /** Norm of all that was dropped from W B as rounding. */
  lost: number;
  /** Roundings of the largest product in each column of A V - V H - W B: every compression adds some. */
  roundings: number;
}

/** The asymmetry of H relative to the products that it is made of, ||A V||_F: of a few random columns H is no more than noise. */
export const asymmetryOfCore = ({ H, B }: Decomposition): number =>
  relativeAsymmetry(H, Math.hypot(frobeniusNorm(H), frobeniusNorm(B)));

/** What every step needs. */
export interface KrylovContext extends VerbContext {
  op: LinearOperator;
  space: Space;
  seed: number;
  /** Products are of a few columns: in memory the basis is kept column by column, which they read at full speed. */
  isNarrow?: boolean;
  /** Distribution of random columns; Gaussian where it is not said, which statements about them need. */
  testMatrix?: Distribution;
}

/** Products of up to so many columns take what they read of the basis faster column by column. */
export const FEW_COLUMNS = 8;

/** Roundings of the largest product that the relation starts with, and that each compression adds: measured, twice that. */
const FIRST_ROUNDINGS = 16;
const COMPRESSION_ROUNDINGS = 8;

/** The next `cols` random columns of the stream. */
export async function randomColumns(context: KrylovContext, first: number, cols: number): Promise<Multivector> {
  const { space, seed, testMatrix: distribution = 'gaussian' } = context;
  const key: StreamKey = { seed, purpose: 'start' };
  const Omega = { distribution, key, rows: space.rows, cols, firstColumn: first };
  const out = await space.allocate(cols);
  await out.writeColumns(0, await testColumns(Omega, 0, cols, space.dtype));
  return out;
}

/** The decomposition before the first product: no columns yet, W an orthonormal basis of `start`. */
export async function begin(start: Multivector, drawn: number, context: KrylovContext): Promise<Decomposition> {
  const { basis } = await orthonormalise(start, context.space, context);
  await context.space.release(start);
  return {
    V: [],
    H: zeroMatrix(0, 0),
    W: basis,
    B: zeroMatrix(basis.cols, 0),
    drawn,
    newest: 0,
    lost: 0,
    roundings: FIRST_ROUNDINGS,
  };
}

/** The largest column of A V: what is known of ||A|| from below. */
export function scaleOf({ H, B }: Pick<Decomposition, 'H' | 'B'>): number {
  let scale = 0;
  for (let j = 0; j < H.cols; j++) {
    let square = 0;
    for (let i = 0; i < H.rows; i++) square += H.data[i * H.cols + j]! ** 2;
    for (let i = 0; i < B.rows; i++) square += B.data[i * B.cols + j]! ** 2;
    scale = Math.max(scale, square);
  }
  return Math.sqrt(scale);
}

/** `part` in the last columns of an otherwise empty matrix. */
function atTheEnd(part: Matrix, cols: number): Matrix {
  const whole = zeroMatrix(part.rows, cols);
  placeBlock(whole, part, 0, cols - part.cols);
  return whole;
}

/** Another orthonormal basis [rest, newest] of the space of the columns that wait, B in it, and what was dropped of W B. */
type Waiting = Pick<Decomposition, 'W' | 'B' | 'lost'>;

/** The waiting columns `old` (with `rows` of B) beside new ones: what `old` has in these is taken over by them. */
async function waiting(
  V: Parts,
  old: Multivector,
  rows: Matrix,
  newest: Multivector,
  newestRows: Matrix,
  context: KrylovContext,
): Promise<Waiting> {
  const { space, kernels } = context;
  if (old.cols === 0) return { W: newest, B: newestRows, lost: 0 };
  if (newest.cols === 0) return { W: old, B: rows, lost: 0 };
  // both are orthogonal to V: what is left of the old ones stays so. What is taken off makes the rest shorter and its rounding
  // weigh more, from step to step: only where a hundred steps take off less than half
  const overlap = await gram(newest, old, context);
  const Q = frobeniusNorm(overlap) <= 0.1 ? [newest] : [...V, newest];
  const { added, coupling } = await extendBasis(Q, old, space, context);
  await space.release(old);
  const rest = await withoutRounding(added, 1, context);
  const shared = await kernels.gemm(
    subMatrix(coupling, coupling.rows - newest.cols, coupling.rows, 0, coupling.cols),
    rows,
  );
  for (let at = 0; at < shared.data.length; at++) shared.data[at]! += newestRows.data[at]!;
  const B = zeroMatrix(rest.W.cols + newest.cols, rows.cols);
  if (rest.W.cols > 0) placeBlock(B, await kernels.gemm(rest.R, rows), 0, 0);
  placeBlock(B, shared, rest.W.cols, 0);
  return { W: await join([rest.W, newest], space), B, lost: rest.lost * frobeniusNorm(rows) };
}

/** A X for a block that becomes columns `firstColumn..` of the basis. */
async function multiply(X: Multivector, firstColumn: number, context: KrylovContext): Promise<Multivector> {
  const { op, space } = context;
  const Y = await space.allocate(X.cols);
  const out = space.inMemory ? await Y.readColumns(0, X.cols) : undefined;
  const product = await applyOperator(op, await X.readColumns(0, X.cols), { firstColumn }, out);
  if (product !== out) await Y.writeColumns(0, product);
  return Y;
}

/**
 * Multiplies the last `columns` of W (all by default) and takes them into the basis: m grows by as many, and the new W is
 * the rest of the old one and, at its end, what the product has outside the basis. The state given is used up.
 *
 * @param known the product, where it has been made already; it is used up
 */
export async function expand(
  state: Decomposition,
  context: KrylovContext,
  columns: number = state.W.cols,
  known?: Multivector,
): Promise<Decomposition> {
  const { space } = context;
  const m = state.H.rows;
  const order = m + columns;
  const first = state.W.cols - columns;
  const taken = await someColumns(state.W, first, state.W.cols, space);
  const rest = await someColumns(state.W, 0, first, space);
  if (taken !== state.W) await space.release(state.W);
  const Y = known ?? (await multiply(taken, m, context));
  // A V = V H + W B, so for a symmetric A what A W has in V is B^T, but for rounding
  const expected = zeroMatrix(order, columns);
  placeBlock(expected, transpose(subMatrix(state.B, first, state.B.rows, 0, m)), 0, 0);
  placeBlock(expected, await gram(taken, Y, context), m, 0);
  const V = await append(state.V, taken, space, context.isNarrow ? context.kernels : undefined);
  const { added, coupling } = await extendBasis(V, Y, space, context, expected);
  await space.release(Y);
  const H = atTheEnd(coupling, order);
  placeBlock(H, state.H, 0, 0);
  placeBlock(H, subMatrix(state.B, first, state.B.rows, 0, m), m, 0);
  const scale = scaleOf({ H, B: atTheEnd(await added.R(), order) });
  const remainder = await withoutRounding(added, scale, context);
  const restRows = zeroMatrix(first, order);
  placeBlock(restRows, subMatrix(state.B, 0, first, 0, m), 0, 0);
  const next = await waiting(V, rest, restRows, remainder.W, atTheEnd(remainder.R, order), context);
  const lost = Math.hypot(state.lost, remainder.lost, next.lost);
  return { ...state, V, H, W: next.W, B: next.B, newest: remainder.W.cols, lost };
}

/** A state with fresh random directions at the end of W, and where the Gaussian columns lay. */
export interface Appended {
  state: Decomposition;
  /** V^T of the columns, m x columns. */
  inside: Matrix;
  /** Norm of their part outside V. */
  length: number;
}

/** Adds `columns` fresh random directions at the end of W: Gaussian columns less what they have in V. */
export async function appendRandom(state: Decomposition, columns: number, context: KrylovContext): Promise<Appended> {
  const { V, H, W, B, drawn } = state;
  const { space } = context;
  const fresh = await randomColumns(context, drawn, columns);
  const { added, coupling: inside } = await extendBasis(V, fresh, space, context);
  await space.release(fresh);
  const next = await waiting(V, W, B, added.basis, zeroMatrix(added.basis.cols, H.rows), context);
  const length = frobeniusNorm(await added.R());
  const lost = Math.hypot(state.lost, next.lost);
  const appended = { ...state, W: next.W, B: next.B, newest: added.basis.cols, drawn: drawn + columns, lost };
  return { state: appended, inside, length };
}

/** The decomposition with W Q in place of W, for an orthogonal b x b matrix Q. */
export async function turnWaiting(state: Decomposition, Q: Matrix, context: KrylovContext): Promise<Decomposition> {
  const W = await times(state.W, Q, state.W, context);
  return { ...state, W, B: await context.kernels.gemm(Q, state.B, { transA: true }), newest: 0 };
}

/** Turns the basis of the waiting columns by the left singular vectors of C (b x u): those with the largest come last. */
export async function rotateWaiting(state: Decomposition, C: Matrix, context: KrylovContext): Promise<Decomposition> {
  const { kernels } = context;
  const { vectors } = await kernels.eigh(await kernels.gemm(C, C, { transB: true }));
  return turnWaiting(state, vectors, context);
}

/** Widens W to `width` columns with fresh random directions, fewer where the space has no more. */
export async function refill(state: Decomposition, width: number, context: KrylovContext): Promise<Decomposition> {
  const missing = Math.min(width, context.space.rows - state.H.rows) - state.W.cols;
  return missing > 0 ? (await appendRandom(state, missing, context)).state : state;
}

/** The decomposition on V S alone, for m x p orthonormal S whose columns are Ritz vectors: A V S = V S (S^T H S) + W B S. */
export async function compress(state: Decomposition, S: Matrix, context: KrylovContext): Promise<Decomposition> {
  const { V, H, B } = state;
  const { kernels, space } = context;
  const kept = await combineAlike(V, S, space, context);
  for (const part of V) await space.release(part);
  return {
    ...state,
    V: [kept],
    roundings: state.roundings + COMPRESSION_ROUNDINGS,
    H: await kernels.gemm(S, await kernels.gemm(H, S), { transA: true }),
    B: await kernels.gemm(B, S),
  };
}
