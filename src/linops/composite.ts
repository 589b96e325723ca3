/** Operators made of operators: weighted sums and products. */
import { asDType, type Block, zeros } from '../core/block.ts';
import { commonDType } from '../core/dtype.ts';
import { ArgumentError, ShapeError, UnsupportedError } from '../core/errors.ts';
import { applyAdjoint, applyOperator, hasAdjoint } from './apply.ts';
import type { LinearOperator } from './operator.ts';

type Visit = Parameters<NonNullable<LinearOperator['matmatByBatch']>>[1];

function checkOperators(where: string, operators: readonly LinearOperator[]): void {
  if (operators.length === 0) throw new ArgumentError(`${where}: at least one operator is needed`);
}

/** A X in the operator's own dtype, whatever the block's. */
function forward(where: string, op: LinearOperator, X: Block, out?: Block): Promise<Block> {
  return applyOperator(op, asDType(X, op.dtype), { where }, out);
}

/** A^T Y likewise. */
function backward(where: string, op: LinearOperator, Y: Block): Promise<Block> {
  if (hasAdjoint(op)) return applyAdjoint(op, asDType(Y, op.dtype), { where });
  throw new UnsupportedError(`${where}: one of the operators has no adjoint product (adjointMatmat)`);
}

/**
 * w_1 A_1 + w_2 A_2 + ...; weights are 1 by default. With positive weights the terms count as batches: see `perBatch` of
 * `seigh`.
 * @throws ArgumentError without operators, ShapeError when their shapes or the number of weights differ.
 */
export function sum(operators: readonly LinearOperator[], weights?: readonly number[]): LinearOperator {
  checkOperators('sum', operators);
  const shape = operators[0]!.shape;
  for (const op of operators) {
    if (op.shape[0] !== shape[0] || op.shape[1] !== shape[1]) {
      throw new ShapeError(`sum: shapes ${shape.join(' x ')} and ${op.shape.join(' x ')} differ`, {});
    }
  }
  const factors = weights ?? operators.map(() => 1);
  if (factors.length !== operators.length) {
    throw new ShapeError(`sum: ${operators.length} operators and ${factors.length} weights`, {});
  }
  const dtype = commonDType(operators.map((op) => op.dtype));
  const accumulate = async (
    X: Block,
    rows: number,
    apply: typeof forward,
    { visit, out }: { visit?: Visit; out?: Block | undefined } = {},
  ): Promise<Block> => {
    const total = out ?? zeros(rows, X.cols, dtype);
    total.data.fill(0);
    const spare = zeros(rows, X.cols, dtype);
    for (const [i, op] of operators.entries()) {
      const part = await apply('sum', op, X, op.dtype === dtype ? spare : undefined);
      await visit?.({ index: i, weight: factors[i]!, product: part });
      const { data } = part;
      for (let at = 0; at < data.length; at++) total.data[at]! += factors[i]! * data[at]!;
    }
    return total;
  };
  return {
    shape,
    dtype,
    ...(operators.every((op) => op.selfAdjoint) ? { selfAdjoint: true } : {}),
    ...(operators.every((op, i) => op.psd && factors[i]! >= 0) ? { psd: true } : {}),
    matmat: (X, out) => accumulate(X, shape[0], forward, { out }),
    ...(factors.every((factor) => factor > 0)
      ? { matmatByBatch: (X, visit) => accumulate(X, shape[0], forward, { visit }) }
      : {}),
    ...(operators.every(hasAdjoint) ? { adjointMatmat: (Y: Block) => accumulate(Y, shape[1], backward) } : {}),
  };
}

/**
 * A_1 A_2 ... A_p, applied from the right.
 * @throws ArgumentError without operators, ShapeError when neighbouring shapes do not fit.
 */
export function product(operators: readonly LinearOperator[]): LinearOperator {
  checkOperators('product', operators);
  for (let i = 1; i < operators.length; i++) {
    const [left, right] = [operators[i - 1]!.shape, operators[i]!.shape];
    if (left[1] !== right[0]) {
      throw new ShapeError(`product: factor ${i - 1} is ${left.join(' x ')}, factor ${i} is ${right.join(' x ')}`, {});
    }
  }
  const chain = async (X: Block, factors: readonly LinearOperator[], apply: typeof forward): Promise<Block> => {
    let block = X;
    for (const op of factors) block = await apply('product', op, block);
    return block;
  };
  return {
    shape: [operators[0]!.shape[0], operators.at(-1)!.shape[1]],
    dtype: commonDType(operators.map((op) => op.dtype)),
    matmat: (X) => chain(X, operators.toReversed(), forward),
    ...(operators.every(hasAdjoint) ? { adjointMatmat: (Y: Block) => chain(Y, operators, backward) } : {}),
  };
}
