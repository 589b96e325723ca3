/** Products with a check of what comes back: the one door between user operators and our algebra. */
import { asDType, type Block, checkBlock } from '../core/block.ts';
import type { FloatArray } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import type { LinearOperator } from './operator.ts';

/** Where a product stands in a longer computation, for messages. */
export interface ProductContext {
  /** Which of several operators is multiplied, `'term 2'`. */
  what?: string;
  /** Index of the block's first column in the whole sketch. */
  firstColumn?: number;
}

const named = ({ what }: ProductContext, product: string): string =>
  what === undefined ? product : `${what}: ${product}`;

/** One sum tells for all: a value times zero is zero unless it is NaN or infinite. Four, as an addition waits for the last. */
function areFinite(data: FloatArray): boolean {
  const whole = data.length - (data.length % 4);
  let [a, b, c, d] = [0, 0, 0, 0];
  for (let at = 0; at < whole; at += 4) {
    a += data[at]! * 0;
    b += data[at + 1]! * 0;
    c += data[at + 2]! * 0;
    d += data[at + 3]! * 0;
  }
  for (let at = whole; at < data.length; at++) a += data[at]! * 0;
  return a + b + c + d === 0;
}

function checkFinite(block: Block, { what, firstColumn = 0 }: ProductContext): void {
  if (areFinite(block.data)) return;
  const at = block.data.findIndex((value) => !Number.isFinite(value));
  const row = Math.floor(at / block.cols);
  const column = firstColumn + (at % block.cols);
  const range = `${firstColumn}..${firstColumn + block.cols - 1}`;
  throw new NumericalError(
    `${what === undefined ? '' : `${what}: `}the operator returned ${block.data[at]} in row ${row} of column ${column} (block of columns ${range})`,
    { value: block.data[at], row, column },
  );
}

/** Operators whose first product has been seen to leave its argument as it was, or that are known to. */
const harmless = new WeakSet<LinearOperator>();

/** Says of an operator that its products leave their argument as it is: its first one need not be watched. */
export function trusted<T extends LinearOperator>(op: T): T {
  harmless.add(op);
  return op;
}

/** Whether that is known of an operator. */
export const isTrusted = (op: LinearOperator): boolean => harmless.has(op);

/** A hash of every bit of a block. */
function checksum({ data }: Block): number {
  const words = new Int32Array(data.buffer, data.byteOffset, data.byteLength / 4);
  let hash = 0;
  for (let at = 0; at < words.length; at++) hash = Math.imul(hash ^ words[at]!, 0x01000193);
  return hash;
}

/** A X; the first product of an operator is watched. @throws NumericalError where it writes into X. */
async function watchedProduct(op: LinearOperator, X: Block, context: ProductContext, out?: Block): Promise<Block> {
  if (harmless.has(op)) return op.matmat(X, out);
  const before = checksum(X);
  const Y = await op.matmat(X, out);
  if (checksum(X) !== before) {
    throw new NumericalError(
      named(
        context,
        'the operator overwrites the block that it is given: its products must leave X as it is, and be new memory',
      ),
    );
  }
  harmless.add(op);
  return Y;
}

/**
 * A X, checked: the right shape, finite, in the operator's dtype. It may be in `out`, memory of that shape and dtype.
 * @throws ShapeError, ArgumentError, NumericalError naming the block, or for an operator that overwrites X.
 */
export async function applyOperator(
  op: LinearOperator,
  X: Block,
  context: ProductContext = {},
  out?: Block,
): Promise<Block> {
  const Y = checkBlock(
    named(context, 'product of the operator'),
    await watchedProduct(op, X, context, out),
    op.shape[0],
    X.cols,
  );
  checkFinite(Y, context);
  return asDType(Y, op.dtype);
}

/** Whether A^T can be multiplied: by a product of its own, or because A is its own adjoint. */
export const hasAdjoint = (op: LinearOperator): boolean => op.adjointMatmat !== undefined || op.selfAdjoint === true;

/** A^T Y with the same checks, for an operator that {@link hasAdjoint}. */
export async function applyAdjoint(op: LinearOperator, Y: Block, context: ProductContext = {}): Promise<Block> {
  if (op.selfAdjoint && !op.adjointMatmat) return applyOperator(op, Y, context);
  const X = checkBlock(named(context, 'product of the adjoint'), await op.adjointMatmat?.(Y), op.shape[1], Y.cols);
  checkFinite(X, context);
  return asDType(X, op.dtype);
}
