/** A symmetric linear system as the iterative solvers see it: products, a preconditioner, and what they count and report. */
import { asDType, type Block } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import {
  CONTROL,
  described,
  type Field,
  integer,
  optional,
  type Parsed,
  parseOptions,
  refuse,
  withDefault,
} from '../core/parse.ts';
import { timesPowerOfTwo } from '../core/power-of-two.ts';
import { breathe, type Control, supervise } from '../core/schedule.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { applyOperator } from '../linops/apply.ts';
import { exponentFor, type ScaledOperator, scaledOperator, withScaledFields } from '../linops/at-scale.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare, operatorField, probeSymmetry } from '../linops/probes.ts';
import type { SolveResult } from './solve.ts';
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

/** The checked system (A + shift I) x = b and its limits, at a scale at which no square over- or underflows. */
export interface LinearSystem {
  readonly n: number;
  readonly b: Float64Array;
  readonly tol: number;
  readonly maxIterations: number;
  /** Unit roundoff of the operator's products. */
  readonly roundoff: number;
  /** Products so far, probes included. */
  numMatvecs: number;
  /** The largest ||(A + shift I) v|| / ||v|| of the products so far: a lower bound of the spectral norm. */
  growth: number;
  /** The starting point, and its residual. */
  begin(): Promise<{ x: Float64Array; r: Float64Array }>;
  /** (A + shift I) v. */
  multiply(v: Float64Array): Promise<Float64Array>;
  readonly isPreconditioned: boolean;
  /** The preconditioner's product, r itself without one. */
  precondition(r: Float64Array): Promise<Float64Array>;
  /** Tells the caller about an iteration done, and lets others run. */
  report(iterations: number): Promise<void>;
}

const MOST_ITERATIONS = 1000;

const largestMagnitude = (x: Float64Array): number => x.reduce((most, value) => Math.max(most, Math.abs(value)), 0);

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

const given: Field<unknown> = { kind: 'value', parse: (value) => value };

/** How {@link SolverOptions} are parsed. */
export const SOLVER_FIELDS: typeof CONTROL & {
  shift: Field<number>;
  preconditioner: Field<LinearOperator | undefined>;
  tol: Field<number | undefined>;
  maxIterations: Field<number | undefined>;
  x0: Field<unknown>;
} = {
  shift: described(withDefault(finiteFrom(Number.NEGATIVE_INFINITY), 0), 's in (A + s I) x = b'),
  preconditioner: optional(operatorField),
  tol: described(optional(finiteFrom(0)), 'residual norm over that of b to stop at (default 1e-6, in float32 1e-4)'),
  maxIterations: described(optional(integer(0)), 'iterations at most, each one product (default: 10 n, at most 1000)'),
  // its length is that of the operator
  x0: given,
  ...CONTROL,
};

/** A parsed call of a solver. */
interface ParsedSystem extends Parsed<typeof SOLVER_FIELDS> {
  n: number;
  b: Float64Array;
  x0: Float64Array | undefined;
}

function parseSystem(op: LinearOperator, b: VectorLike, options: SolverOptions): ParsedSystem {
  const n = checkSquare(op);
  const parsed = parseOptions(options, SOLVER_FIELDS);
  const shape = parsed.preconditioner?.shape ?? op.shape;
  if (shape[0] !== n || shape[1] !== n) {
    throw new ShapeError(`the operator is ${n} x ${n}, the preconditioner ${shape.join(' x ')}`);
  }
  const x0 = parsed.x0 === undefined ? undefined : checkVector('x0', parsed.x0, n);
  return { ...parsed, n, b: checkVector('b', b, n), x0 };
}

/** Numbers of a solve at the scale of the caller's system. */
interface Scales {
  /** The system is solved for 2^exponent A in place of A, and 2^rightExponent b in place of b. */
  op: ScaledOperator;
  rightExponent: number;
}

async function linearSystem({ op: scaled, rightExponent }: Scales, options: ParsedSystem): Promise<LinearSystem> {
  const { op } = scaled;
  const { n, x0, shift, onProgress, signal } = options;
  const b = options.b.map((value) => timesPowerOfTwo(value, rightExponent));
  const preconditioner = options.preconditioner && scaledOperator(options.preconditioner).op;
  const maxIterations = options.maxIterations ?? Math.min(10 * n, MOST_ITERATIONS);
  const system: LinearSystem = {
    n,
    b,
    tol: options.tol ?? (op.dtype === 'float32' ? 1e-4 : 1e-6),
    maxIterations,
    roundoff: unitRoundoff(op.dtype),
    numMatvecs: 0,
    growth: 0,
    async begin() {
      if (!x0) return { x: new Float64Array(n), r: b.slice() };
      // 2^exponent (A + s I) 2^own x0: the first product tells the exponent
      const own = exponentFor(largestMagnitude(x0), op.dtype);
      const product = await system.multiply(x0.map((value) => timesPowerOfTwo(value, own)));
      const toRight = rightExponent - own - scaled.exponent;
      const r = b.map((value, i) => value - timesPowerOfTwo(product[i]!, toRight));
      return { x: x0.map((value) => timesPowerOfTwo(value, rightExponent - scaled.exponent)), r };
    },
    async multiply(v) {
      system.numMatvecs++;
      const product = await multiplyColumn(op, v);
      if (shift !== 0) addScaled(product, timesPowerOfTwo(shift, scaled.exponent), v);
      const length = vectorNorm(v);
      if (length > 0) system.growth = Math.max(system.growth, vectorNorm(product) / length);
      return product;
    },
    isPreconditioned: preconditioner !== undefined,
    precondition: async (r) => (preconditioner ? multiplyColumn(preconditioner, r, 'preconditioner') : r.slice()),
    async report(iterations) {
      onProgress?.({ stage: 'solve', done: iterations, total: maxIterations });
      await breathe(signal);
    },
  };
  signal?.throwIfAborted();
  system.numMatvecs += await probeSymmetry(op, 0);
  return system;
}

/** The result for the caller's A and b from that for 2^e A and 2^f b. */
function atOwnScale<T extends SolveResult>(result: T, { op: { exponent: e, repeated }, rightExponent: f }: Scales): T {
  if (e === 0 && f === 0 && repeated === 0) return result;
  const counted = { ...result, numMatvecs: result.numMatvecs + repeated };
  const residuals = withScaledFields(counted, ['residualNorm', 'history'], -f);
  return withScaledFields(withScaledFields(residuals, ['negativeCurvature.curvature'], -e), ['solution'], e - f);
}

/**
 * Parses a call, and solves its system by `body`.
 * @throws ShapeError when sizes differ, ArgumentError for options out of range, NumericalError for an operator that does
 * not declare `selfAdjoint` and is not symmetric.
 */
export async function withSystem<T extends SolveResult>(
  op: LinearOperator,
  b: VectorLike,
  options: SolverOptions,
  body: (system: LinearSystem) => Promise<T>,
): Promise<T> {
  const parsed = parseSystem(op, b, options);
  const scales: Scales = {
    op: scaledOperator(op, { beside: Math.abs(parsed.shift) }),
    rightExponent: exponentFor(largestMagnitude(parsed.b), op.dtype),
  };
  return supervise(parsed, async (control) =>
    atOwnScale(await body(await linearSystem(scales, { ...parsed, ...control })), scales),
  );
}
