/** Operators made of operators: weighted sums and products. */
import { asDType, type Block, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { commonDType, type FloatArray } from '../core/dtype.ts';
import { ArgumentError, ShapeError, UnsupportedError } from '../core/errors.ts';
import { finite, refuse } from '../core/parse.ts';
import { adderOf } from './adding.ts';
import { applyAdjoint, applyOperator, hasAdjoint, trusted } from './apply.ts';
import { defineOperator, type Operator } from './define.ts';
import type { LinearOperator } from './operator.ts';
import { checkOperator } from './probes.ts';

type Visit = Parameters<NonNullable<LinearOperator['matmatByBatch']>>[1];
type Multiply = (X: Block, out?: Block) => Promise<Block>;

function parseOperators(value: unknown): readonly LinearOperator[] {
  if (!Array.isArray(value)) return refuse('operators', 'an array of LinearOperators', value);
  if (value.length === 0) throw new ArgumentError('at least one operator is needed');
  for (const [i, op] of value.entries()) checkOperator(op, `operator ${i}`);
  return value;
}

/** A X in the operator's own dtype, whatever the block's. */
function forward(what: string, op: LinearOperator, X: Block, out?: Block): Promise<Block> {
  return applyOperator(op, asDType(X, op.dtype), { what }, out);
}

/** A^T Y likewise. */
function backward(what: string, op: LinearOperator, Y: Block): Promise<Block> {
  if (hasAdjoint(op)) return applyAdjoint(op, asDType(Y, op.dtype), { what });
  throw new UnsupportedError(`${what}: the operator has no adjoint product (adjointMatmat)`);
}

/** to = factor from. */
function setScaled(to: FloatArray, factor: number, from: FloatArray): void {
  for (let at = 0; at < to.length; at++) to[at] = factor * from[at]!;
}

/** to += factor from. */
function addScaled(to: FloatArray, factor: number, from: FloatArray): void {
  for (let at = 0; at < to.length; at++) to[at]! += factor * from[at]!;
}

/** One product at a time, in the order they are asked for: for an operator that makes no two at once. */
function oneAtATime(multiply: Multiply): Multiply {
  let last: Promise<unknown> = Promise.resolve();
  return (X, out) => {
    const next = last.then(() => multiply(X, out));
    last = next.catch(() => {});
    return next;
  };
}

/**
 * What the composite says for its parts: their backends, the narrowest block, whether products may overlap or are made
 * elsewhere altogether; and it calibrates each.
 */
function described(operators: readonly LinearOperator[]): Partial<LinearOperator> {
  const backends = [...new Set(operators.flatMap(({ backend }) => backend ?? []))];
  const calibrated = operators.filter(({ calibrate }) => calibrate !== undefined);
  return {
    ...(backends.length > 0 ? { backend: backends.join(' + ') } : {}),
    ...(operators.some(({ overlaps }) => overlaps) ? { overlaps: true } : {}),
    ...(operators.every(({ concurrent }) => concurrent) ? { concurrent: true } : {}),
    // read when it is asked for: calibration changes it
    get preferredBlockSize() {
      return operators.reduce<number | undefined>(
        (least, op) =>
          op.preferredBlockSize === undefined ? least : Math.min(least ?? Infinity, op.preferredBlockSize),
        undefined,
      ) as number;
    },
    ...(calibrated.length > 0
      ? {
          async calibrate() {
            for (const op of calibrated) await op.calibrate!();
          },
        }
      : {}),
  };
}

function parseWeights(value: unknown, count: number): readonly number[] {
  if (value === undefined) return new Array<number>(count).fill(1);
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return refuse('weights', 'an array of numbers', value);
  const weights = Array.from(value as ArrayLike<unknown>, (each, i) => finite.parse(each, `weights[${i}]`));
  if (weights.length === count) return weights;
  throw new ShapeError(`${count} operators and ${weights.length} weights`, {
    operators: count,
    weights: weights.length,
  });
}

/**
 * w_1 A_1 + w_2 A_2 + ...; weights are 1 by default. With positive weights the terms count as batches: see `perBatch` of
 * `seigh`. What the terms say of their backends and block sizes, the sum says too; it calibrates each. Products of terms
 * that are `concurrent` (those of `eigensketch/remote`) are made at the same time.
 * @throws ArgumentError without operators, ShapeError when their shapes or the number of weights differ.
 */
export function sum(operators: readonly LinearOperator[], weights?: readonly number[]): Operator {
  return atDoor('sum', () => {
    const terms = parseOperators(operators);
    const factors = parseWeights(weights, terms.length);
    const { shape } = terms[0]!;
    for (const op of terms) {
      if (op.shape[0] !== shape[0] || op.shape[1] !== shape[1]) {
        throw new ShapeError(`shapes ${shape.join(' x ')} and ${op.shape.join(' x ')} differ`, {});
      }
    }
    const dtype = commonDType(terms.map((op) => op.dtype));
    const overlaps = terms.some((op) => op.overlaps);
    const multiply = terms.map((op, i): Multiply => {
      const product: Multiply = (X, out) => forward(`term ${i}`, op, X, out);
      return overlaps && !op.overlaps ? oneAtATime(product) : product;
    });
    const adders = terms.map((op) => (op.dtype === dtype ? adderOf(op) : undefined));
    const accumulate = async (
      X: Block,
      rows: number,
      products: readonly Multiply[],
      { visit, out }: { visit?: Visit; out?: Block | undefined } = {},
    ): Promise<Block> => {
      const total = out ?? zeros(rows, X.cols, dtype);
      // those that work elsewhere are all at it while the others take their turns; each brings memory of its own
      const started = products.map((apply, i) => (terms[i]!.concurrent ? apply(X) : undefined));
      // they are awaited later; until then a failure must not count as one that nobody heard of
      for (const part of started) part?.catch(() => {});
      let spare: Block | undefined;
      const roomFor = (i: number): Block | undefined => {
        if (terms[i]!.dtype !== dtype) return undefined;
        if (i === 0) return total;
        spare ??= zeros(rows, X.cols, dtype);
        return spare;
      };
      try {
        // in one order, whoever is ready first: the same bits every time
        for (const [i, apply] of products.entries()) {
          const add = i > 0 && products === multiply && !visit ? adders[i] : undefined;
          if (add) {
            await add(X, factors[i]!, total);
            continue;
          }
          const part = await (started[i] ?? apply(X, roomFor(i)));
          await visit?.({ index: i, weight: factors[i]!, product: part });
          if (i > 0) addScaled(total.data, factors[i]!, part.data);
          else if (part !== total || factors[i] !== 1) setScaled(total.data, factors[i]!, part.data);
        }
        return total;
      } finally {
        // X is the caller's again only when nobody reads it any more
        await Promise.allSettled(started);
      }
    };
    const transposed = terms.map(
      (op, i): Multiply =>
        (Y) =>
          backward(`term ${i}`, op, Y),
    );
    const parts: LinearOperator = {
      shape,
      dtype,
      ...(terms.every((op) => op.selfAdjoint) ? { selfAdjoint: true } : {}),
      ...(terms.every((op, i) => op.psd && factors[i]! >= 0) ? { psd: true } : {}),
      matmat: (X, out) => accumulate(X, shape[0], multiply, { out }),
      ...(factors.every((factor) => factor > 0)
        ? { matmatByBatch: (X: Block, visit: Visit) => accumulate(X, shape[0], multiply, { visit }) }
        : {}),
      ...(terms.every(hasAdjoint) ? { adjointMatmat: (Y: Block) => accumulate(Y, shape[1], transposed) } : {}),
    };
    // the terms are watched one by one
    return trusted(defineOperator('sum', withDescription(parts, terms)));
  });
}

/** The parts with what {@link described} says, getters and all. */
function withDescription(parts: LinearOperator, operators: readonly LinearOperator[]): LinearOperator {
  return Object.defineProperties(described(operators), Object.getOwnPropertyDescriptors(parts)) as LinearOperator;
}

/**
 * A_1 A_2 ... A_p, applied from the right.
 * @throws ArgumentError without operators, ShapeError when neighbouring shapes do not fit.
 */
export function product(operators: readonly LinearOperator[]): Operator {
  return atDoor('product', () => {
    const factors = parseOperators(operators);
    for (let i = 1; i < factors.length; i++) {
      const [left, right] = [factors[i - 1]!.shape, factors[i]!.shape];
      if (left[1] !== right[0]) {
        throw new ShapeError(`factor ${i - 1} is ${left.join(' x ')}, factor ${i} is ${right.join(' x ')}`, {});
      }
    }
    const overlaps = factors.some((op) => op.overlaps);
    const multiply = factors.map((op, i): Multiply => {
      const apply: Multiply = (X) => forward(`factor ${i}`, op, X);
      return overlaps && !op.overlaps ? oneAtATime(apply) : apply;
    });
    const chain = async (X: Block, products: readonly Multiply[]): Promise<Block> => {
      let block = X;
      for (const apply of products) block = await apply(block);
      return block;
    };
    const transposed = factors.map(
      (op, i): Multiply =>
        (Y) =>
          backward(`factor ${i}`, op, Y),
    );
    const parts: LinearOperator = {
      shape: [factors[0]!.shape[0], factors.at(-1)!.shape[1]],
      dtype: commonDType(factors.map((op) => op.dtype)),
      matmat: (X) => chain(X, multiply.toReversed()),
      ...(factors.every(hasAdjoint) ? { adjointMatmat: (Y: Block) => chain(Y, transposed) } : {}),
    };
    return trusted(defineOperator('product', withDescription(parts, factors)));
  });
}
