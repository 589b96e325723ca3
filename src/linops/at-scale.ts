/**
 * Work at a scale at which no square over- or underflows: an operator whose first products lie far from their vectors in size
 * is replaced by 2^e A, and results are scaled back, both exactly.
 */
import { type Block, copyColumns, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import { exponentOf, SMALLEST_NORMAL, scaleInto, timesPowerOfTwo } from '../core/power-of-two.ts';
import { isTrusted, trusted } from './apply.ts';
import { derive } from './define.ts';
import type { BatchProduct, LinearOperator } from './operator.ts';

/** Products within 2^-e .. 2^e of their vectors are left as they are: fourth powers of them fit. */
const USUAL: Record<DType, number> = { float32: 32, float64: 100 };
/** Vectors are made so much smaller where a product of them is not finite, and it is tried once more. */
const RETREAT: Record<DType, number> = { float32: 64, float64: 512 };

/** Products this much smaller than the scale that was chosen beforehand: below, they would round to zero at it. */
const FAR: Record<DType, number> = { float32: 60, float64: 500 };

/** An operator that finds its scale at its first product. */
export interface ScaledOperator {
  /** 2^exponent A. */
  op: LinearOperator;
  /** 0 before the first product. */
  readonly exponent: number;
  /** Single columns that were multiplied twice: those of the first product, where A had to be scaled. */
  readonly repeated: number;
}

/** How a scale is found. */
export interface ScaleChoice {
  /** Known beforehand. Where it is not 0, the first product is made at both scales, to see that it does not vanish at this one. */
  exponent?: number | undefined;
  /** Size of what is added to A, which counts as A does. */
  beside?: number;
  /** For what is kept in files, which have no scale of their own: such an operator is refused. */
  refuse?: boolean;
}

const largest = ({ data }: Block): number => {
  let most = 0;
  for (let at = 0; at < data.length; at++) {
    const size = Math.abs(data[at]!);
    if (!(size <= most)) most = size;
  }
  return most;
};

/** The exponent that brings what lies at 2^-exponent to about 1; 0 for what is near enough. */
export function exponentFor(size: number, dtype: DType): number {
  if (size === 0 || !Number.isFinite(size)) return 0;
  const e = exponentOf(size);
  return Math.abs(e) > USUAL[dtype] ? -e : 0;
}

type Product = (X: Block, out?: Block) => Block | Promise<Block>;

/** 2^e times the product of X, half of it before and half after, so that neither side leaves the range of its type. */
async function scaledProduct(multiply: Product, X: Block, dtype: DType, e: number, out?: Block): Promise<Block> {
  const before = Math.trunc(e / 2);
  const input = zeros(X.rows, X.cols, dtype);
  scaleInto(X.data, before, input.data);
  const Y = await multiply(input);
  // what an operator returns may be its own memory
  const result = out ?? zeros(Y.rows, Y.cols, dtype);
  scaleInto(Y.data, e - before, result.data);
  return result;
}

/** 2^e A with e from the first product: 0 unless that lies far from the size of its vectors. */
export function scaledOperator(op: LinearOperator, choice: ScaleChoice = {}): ScaledOperator {
  const { dtype } = op;
  let exponent = choice.exponent;
  let repeated = 0;
  let isCompared = false;
  let deciding: Promise<Block> | undefined;

  async function decide(multiply: Product, X: Block, out?: Block): Promise<Block> {
    let Y = await multiply(X, out);
    if (typeof Y?.data?.length !== 'number') {
      exponent = 0;
      return Y;
    }
    let retreat = 0;
    let size = largest(Y);
    if (!Number.isFinite(size)) {
      const smaller = await scaledProduct(multiply, X, dtype, -2 * RETREAT[dtype]);
      repeated += X.cols;
      size = largest(smaller);
      // nothing that a scale could mend
      if (!Number.isFinite(size)) {
        exponent = 0;
        return Y;
      }
      retreat = 2 * RETREAT[dtype];
      Y = smaller;
    }
    const vectors = largest(X);
    const growth = size === 0 || vectors === 0 ? undefined : exponentOf(size) + retreat - exponentOf(vectors);
    const beside = choice.beside ? exponentOf(choice.beside) : undefined;
    const e = growth === undefined ? 0 : Math.max(growth, beside ?? growth);
    exponent = Math.abs(e) > USUAL[dtype] ? -e : 0;
    if (exponent === 0 && retreat === 0) return Y;
    if (choice.refuse) {
      throw new NumericalError(
        `products of the operator are about 2^${e} times as large as what it multiplies, and files have no scale of their own: ` +
          `with store, give 2^${-e} times the operator`,
        { exponent: e },
      );
    }
    repeated += X.cols;
    return scaledProduct(multiply, X, dtype, exponent, out);
  }

  /** @throws NumericalError where the operator is too small for the scale of what it is compared with. */
  async function compare(multiply: Product, X: Block, e: number): Promise<void> {
    isCompared = true;
    const x = zeros(X.rows, 1, dtype);
    copyColumns(X, 0, 1, x, 0);
    const y = await multiply(x);
    repeated++;
    const [size, vectors] = [largest(y), largest(x)];
    // without a finite product it is large, not small
    if (size === 0 || vectors === 0 || !Number.isFinite(size)) return;
    const below = -e - (exponentOf(size) - exponentOf(vectors));
    if (below <= FAR[dtype]) return;
    throw new NumericalError(
      `products of the operator are about 2^${below} times smaller than the eigenvalues of the approximation, and in ${dtype} ` +
        'nothing would be left of them beside these: the approximation is of another operator',
      { exponent: below },
    );
  }

  async function product(multiply: Product, X: Block, out?: Block): Promise<Block> {
    if (choice.exponent && !isCompared) await compare(multiply, X, choice.exponent);
    if (exponent === undefined && deciding) await deciding.catch(() => undefined);
    if (exponent === undefined) {
      deciding = decide(multiply, X, out);
      try {
        return await deciding;
      } finally {
        deciding = undefined;
      }
    }
    return exponent === 0 ? multiply(X, out) : scaledProduct(multiply, X, dtype, exponent, out);
  }

  const byBatch = async (X: Block, visit: (part: BatchProduct) => void | Promise<void>): Promise<Block> => {
    if (exponent === undefined) await product((x) => op.matmat(x), X);
    if (exponent === 0) return op.matmatByBatch!(X, visit);
    const e = exponent!;
    const scale = async (part: BatchProduct): Promise<void> => {
      const { rows, cols, data } = part.product;
      const copy = zeros(rows, cols, dtype);
      scaleInto(data, e - Math.trunc(e / 2), copy.data);
      await visit({ ...part, product: copy });
    };
    return scaledProduct((x) => op.matmatByBatch!(x, scale), X, dtype, e);
  };

  const scaled = derive(op, {
    matmat: (X, out) => product((x, into) => op.matmat(x, into), X, out),
    ...(op.adjointMatmat ? { adjointMatmat: (Y: Block) => product((y) => op.adjointMatmat!(y), Y) } : {}),
    ...(op.matmatByBatch ? { matmatByBatch: byBatch } : {}),
  });
  if (isTrusted(op)) trusted(scaled);
  return {
    op: scaled,
    get exponent() {
      return exponent ?? 0;
    },
    get repeated() {
      return repeated;
    },
  };
}

/** Numbers that something is at most: what they lose at the small end of float64 must not make them smaller. */
const UPPER = new Set([
  'upper',
  'residualNorm',
  'residualNorms',
  'missedEigenvalueBound',
  'noiseFloor',
  'roundingFloor',
]);

/**
 * 2^e x, where x belongs to a field `name`: an upper bound is rounded up where it is too small for all its digits.
 * @throws NumericalError where it is too large for float64.
 */
export function scaledBack(x: number, e: number, name: string): number {
  const value = timesPowerOfTwo(x, e);
  if (Number.isFinite(x) && !Number.isFinite(value)) {
    throw new NumericalError(
      `${name} is about 2^${exponentOf(x) + e}, which float64 cannot hold: scale the operator by a power of two`,
      { name, exponent: exponentOf(x) + e },
    );
  }
  const isTooSmall = Number.isFinite(x) && Math.abs(value) < SMALLEST_NORMAL && timesPowerOfTwo(value, -e) !== x;
  if (!isTooSmall) return value;
  if (UPPER.has(name)) return value + Number.MIN_VALUE;
  return name === 'lower' ? value - Number.MIN_VALUE : value;
}

/** 2^e times every number in a value: a number, or arrays and records of them. */
function allScaledBack(value: unknown, e: number, name: string): unknown {
  if (typeof value === 'number') return scaledBack(value, e, name);
  if (ArrayBuffer.isView(value)) return Float64Array.from(value as Float64Array, (x) => scaledBack(x, e, name));
  if (Array.isArray(value)) return value.map((each) => allScaledBack(each, e, name));
  if (value === null || typeof value !== 'object') return value;
  return Object.fromEntries(Object.entries(value).map(([key, each]) => [key, allScaledBack(each, e, key)]));
}

/** A record with 2^e times the numbers in those of its fields that are named, `'likely.errorFrob'` for one inside another. */
export function withScaledFields<T extends object>(record: T, fields: readonly string[], e: number): T {
  const changed = { ...record } as Record<string, unknown>;
  for (const path of fields) {
    const [name, ...rest] = path.split('.') as [string, ...string[]];
    const value = changed[name];
    if (value === undefined) continue;
    changed[name] =
      rest.length > 0 ? withScaledFields(value as object, [rest.join('.')], e) : allScaledBack(value, e, name);
  }
  return changed as T;
}

/** A result that is an operator itself multiplies at the scale of A. */
function withScaledProducts<T extends object>(result: T, e: number): T {
  if (!('matmat' in result)) return result;
  const changed = { ...result } as Record<string, unknown>;
  for (const name of ['matmat', 'adjointMatmat', 'apply'] as const) {
    const multiply = changed[name] as ((X: unknown) => Promise<unknown>) | undefined;
    if (!multiply) continue;
    changed[name] = async (X: unknown) => {
      const Y = await multiply(X);
      const data = (ArrayBuffer.isView(Y) ? Y : (Y as Block).data) as Float64Array;
      for (let at = 0; at < data.length; at++) data[at] = timesPowerOfTwo(data[at]!, e);
      return Y;
    };
  }
  return changed as T;
}

/**
 * A driver's work on A at a scale that it can work at.
 *
 * @param body works on 2^e A, and is told e, which is known once it has made a product
 * @param lengths fields of its result that are in units of A
 */
export async function atScale<T extends { numMatvecs: number }>(
  op: LinearOperator,
  lengths: readonly string[],
  body: (op: LinearOperator, scale: Pick<ScaledOperator, 'exponent'>) => Promise<T>,
  choice: ScaleChoice = {},
): Promise<T> {
  const scaled = scaledOperator(op, choice);
  const result = await body(scaled.op, scaled);
  if (scaled.exponent === 0 && scaled.repeated === 0) return result;
  const counted = { ...result, numMatvecs: result.numMatvecs + scaled.repeated };
  return withScaledProducts(withScaledFields(counted, lengths, -scaled.exponent), -scaled.exponent);
}
