/** Whether the numbers of a directory follow from each other: orthonormal bases, and products that are the operator's. */
import type { Block } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { StoreError } from '../core/errors.ts';
import { applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { fingerprintTolerance } from './fingerprint.ts';

/** Columns of a basis that are compared with each other. */
const SAMPLE = 8;

/** Indices spread over 0..count - 1, the first and the last among them. */
export function spread(count: number, most: number): number[] {
  const size = Math.min(count, most);
  const steps = Array.from({ length: size }, (_, i) => Math.round((i * (count - 1)) / Math.max(1, size - 1)));
  return [...new Set(steps)];
}

/** One column, as a block. */
export const columnOf = (X: Multivector, index: number): Promise<Block> => X.readColumns(index, index + 1);

function dot(x: Block, y: Block): number {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) sum += x.data[i]! * y.data[i]!;
  return sum;
}

const norm = (x: Block): number => Math.sqrt(dot(x, x));

function distance(x: Block, y: Block): number {
  let sum = 0;
  for (let i = 0; i < x.data.length; i++) sum += (x.data[i]! - y.data[i]!) ** 2;
  return Math.sqrt(sum);
}

/**
 * @param where what messages call the columns
 * @param defect how far from orthonormal they were when they were made
 * @throws StoreError when a sample of the columns is not orthonormal.
 */
export async function checkOrthonormal(where: string, X: Multivector, defect: number): Promise<void> {
  const tolerance = Math.max(4 * Math.sqrt(unitRoundoff(X.dtype)), 2 * defect);
  const indices = spread(X.cols, SAMPLE);
  const columns: Block[] = [];
  for (const index of indices) columns.push(await columnOf(X, index));
  for (const [a, x] of columns.entries()) {
    for (const [b, y] of columns.slice(0, a + 1).entries()) {
      const off = Math.abs(dot(x, y) - Number(a === b));
      if (off <= tolerance) continue;
      const pair = a === b ? `column ${indices[a]} has length` : `columns ${indices[b]} and ${indices[a]} are`;
      throw new StoreError(
        `${where}: the columns are not orthonormal: ${pair} ${a === b ? '1 only to' : 'orthogonal only to'} ${off.toExponential(1)}`,
        { off, tolerance },
      );
    }
  }
}

/** A column and what is said to be its product. */
export interface SaidProduct {
  /** What messages call the product. */
  where: string;
  x: Block;
  y: Block;
}

/** @throws StoreError for the first product that is not the operator's. */
export async function checkProducts(op: LinearOperator, said: readonly SaidProduct[]): Promise<void> {
  const length = said.reduce((most, { y }) => Math.max(most, norm(y)), 0);
  for (const { where, x, y } of said) {
    const AX = await applyOperator(op, x);
    const scale = Math.max(length, norm(AX));
    const difference = distance(AX, y);
    if (difference <= fingerprintTolerance(op) * scale) continue;
    throw new StoreError(
      `${where} is not the operator's product: it differs by ${(difference / scale).toExponential(1)} of its length`,
      { difference, scale },
    );
  }
}

/**
 * @param where what messages call the pairs
 * @throws StoreError when the residual of one of a few pairs is not what it is said to be.
 */
export async function checkPairs(
  where: string,
  op: LinearOperator,
  X: Multivector,
  values: ArrayLike<number>,
  residualNorms: ArrayLike<number>,
): Promise<void> {
  const largest = Array.from(values).reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  for (const index of spread(X.cols, 2)) {
    const x = await columnOf(X, index);
    const AX = await applyOperator(op, x);
    const value = values[index]!;
    const residual = distance(AX, { ...x, data: x.data.map((entry) => value * entry) });
    const stated = residualNorms[index]!;
    if (residual <= stated + fingerprintTolerance(op) * Math.max(largest, norm(AX))) continue;
    throw new StoreError(
      `${where}: pair ${index + 1} is no eigenpair: its residual is ${residual.toExponential(1)}, said to be ${stated.toExponential(1)}`,
      { index, residual, stated },
    );
  }
}
