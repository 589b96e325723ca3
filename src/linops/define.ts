/** The two ways an operator comes into being here: from its products, and from another operator. */
import { type Block, checkBlock } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { allocate, type FloatArray, isFloatArray } from '../core/dtype.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { callback, show } from '../core/parse.ts';
import type { BatchProduct, LinearOperator } from './operator.ts';

/** An operator of this library: its products check what they are given, and it multiplies single vectors too. */
export interface Operator extends LinearOperator {
  /**
   * A x for one vector of length n: a new vector of length m in the operator's element type.
   * @throws ArgumentError for what is no vector of numbers, ShapeError for another length.
   */
  apply(x: FloatArray | readonly number[]): Promise<FloatArray>;
}

/** Every field of the contract: what {@link derive} keeps. */
const FIELDS = [
  'shape',
  'dtype',
  'selfAdjoint',
  'psd',
  'asymmetry',
  'preferredBlockSize',
  'calibrate',
  'flopsPerColumn',
  'overlaps',
  'concurrent',
  'backend',
  'matmat',
  'lend',
  'matmatByBatch',
  'adjointMatmat',
] as const satisfies readonly (keyof LinearOperator)[];

const VISIT = callback<(part: BatchProduct) => void | Promise<void>>();

/** The block that a product is given. @throws ArgumentError for no block, ShapeError for another number of rows. */
function checkInput(value: unknown, rows: number): Block {
  const X = value as Block | null | undefined;
  if (X === null || typeof X !== 'object' || !isFloatArray(X.data)) {
    const hint = isFloatArray(value) || Array.isArray(value) ? '. For one vector use apply(x)' : '';
    throw new ArgumentError(`expected a Block { rows, cols, data }, got ${show(value)}${hint}`);
  }
  if (!Number.isSafeInteger(X.cols) || X.cols < 1) {
    throw new ShapeError(`expected a block of at least one column, got ${X.rows} x ${X.cols}`, { cols: X.cols });
  }
  return checkBlock('X', X, rows, X.cols);
}

async function applyToVector(op: LinearOperator, x: unknown): Promise<FloatArray> {
  const [, n] = op.shape;
  if (!isFloatArray(x) && !(Array.isArray(x) && x.every((each) => typeof each === 'number'))) {
    throw new ArgumentError(`expected a vector of ${n} numbers, got ${show(x)}`);
  }
  if (x.length !== n) throw new ShapeError(`expected a vector of ${n} numbers, got ${x.length}`, { expected: n });
  const data = allocate(op.dtype, n);
  data.set(x as ArrayLike<number>);
  const Y = await op.matmat({ rows: n, cols: 1, data });
  return Y.data;
}

/**
 * What a product of an operator gives, at once or later. What fails is told by a promise that rejects, also where the
 * product itself comes at once: callers that do not wait for it must not have to catch errors in two ways.
 */
function product<T>(name: string, body: () => T | Promise<T>): T | Promise<T> {
  try {
    return atDoor(name, body);
  } catch (error) {
    return Promise.reject(error);
  }
}

/**
 * An operator from its products, which may then rely on their argument: a block with as many rows as the operator has columns.
 * @param name what messages of its products call it, `denseOperator`
 * @param parts the contract, and any fields beside it, which are kept
 */
export function defineOperator<T extends LinearOperator>(name: string, parts: T): T & Operator {
  const [m, n] = parts.shape;
  const { matmat, matmatByBatch, adjointMatmat } = parts;
  return keeping(parts, {
    matmat: (X, out) => product(name, () => matmat(checkInput(X, n), out)),
    ...(matmatByBatch
      ? {
          matmatByBatch: async (X, visit) =>
            product(name, () => matmatByBatch(checkInput(X, n), VISIT.parse(visit, 'visit'))),
        }
      : {}),
    ...(adjointMatmat ? { adjointMatmat: (Y) => product(name, () => adjointMatmat(checkInput(Y, m))) } : {}),
    apply: (x) => atDoor(name, () => applyToVector(parts, x)),
  } satisfies Partial<Operator>) as T & Operator;
}

/** `parts` with some fields replaced; others are read from `parts` each time, as some change (a preferred block size). */
function keeping(parts: object, changes: object): object {
  return Object.defineProperties(
    {},
    { ...Object.getOwnPropertyDescriptors(parts), ...Object.getOwnPropertyDescriptors(changes) },
  );
}

/**
 * The operator with some fields changed and every other field as it is: what it says of its backend, its block size, its
 * batches and its properties reaches whoever works with the wrapped one. A field changed to undefined is left out.
 */
export function derive(
  op: LinearOperator,
  changes: { readonly [K in keyof LinearOperator]?: LinearOperator[K] | undefined },
): LinearOperator {
  const derived = {};
  for (const name of FIELDS) {
    if (name in changes) {
      if (changes[name] !== undefined) Object.defineProperty(derived, name, { value: changes[name], enumerable: true });
    } else if (op[name] !== undefined) {
      // operators of users may be instances of classes: their methods are called on them
      const get = () => (typeof op[name] === 'function' ? (op[name] as () => unknown).bind(op) : op[name]);
      Object.defineProperty(derived, name, { get, enumerable: true });
    }
  }
  return derived as LinearOperator;
}
