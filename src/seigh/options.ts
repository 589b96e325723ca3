/** The options of `seigh`, and from them the checked run that every driver starts with. */
import { checkChoice, checkInteger, checkSeed } from '../core/checks.ts';
import { ArgumentError } from '../core/errors.ts';
import type { Memory } from '../core/memory.ts';
import type { Distribution } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import { type KernelsChoice, selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import { hostSpace } from '../multivector/host.ts';
import { chooseBlockSize } from '../sketch/block-size.ts';
import { TEST_MATRICES } from '../sketch/test-matrix.ts';
import { WHICH, type Which } from '../spectrum/eigenpairs.ts';
import type { Method } from '../spectrum/result.ts';
import type { Run } from './methods.ts';

/** Options of `seigh`. */
export interface SeighOptions extends Control {
  /**
   * `'hmt'` (default, two passes), `'nystrom'` or `'oversampled'` (one pass), `'krylov'` (dims products in blocks, each the
   * product of what the one before found new: leading eigenpairs far more accurate, the tail less so).
   */
  method?: Method;
  /** Distribution of the test matrix; `'gaussian'` by default. */
  testMatrix?: Distribution;
  /** Eigenpairs returned at most. Default: all that the method gives (nystrom: half the sketch). */
  rank?: number;
  /** Order of the result: `'LM'` largest magnitude (default), `'LA'` largest, `'SA'` smallest algebraic value first. */
  which?: Which;
  /** hmt only: use the part of A Q outside the sketch too, up to 2 dims eigenpairs for the same products. */
  refine?: boolean;
  /** nystrom only: A is positive semidefinite. Default: the operator's own claim. */
  psd?: boolean;
  /** hmt only: extra passes A Q, re-orthonormalised, before the recovery; each costs dims products. Default 0. */
  powerIterations?: number;
  /** hmt only, without `refine`: the standard error of each eigenvalue over data batches, at no further product. */
  perBatch?: boolean;
  /** oversampled only: columns of the inner sketch, at least 2 dims + 1 (default). */
  innerDims?: number;
  /**
   * Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB; for krylov a
   * tenth of dims: its accuracy depends on it.
   */
  blockSize?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
  /**
   * A directory for everything of size n: made if it does not exist, gone on with if it does. What was measured there is
   * not measured again, so a run that was stopped or killed continues by the same call, to the same result. Default: everything stays in memory.
   */
  store?: string;
  /** With `store`: memory for tall blocks, in bytes or like `'2GB'`; k x k matrices come on top. Default 1 GiB. */
  memory?: Memory;
}

const WHERE = 'seigh';

export const METHODS: readonly Method[] = ['hmt', 'nystrom', 'oversampled', 'krylov'];

function refuseOption(method: Method, name: string, given: boolean, owner: Method): void {
  if (given && method !== owner) {
    throw new ArgumentError(`${WHERE}: ${name} belongs to method '${owner}', got method '${method}'`, { method });
  }
}

/**
 * Checks the options against the operator and fills in what was not given.
 * @throws ArgumentError for a value out of its range or an option that belongs to another method, ShapeError for a
 * rectangular operator.
 */
export async function prepareRun(
  op: LinearOperator,
  dims: number,
  method: Method,
  options: SeighOptions,
): Promise<Run> {
  const n = checkSquare(op);
  const context = ` for n = ${n}`;
  checkInteger(WHERE, 'dims', dims, 1, n, context);
  refuseOption(method, 'refine', options.refine === true, 'hmt');
  refuseOption(method, 'powerIterations', options.powerIterations !== undefined, 'hmt');
  refuseOption(method, 'perBatch', options.perBatch === true, 'hmt');
  if (options.perBatch && options.refine) throw new ArgumentError(`${WHERE}: perBatch cannot be combined with refine`);
  refuseOption(method, 'psd', options.psd !== undefined, 'nystrom');
  refuseOption(method, 'innerDims', options.innerDims !== undefined, 'oversampled');
  if (options.memory !== undefined && options.store === undefined) {
    throw new ArgumentError(`${WHERE}: memory belongs to store, got memory ${options.memory}`, {
      memory: options.memory,
    });
  }
  const most = Number.MAX_SAFE_INTEGER;
  if (options.blockSize === undefined) await op.calibrate?.();
  const isAutomatic = method === 'krylov' && options.blockSize === undefined;
  const blockSize = chooseBlockSize(op, isAutomatic ? Math.ceil(dims / 10) : dims, options.blockSize);
  return {
    op,
    n,
    dims,
    rank: options.rank === undefined ? undefined : checkInteger(WHERE, 'rank', options.rank, 1, n, context),
    which: checkChoice(WHERE, 'which', options.which ?? 'LM', WHICH),
    refine: options.refine ?? false,
    psd: options.psd ?? op.psd ?? false,
    powerIterations: checkInteger(WHERE, 'powerIterations', options.powerIterations ?? 0, 0, most),
    perBatch: options.perBatch ?? false,
    innerDims: checkInteger(WHERE, 'innerDims', options.innerDims ?? 2 * dims + 1, 2 * dims + 1, most),
    testMatrix: checkChoice(WHERE, 'testMatrix', options.testMatrix ?? 'gaussian', TEST_MATRICES),
    seed: checkSeed(WHERE, options.seed ?? 0),
    blockSize,
    kernels: await selectKernels(options.kernels),
    space: hostSpace(n, op.dtype),
    onProgress: options.onProgress,
    signal: options.signal,
  };
}
