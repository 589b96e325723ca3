/** A symmetric linear system as the iterative solvers see it: products, a preconditioner, and what they count and report. */
import { asDType, type Block } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import {
  CONTROL,
  type Field,
  integer,
  optional,
  type Parsed,
  parseOptions,
  refuse,
  withDefault,
} from '../core/parse.ts';
import { breathe, type Control, supervise } from '../core/schedule.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkOperator, checkSquare, measureAsymmetry, refuseAsymmetry } from '../linops/probes.ts';
import { addScaled, checkVector, type VectorLike } from './vectors.ts';

/** Options that all solvers share. */
export interface SolverOptions extends Control {
  /** s in (A + s I) x = b. Default 0. */
  shift?: number;
  /** A symmetric positive definite operator near (A + s I)^-1. Default: none. */
  preconditioner?: LinearOperator;
  /** Stops at ||b - (A + s I) x|| <= tol ||b||. Default 1e-6 in float64, 1e-4 in float32. */
  tol?: number;
  /** At most so many iterations, each one product. Default 10 n, but not more than 1000. */
  maxIterations?: number;
  /** Starting point. Default 0, which saves a product. */
  x0?: VectorLike;
}

/** The checked system (A + shift I) x = b and its limits. */
export interface LinearSystem {
  readonly n: number;
  readonly b: Float64Array;
  readonly x0: Float64Array | undefined;
  readonly tol: number;
  readonly maxIterations: number;
  /** Unit roundoff of the operator's products. */
  readonly roundoff: number;
  /** Products so far, probes included. */
  numMatvecs: number;
  /** The largest ||(A + shift I) v|| / ||v|| of the products so far: a lower bound of the spectral norm. */
  growth: number;
  /** (A + shift I) v. */
  multiply(v: Float64Array): Promise<Float64Array>;
  /** The preconditioner's product, r itself without one. */
  precondition(r: Float64Array): Promise<Float64Array>;
  /** Tells the caller about an iteration done, and lets others run. */
  report(iterations: number): Promise<void>;
}

const MOST_ITERATIONS = 1000;

/** op v for one column, in float64: a copy, since solvers work in place and an operator may return what it was given. */
async function multiplyColumn(op: LinearOperator, v: Float64Array, what?: string): Promise<Float64Array> {
  const column: Block = { rows: v.length, cols: 1, data: v };
  const context = what === undefined ? {} : { what };
  return Float64Array.from((await applyOperator(op, asDType(column, op.dtype), context)).data);
}

/** A finite number, of at least `least`. */
function finiteFrom(least: number): Field<number> {
  const range = least === Number.NEGATIVE_INFINITY ? '' : ` and at least ${least}`;
  return {
    kind: 'number',
    parse: (value, name) =>
      Number.isFinite(value) && (value as number) >= least ? (value as number) : refuse(name, `finite${range}`, value),
  };
}

const operator: Field<LinearOperator> = {
  kind: 'value',
  parse(value, name) {
    checkOperator(value as LinearOperator, name);
    return value as LinearOperator;
  },
};

const given: Field<unknown> = { kind: 'value', parse: (value) => value };

const OPTIONS = {
  shift: withDefault(finiteFrom(Number.NEGATIVE_INFINITY), 0),
  preconditioner: optional(operator),
  tol: optional(finiteFrom(0)),
  maxIterations: optional(integer(0)),
  // its length is that of the operator
  x0: given,
  ...CONTROL,
};

/** A parsed call of a solver. */
interface ParsedSystem extends Parsed<typeof OPTIONS> {
  n: number;
  b: Float64Array;
  x0: Float64Array | undefined;
}

function parseSystem(op: LinearOperator, b: VectorLike, options: SolverOptions): ParsedSystem {
  const n = checkSquare(op);
  const parsed = parseOptions(options, OPTIONS);
  const shape = parsed.preconditioner?.shape ?? op.shape;
  if (shape[0] !== n || shape[1] !== n) {
    throw new ShapeError(`the operator is ${n} x ${n}, the preconditioner ${shape.join(' x ')}`);
  }
  const x0 = parsed.x0 === undefined ? undefined : checkVector('x0', parsed.x0, n);
  return { ...parsed, n, b: checkVector('b', b, n), x0 };
}

async function linearSystem(op: LinearOperator, options: ParsedSystem): Promise<LinearSystem> {
  const { n, b, x0, preconditioner, shift, onProgress, signal } = options;
  const maxIterations = options.maxIterations ?? Math.min(10 * n, MOST_ITERATIONS);
  const system: LinearSystem = {
    n,
    b,
    x0,
    tol: options.tol ?? (op.dtype === 'float32' ? 1e-4 : 1e-6),
    maxIterations,
    roundoff: unitRoundoff(op.dtype),
    numMatvecs: 0,
    growth: 0,
    async multiply(v) {
      system.numMatvecs++;
      const product = await multiplyColumn(op, v);
      if (shift !== 0) addScaled(product, shift, v);
      const length = vectorNorm(v);
      if (length > 0) system.growth = Math.max(system.growth, vectorNorm(product) / length);
      return product;
    },
    precondition: async (r) => (preconditioner ? multiplyColumn(preconditioner, r, 'preconditioner') : r.slice()),
    async report(iterations) {
      onProgress?.({ stage: 'solve', done: iterations, total: maxIterations });
      await breathe(signal);
    },
  };
  signal?.throwIfAborted();
  if (op.selfAdjoint !== true) {
    refuseAsymmetry(op, await measureAsymmetry(op, 0));
    system.numMatvecs += 2;
  }
  return system;
}

/**
 * Parses a call, and solves its system by `body`.
 * @throws ShapeError when sizes differ, ArgumentError for options out of range, NumericalError for an operator that does
 * not claim to be symmetric and is not.
 */
export async function withSystem<T>(
  op: LinearOperator,
  b: VectorLike,
  options: SolverOptions,
  body: (system: LinearSystem) => Promise<T>,
): Promise<T> {
  const parsed = parseSystem(op, b, options);
  return supervise(parsed, async (control) => body(await linearSystem(op, { ...parsed, ...control })));
}
