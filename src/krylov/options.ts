/** Leading eigenpairs of a symmetric operator by randomised block Krylov iteration. */
import { checkBetween, checkChoice, checkInteger, checkSeed } from '../core/checks.ts';
import { bytesPerEntry, unitRoundoff } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import type { Control } from '../core/schedule.ts';
import { type KernelsChoice, selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import { hostSpace } from '../multivector/host.ts';
import type { EighResult } from '../recovery/result.ts';
import { CHECK_COLUMNS, iterate } from './check.ts';
import { begin, type KrylovContext, randomColumns } from './decomposition.ts';
import type { Goal } from './iteration.ts';
import { type EigshFacts, leadingPairs } from './result.ts';
import { KRYLOV_WHICH, type KrylovWhich } from './ritz.ts';

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
   * Probability of the bounds in `completeness`: once the pairs are there, fresh random vectors outside the basis are
   * followed to find what it may hide, e.g. further copies of a multiple eigenvalue. Given, they are followed until nothing
   * beyond the last pair is left at that confidence. Default 0.99 with at most eight products for each vector, which state
   * what bound they come to; 0 for no check.
   */
  confidence?: number;
  /**
   * Columns of one product. Default 1, which needs the fewest products: a block of b sees polynomials of 1/b the degree. On
   * devices where a block of four costs hardly more than one column, four are faster.
   */
  blockSize?: number;
  /** Products with single columns at most. Default 10 n. */
  maxProducts?: number;
  /**
   * Bytes of tall blocks at most, which decide how wide the basis may become before it is restarted. Default 256 MiB, or
   * what max(2 k, k + 20) + 8 blockSize columns need where that is more.
   */
  maxMemory?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

/** Leading eigenpairs, and how the search for them ended; as a LinearOperator it applies V diag(eigenvalues) V^T. */
export interface EigshResult extends EighResult, EigshFacts {
  residualNorms: Float64Array;
}

const WHERE = 'eigsh';

/** Products of a check that was not asked for: enough to meet a hidden copy where the spectrum has any gap. */
const USUAL_CHECK = 8;

/** A basis is at most this many times as wide as it must be to converge well: it helps little beyond, and costs more. */
const WIDEST = 3;
/** What a search may take by default to have the widest basis. */
const USUAL_MEMORY = 2 ** 28;

/** Columns that live beside a full basis: the check's, Ritz vectors of a restart, a product, W and what is made of them. */
const columnsBeside = (basis: number, k: number, b: number): number =>
  Math.ceil((k + basis) / 2) + 5 * b + CHECK_COLUMNS;

/**
 * Columns of the basis before a restart: what memory allows, from max(2k, k + 20) + 8b (SciPy takes max(2k + 1, 20)) to three
 * times that. @throws ArgumentError for a memory that has no room for k + 2b.
 */
function chooseBasis(n: number, k: number, b: number, bytes: number, maxMemory: number | undefined): number {
  const usual = Math.max(2 * k, k + 20) + 8 * b;
  const memory = maxMemory ?? USUAL_MEMORY;
  const fitting = Math.floor((memory / (n * bytes) - k / 2 - 5 * b - CHECK_COLUMNS) / 1.5);
  const least = Math.min(n, k + 2 * b);
  if (maxMemory === undefined || fitting >= least) {
    return Math.min(n, WIDEST * usual, Math.max(fitting, maxMemory === undefined ? usual : least));
  }
  const needed = (least + columnsBeside(least, k, b)) * n * bytes;
  throw new ArgumentError(
    `${WHERE}: maxMemory must be at least ${needed} bytes for k = ${k}, blockSize = ${b} and n = ${n}, got ${maxMemory}`,
    { maxMemory, needed },
  );
}

function checkTolerance(value: unknown): number {
  if (typeof value === 'number' && value >= 0 && value < 1) return value;
  throw new ArgumentError(`${WHERE}: tol must be a number from 0 to below 1, got ${String(value)}`, { tol: value });
}

function checkConfidence(value: unknown): number {
  return value === 0 ? 0 : checkBetween(WHERE, 'confidence', value, 0, 1);
}

function checkGoal(op: LinearOperator, k: number, options: EigshOptions): Goal {
  const n = checkSquare(WHERE, op);
  const most = Number.MAX_SAFE_INTEGER;
  const count = checkInteger(WHERE, 'k', k, 1, n, ` for n = ${n}`);
  const blockSize = Math.min(n, checkInteger(WHERE, 'blockSize', options.blockSize ?? 1, 1, most));
  return {
    count,
    which: checkChoice(WHERE, 'which', options.which ?? 'LM', KRYLOV_WHICH),
    tol: checkTolerance(options.tol ?? Math.sqrt(unitRoundoff(op.dtype))),
    confidence: checkConfidence(options.confidence ?? 0.99),
    checkSteps: options.confidence === undefined ? USUAL_CHECK : Number.POSITIVE_INFINITY,
    blockSize,
    basisColumns: chooseBasis(n, k, blockSize, bytesPerEntry(op.dtype), options.maxMemory),
    maxProducts: checkInteger(WHERE, 'maxProducts', options.maxProducts ?? 10 * n, 1, most),
    onProgress: options.onProgress,
    signal: options.signal,
  };
}

/**
 * The `k` leading eigenpairs of a symmetric operator by block Krylov iteration from a random start, with full
 * reorthogonalisation (twice) and thick restarts: Golub & Underwood 1977, "The block Lanczos method for computing
 * eigenvalues"; Wu & Simon 2000, "Thick-restart Lanczos method for large symmetric eigenvalue problems"; Musco & Musco
 * 2015, "Randomized block Krylov methods for stronger and faster approximate singular value decomposition".
 *
 * Not reaching `tol` is no exception: a result that ran out of products, or was stopped by its signal, has what is there
 * with its residual norms. `apost(op, result)` certifies it.
 *
 * @param op symmetric n x n operator
 * @param k eigenpairs, 1..n
 * @example
 * const { eigenvalues, residualNorms } = await eigsh(H, 10, { tol: 1e-3, seed: 1 });
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for an operator
 * that is not symmetric or returns non-finite values; the signal's reason when it was aborted before the first product.
 */
export async function eigsh(op: LinearOperator, k: number, options: EigshOptions = {}): Promise<EigshResult> {
  const goal = checkGoal(op, k, options);
  const seed = checkSeed(WHERE, options.seed ?? 0);
  const kernels = await selectKernels(WHERE, options.kernels);
  goal.signal?.throwIfAborted();
  const startedAt = performance.now();
  let productSeconds = 0;
  const timed: LinearOperator = {
    shape: op.shape,
    dtype: op.dtype,
    matmat: async (X) => {
      const calledAt = performance.now();
      const Y = await op.matmat(X);
      productSeconds += (performance.now() - calledAt) / 1000;
      return Y;
    },
  };
  const space = hostSpace(op.shape[0], op.dtype);
  const context: KrylovContext = { where: WHERE, op: timed, space, seed, kernels };
  const start = await begin(await randomColumns(context, 0, goal.blockSize), goal.blockSize, context);
  const standing = await iterate(start, goal, context);
  const result = await leadingPairs(standing, goal, context);
  const total = (performance.now() - startedAt) / 1000;
  return { ...result, seconds: { sketch: productSeconds, recovery: total - productSeconds } };
}
