/** Operators of this library that add their products to a block, so that a sum needs no memory for each of them and no pass over it. */
import type { Block } from '../core/block.ts';
import type { LinearOperator } from './operator.ts';

/** out += weight A X. X has as many rows as A has columns; `out` is of A's dtype. */
export type Add = (X: Block, weight: number, out: Block) => Promise<void> | void;

// beside the operators: one that is derived from such an operator must not add what it no longer multiplies
const adders = new WeakMap<LinearOperator, Add>();

/** Says how an operator adds its products. */
export function withAdd<T extends LinearOperator>(op: T, add: Add): T {
  adders.set(op, add);
  return op;
}

/** How this operator adds its products; undefined where it does not. */
export const adderOf = (op: LinearOperator): Add | undefined => adders.get(op);
