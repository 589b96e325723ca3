/** How much of an operator lies outside a growing basis, from Gaussian vectors that are multiplied once and kept out of it. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import type { StreamKey } from '../core/random.ts';
import { placeBlock } from '../linalg/small.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { gram, subtractTimes } from '../multivector/verbs.ts';
import { type MeasureContext, measure } from '../sketch/measure.ts';
import { materialise } from '../sketch/test-matrix.ts';
import type { Decomposition, KrylovContext } from './decomposition.ts';

/** Vectors that a basis V has not seen, beside what it has taken in of their products. */
export interface HeldOut {
  /** G, n x q standard Gaussian, independent of V. */
  vectors: Multivector;
  /** (I - V V^T) A G. */
  rest: Multivector;
  /** V^T G, m x q. */
  coordinates: Matrix;
}

/** Multiplies `count` Gaussian vectors, before the basis has any column. */
export async function holdOut(
  count: number,
  key: StreamKey,
  { op, space }: KrylovContext,
  measuring: MeasureContext,
): Promise<HeldOut> {
  const G = { distribution: 'gaussian', key, rows: space.rows, cols: count } as const;
  const vectors = await materialise(G, space, measuring.blockSize, measuring.signal);
  const rest = await measure(op, vectors, measuring);
  return { vectors, rest, coordinates: zeroMatrix(0, count) };
}

/** The same for the basis [V, W]. */
export async function takeIn(
  { vectors, rest, coordinates }: HeldOut,
  W: Multivector,
  context: KrylovContext,
): Promise<HeldOut> {
  const next = zeroMatrix(coordinates.rows + W.cols, coordinates.cols);
  placeBlock(next, coordinates, 0, 0);
  placeBlock(next, await gram(W, vectors, context), coordinates.rows, 0);
  await subtractTimes(rest, W, await gram(W, rest, context), context);
  return { vectors, rest, coordinates: next };
}

/**
 * The Gram matrix of (I - P) A (I - P) G, P = V V^T, whose diagonal has the expectation t = ||(I - P) A (I - P)||_F^2. With
 * A V = V H + W B it is that of (I - P) A G - W B V^T G: no product.
 */
export async function gramOutside(
  { rest, coordinates }: HeldOut,
  { W, B }: Pick<Decomposition, 'W' | 'B'>,
  context: KrylovContext,
): Promise<Matrix> {
  const { kernels } = context;
  const G = await gram(rest, rest, context, { wide: true });
  if (W.cols === 0) return G;
  const inW = await gram(W, rest, context);
  const left = await kernels.gemm(B, coordinates);
  for (let at = 0; at < left.data.length; at++) left.data[at] = inW.data[at]! - left.data[at]!;
  // the part of the rest in the span of W changes from inW to left
  const before = await kernels.gemm(inW, inW, { transA: true });
  const after = await kernels.gemm(left, left, { transA: true });
  for (let at = 0; at < G.data.length; at++) G.data[at]! += after.data[at]! - before.data[at]!;
  return G;
}
