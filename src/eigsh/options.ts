/** The options of `eigsh`, and the settings of a search that are parsed from them. */

import { bytesPerEntry, unitRoundoff } from '../core/dtype.ts';
import { ArgumentError, ShapeError, UnsupportedError } from '../core/errors.ts';
import type { Memory } from '../core/memory.ts';
import {
  between,
  CONTROL,
  choice,
  described,
  type Field,
  finite,
  integer,
  memory,
  optional,
  type Parsed,
  parseOptions,
  path,
  refuse,
  seed,
  withDefault,
} from '../core/parse.ts';
import type { Control } from '../core/schedule.ts';
import { KRYLOV_WHICH, type KrylovWhich } from '../krylov/which.ts';
import { KERNELS, type KernelsChoice } from '../linalg/kernels/choice.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare, operatorField } from '../linops/probes.ts';
import type { SearchSettings } from './iteration.ts';
import type { InverseSettings } from './shift-invert.ts';

/** Options of `eigsh`. */
export interface EigshOptions extends Control {
  /**
   * `'LM'` largest magnitude (default), `'LA'` largest, `'SA'` smallest algebraic value first, `'BE'` half of them from each
   * end, largest first.
   */
  which?: KrylovWhich;
  /**
   * A pair is good when ||A v - w v|| <= tol |w|; its eigenvalue, where it stands apart, is then good to about tol^2.
   * Default sqrt(u): 1e-8 in float64, 2.4e-4 in float32. What the operator's rounding or noise does not allow is not waited
   * for.
   */
  tol?: number;
  /**
   * Probability of the bounds in `completeness`: once the pairs are there, fresh random vectors outside of them are
   * followed to find what the basis may hide, e.g. further copies of a multiple eigenvalue. Given, they are followed until nothing
   * beyond the last pair is left at that confidence, or the basis is full. Default 0.99 with at most eight products for
   * each vector, or a tenth of those of the search if that is more, which state what bound they come to; 0 for no check.
   */
  confidence?: number;
  /**
   * Columns of one product. Default 1, which needs the fewest products: a block of b sees polynomials of 1/b the degree. On
   * devices where a block of four costs hardly more than one column, four are faster.
   */
  blockSize?: number;
  /** Products with single columns at most. Default 10 n, with `sigma` 100 n. */
  maxProducts?: number;
  /**
   * Memory for tall blocks at most, in bytes or like `'512MB'`, which decides how wide the basis may become before it is
   * restarted: from max(2 k, k + 20) + 8 blockSize columns to three times so many, a wider one being of little help. Default 256 MiB, or
   * what the narrowest needs where that is more; with `store`, where these bytes lie on the disk, the widest. Where products of a sparse
   * matrix are cheaper than keeping a column orthogonal to the basis, the narrowest, unless this is given.
   */
  maxMemory?: Memory;
  /**
   * A directory for everything of size n: made if it does not exist, continued if it does. A search that was stopped,
   * killed or out of products continues by the same call where it was, to the same result, and makes no product twice; one
   * that has ended returns its result. Default: everything stays in memory.
   */
  store?: string;
  /** With `store`: memory for tall blocks, in bytes or like `'2GB'`; small matrices come on top. Default 1 GiB. */
  memory?: Memory;
  /**
   * The k eigenvalues nearest to this number, the nearest first, by products with (A - sigma I)^-1: iterative solves with `cg`
   * for a `psd` operator and a negative sigma, else `minres`. For the smallest eigenvalues of an operator whose spectrum is wide,
   * give a number just below them. A pair is then good when ||A v - w v|| <= tol max(|w|, |w - sigma|). float64 only.
   */
  sigma?: number;
  /** With `sigma`: residual norm of a solve over that of its right-hand side. Default tol / 1000, but at least 1e-13. */
  innerTol?: number;
  /** With `sigma`: a positive definite operator near the magnitude of (A - sigma I)^-1, for the solves. Default: none. */
  preconditioner?: LinearOperator;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** Products of a check that was not asked for: enough to meet a hidden copy where the spectrum has any gap. */
const USUAL_CHECK = 8;

/** A basis is at most this many times as wide as is usual: it helps little beyond, and costs more. */
const WIDEST = 3;
/** What a search in memory may take by default to have the widest basis. */
const USUAL_MEMORY = 2 ** 28;

/** Columns that a check may add to a full basis. */
export const CHECK_COLUMNS = 24;

/** Columns that live beside a full basis: the check's, Ritz vectors of a restart, a product, W and what is made of them. */
const columnsBeside = (basis: number, k: number, b: number): number =>
  Math.ceil((k + basis) / 2) + 5 * b + CHECK_COLUMNS;

/** What bounds the basis. */
interface BasisLimits {
  maxMemory: number | undefined;
  store: string | undefined;
  /** Of a product with one column. */
  flopsPerColumn: number | undefined;
}

/**
 * Columns of the basis before a restart: what memory allows, from max(2k, k + 8) + 8b (SciPy takes max(2k + 1, 20)) to three
 * times max(2k, k + 20) + 8b. A wide basis saves products: it is no wider than what makes orthogonalising a column, 4n
 * operations for each of the basis, as much work as its product. @throws ArgumentError for a memory that has no room for k + 2b.
 */
function chooseBasis(
  n: number,
  k: number,
  b: number,
  bytes: number,
  { maxMemory, store, flopsPerColumn = Number.POSITIVE_INFINITY }: BasisLimits,
): number {
  if (!(flopsPerColumn >= 0)) refuse('flopsPerColumn of the operator', 'a number at least 0', flopsPerColumn);
  const narrow = Math.max(2 * k, k + 8) + 8 * b;
  const wide = WIDEST * (Math.max(2 * k, k + 20) + 8 * b);
  const memory = maxMemory ?? (store === undefined ? USUAL_MEMORY : Number.POSITIVE_INFINITY);
  const mostThatFit = Math.floor((memory / (n * bytes) - k / 2 - 5 * b - CHECK_COLUMNS) / 1.5);
  const least = Math.min(n, k + 2 * b);
  if (maxMemory === undefined) {
    const widest = Math.min(wide, Math.floor(flopsPerColumn / (4 * n)));
    return Math.min(n, Math.max(narrow, Math.min(widest, mostThatFit)));
  }
  if (mostThatFit >= least) return Math.min(n, wide, mostThatFit);
  const needed = (least + columnsBeside(least, k, b)) * n * bytes;
  throw new ArgumentError(
    `maxMemory must be at least ${needed} bytes for k = ${k}, blockSize = ${b} and n = ${n}, got ${maxMemory}`,
    { maxMemory, needed },
  );
}

const tolerance: Field<number> = {
  kind: 'number',
  parse: (value, name) =>
    typeof value === 'number' && value >= 0 && value < 1 ? value : refuse(name, 'a number from 0 to below 1', value),
};

const confidence: Field<number> = {
  kind: 'number',
  parse: (value, name) => (value === 0 ? 0 : between(0, 1).parse(value, name)),
};

/** The options of `eigsh` without those that only code can give; the command line takes the same. */
export const SEARCH_FIELDS: {
  readonly which: Field<KrylovWhich>;
  readonly tol: Field<number | undefined>;
  readonly confidence: Field<number | undefined>;
  readonly blockSize: Field<number>;
  readonly maxProducts: Field<number | undefined>;
  readonly maxMemory: Field<number | undefined>;
  readonly store: Field<string | undefined>;
  readonly memory: Field<number | undefined>;
  readonly sigma: Field<number | undefined>;
  readonly innerTol: Field<number | undefined>;
  readonly seed: Field<number>;
  readonly kernels: Field<KernelsChoice | undefined>;
} = {
  which: described(withDefault(choice(KRYLOV_WHICH), 'LM'), 'which eigenvalues'),
  tol: described(
    optional(tolerance),
    'residuals of at most this times the eigenvalue (default: root of the unit roundoff)',
  ),
  confidence: described(
    optional(confidence),
    'continue until nothing was missed with this probability; 0 for no check',
  ),
  blockSize: described(withDefault(integer(1), 1), 'columns of one product'),
  maxProducts: described(optional(integer(1)), 'products at most'),
  maxMemory: described(optional(memory), 'memory for tall blocks at most, such as 512MB'),
  store: described(optional(path), 'keep everything of size n in this directory; the same command continues there'),
  memory: described(optional(memory), 'with --store: memory for tall blocks, such as 512MB or 2GiB (default 1GiB)'),
  sigma: described(optional(finite), 'the eigenvalues nearest to this, by solves with A - sigma I; float64 only'),
  innerTol: described(optional(between(0, 1)), 'with sigma: residual of a solve, relative (default: tol / 1000)'),
  seed: described(withDefault(seed, 0), 'seed of the random numbers'),
  kernels: described(KERNELS, 'dense kernel provider'),
};

const OPTIONS = { ...SEARCH_FIELDS, preconditioner: optional(operatorField), ...CONTROL };

/** A parsed call of `eigsh`. */
export interface ParsedSearch extends Control {
  settings: SearchSettings;
  seed: number;
  kernels: KernelsChoice | undefined;
  store: string | undefined;
  /** Bytes. */
  memory: number | undefined;
  /** Where pairs near a number are looked for. */
  inverse: InverseSettings | undefined;
}

/** Solves are no more exact than this: rounding. */
const LEAST_INNER_TOL = 1e-13;

/**
 * How the inverse of A - sigma I is applied, undefined without `sigma`.
 * @throws ArgumentError for options that belong to `sigma` or cannot be combined with it, ShapeError for a preconditioner of
 * another size, UnsupportedError for float32 and for `store`.
 */
function parseInverse(
  op: LinearOperator,
  { sigma, innerTol, preconditioner, which, store }: Parsed<typeof OPTIONS>,
  tol: number,
): InverseSettings | undefined {
  if (sigma === undefined) {
    const stray = innerTol === undefined ? preconditioner && 'preconditioner' : 'innerTol';
    if (stray) throw new ArgumentError(`${stray} belongs to sigma, which is not given`, { [stray]: true });
    return undefined;
  }
  if (which !== 'LM') {
    throw new ArgumentError(`which cannot be combined with sigma: the nearest are looked for; got which '${which}'`, {
      which,
    });
  }
  if (store !== undefined) throw new UnsupportedError('sigma cannot be combined with store', { sigma });
  if (op.dtype !== 'float64') {
    throw new UnsupportedError(`sigma needs a float64 operator, this one is ${op.dtype}: solves would be too inexact`, {
      dtype: op.dtype,
    });
  }
  if (preconditioner && (preconditioner.shape[0] !== op.shape[0] || preconditioner.shape[1] !== op.shape[0])) {
    throw new ShapeError(
      `the operator is ${op.shape.join(' x ')}, the preconditioner ${preconditioner.shape.join(' x ')}`,
    );
  }
  return { sigma, innerTol: innerTol ?? Math.max(LEAST_INNER_TOL, tol / 1000), preconditioner };
}

/**
 * Checks the call against the operator and fills in what was not given.
 * @throws ArgumentError for a value out of its range, ShapeError for a rectangular operator.
 */
export function parseSearch(op: LinearOperator, k: number, options: EigshOptions): ParsedSearch {
  const n = checkSquare(op);
  const count = integer(1, n, ` for n = ${n}`).parse(k, 'k');
  const parsed = parseOptions(options, OPTIONS);
  if (parsed.memory !== undefined && parsed.store === undefined) {
    throw new ArgumentError(`memory belongs to store, got memory ${options.memory}`, { memory: options.memory });
  }
  const tol = parsed.tol ?? Math.sqrt(unitRoundoff(op.dtype));
  const inverse = parseInverse(op, parsed, tol);
  const blockSize = Math.min(n, parsed.blockSize);
  const { seed, kernels, store, memory, onProgress, signal } = parsed;
  const settings: SearchSettings = {
    count,
    which: parsed.which,
    tol,
    confidence: parsed.confidence ?? 0.99,
    checkSteps: parsed.confidence === undefined ? USUAL_CHECK : Number.POSITIVE_INFINITY,
    blockSize,
    basisColumns: chooseBasis(n, k, blockSize, bytesPerEntry(op.dtype), {
      maxMemory: parsed.maxMemory,
      store,
      // solves are many products
      flopsPerColumn: inverse ? undefined : op.flopsPerColumn,
    }),
    maxProducts: parsed.maxProducts ?? (inverse ? 100 : 10) * n,
  };
  return { settings, seed, kernels, store, memory, inverse, onProgress, signal };
}
