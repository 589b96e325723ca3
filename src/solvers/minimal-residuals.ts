/** The minimum residual method for symmetric systems of any sign. */
import { NumericalError } from '../core/errors.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import type { LinearSystem } from './linear-system.ts';
import { type Correction, type SolveResult, solve } from './solve.ts';
import { addScaled, dot, scaled } from './vectors.ts';

/** The Lanczos process under way: beta_k v_k = u_k, with z_k = M u_k for a preconditioner M. */
interface Process {
  /** u of the step before, and its beta; beta 0 before the first step. */
  previous: Float64Array;
  previousBeta: number;
  u: Float64Array;
  z: Float64Array;
  beta: number;
}

/** One row of the tridiagonal matrix, and the vector whose multiple the solution changes along. */
interface Row {
  alpha: number;
  /** Element to the left of the diagonal, 0 in the first row. */
  left: number;
  /** Element to its right. */
  right: number;
  v: Float64Array;
}

/** sqrt(u^T M u), the length of u in the preconditioner's norm. */
function lengthOf(u: Float64Array, z: Float64Array): number {
  const square = dot(u, z);
  if (square > 0 || (square === 0 && vectorNorm(u) === 0)) return Math.sqrt(square);
  throw new NumericalError(`the preconditioner is not positive definite: r^T M r = ${square}`, {
    square,
  });
}

async function startProcess(system: LinearSystem, r: Float64Array): Promise<Process> {
  const u = r.slice();
  const z = await system.precondition(u);
  return { previous: new Float64Array(system.n), previousBeta: 0, u, z, beta: lengthOf(u, z) };
}

/** A v_k = beta_k v_k-1 + alpha_k v_k + beta_k+1 v_k+1 (Lanczos 1950), in place. */
async function advance(system: LinearSystem, process: Process): Promise<Row> {
  const { previous, previousBeta, u, z, beta } = process;
  const v = scaled(1 / beta, z);
  const next = await system.multiply(v);
  if (previousBeta > 0) addScaled(next, -beta / previousBeta, previous);
  const alpha = dot(v, next);
  addScaled(next, -alpha / beta, u);
  process.previous = u;
  process.previousBeta = beta;
  process.u = next;
  process.z = await system.precondition(next);
  process.beta = lengthOf(next, process.z);
  return { alpha, left: previousBeta > 0 ? beta : 0, right: process.beta, v };
}

/**
 * The solution's change along the columns of V R^-1, R the triangular factor of the tridiagonal matrix by plane rotations:
 * each column needs the two before it.
 */
class Directions {
  #older: Float64Array;
  #newer: Float64Array;
  #above = 0;

  constructor(n: number) {
    this.#older = new Float64Array(n);
    this.#newer = new Float64Array(n);
  }

  /** (v - above2 w_k-2 - above1 w_k-1) / diagonal; `nextAbove2` is the entry two above the diagonal in the next column. */
  next(v: Float64Array, above1: number, diagonal: number, nextAbove2: number): Float64Array {
    const w = this.#older;
    for (let i = 0; i < w.length; i++) w[i] = (v[i]! - this.#above * w[i]! - above1 * this.#newer[i]!) / diagonal;
    this.#older = this.#newer;
    this.#newer = w;
    this.#above = nextAbove2;
    return w;
  }
}

/**
 * ||A r|| / (||A|| ||r||) at which r counts as orthogonal to the range of A, for products with unit roundoff u. In systems
 * without a solution it falls to between u^0.7 and u^0.5 before rounding makes it, and the solution, grow again; a solvable
 * system gets to u^0.6 with a condition number of u^-0.6 only, 4e9 in float64 and 2e4 in float32.
 */
const stationarity = (roundoff: number): number => roundoff ** 0.6;

/** From here on a point may be the one that is nearest to stationary: it is kept. */
const nearlyStationary = (roundoff: number): number => roundoff ** 0.5;

/** A step whose own rounding is this share of the residual cannot make it smaller: it is along a null vector. */
const MEANINGLESS = 0.01;

/** A residual that has fallen below this share of what it was shows that the solution had not converged. */
const PROGRESS = 0.5;

/** The point of a run at which ||A r|| was smallest. */
interface Stationary {
  x: Float64Array;
  /** ||A r|| / (||A|| ||r||). */
  gradient: number;
  remaining: number;
}

/** r_k = s^2 r_k-1 - c phi_k u_k+1 / beta_k+1 (Choi, Paige & Saunders 2011, "MINRES-QLP", section 3). */
function updateResidual(r: Float64Array, { u, beta }: Process, sine: number, along: number): void {
  const factor = beta > 0 ? along / beta : 0;
  for (let i = 0; i < r.length; i++) r[i] = sine * sine * r[i]! - factor * u[i]!;
}

/** Paige & Saunders 1975, section 5: the tridiagonal least-squares problem by one plane rotation a step. */
async function correction(
  system: LinearSystem,
  start: Float64Array,
  target: number,
  history: number[],
): Promise<Correction> {
  const x = new Float64Array(system.n);
  const process = await startProcess(system, start);
  if (process.beta === 0) return { x, status: 'converged' };
  const directions = new Directions(system.n);
  const scale = vectorNorm(start) / process.beta;
  // the length of the residual in the preconditioner's norm; in the plain one it shrinks otherwise
  let remaining = process.beta;
  const r = system.isPreconditioned ? start.slice() : undefined;
  let [cosine, sine] = [-1, 0];
  let carried = 0;
  let operatorNorm = 0;
  let nearest: Stationary | undefined;
  const leastSquares = (): Correction => {
    const isSettled = nearest !== undefined && remaining > PROGRESS * nearest.remaining;
    return { x: isSettled ? nearest!.x : x, status: 'leastSquares' };
  };
  while (history.length <= system.maxIterations) {
    const { alpha, left, right, v } = await advance(system, process);
    // columns of the tridiagonal matrix: its norm is at most sqrt(3) times the longest
    operatorNorm = Math.max(operatorNorm, Math.hypot(left, alpha, right));
    const above1 = cosine * carried + sine * alpha;
    const diagonal = sine * carried - cosine * alpha;
    carried = -cosine * right;
    // ||A r|| = remaining * this in exact arithmetic: zero at a least-squares solution
    const gradient = Math.hypot(diagonal, carried) / operatorNorm;
    if (left > 0 && gradient <= stationarity(system.roundoff)) return { x, status: 'leastSquares' };
    if (left > 0 && gradient <= Math.min(nearlyStationary(system.roundoff), nearest?.gradient ?? 1)) {
      nearest = { x: x.slice(), gradient, remaining };
    }
    const pivot = Math.hypot(diagonal, right);
    if (pivot <= system.roundoff * operatorNorm) return leastSquares();
    const w = directions.next(v, above1, pivot, sine * right);
    cosine = diagonal / pivot;
    sine = right / pivot;
    if (system.roundoff * system.growth * Math.abs(cosine) * vectorNorm(w) > MEANINGLESS * scale) return leastSquares();
    addScaled(x, cosine * remaining, w);
    remaining *= sine;
    if (r !== undefined) updateResidual(r, process, sine, cosine * remaining);
    const residualNorm = r === undefined ? scale * remaining : vectorNorm(r);
    history.push(residualNorm);
    await system.report(history.length - 1);
    if (residualNorm <= target) return { x, status: 'converged' };
  }
  return { x, status: 'maxIterations' };
}

/** Solves a checked system. */
export const minimalResiduals = (system: LinearSystem): Promise<SolveResult> => solve(system, correction);
