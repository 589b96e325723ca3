/** Gauss quadrature from Lanczos: integrals over the spectral density of an operator, without its eigenvalues. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { maximum } from '../core/extremes.ts';
import { timesPowerOfTwo } from '../core/power-of-two.ts';
import { breathe, type Control } from '../core/schedule.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { frobeniusNorm } from '../linalg/small.ts';
import { exponentFor, scaledBack, scaledOperator } from '../linops/at-scale.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import { asymmetryOfCore, type KrylovContext, randomColumns } from './decomposition.ts';
import { krylovSpaceOf, type Tridiagonal, tridiagonalOf } from './lanczos.ts';

/** sum_i weights_i f(nodes_i) for v^T f(A) v with a unit vector v: exact for polynomials f up to degree 2 order - 1. */
export interface GaussRule {
  /** Ritz values, ascending. */
  nodes: Float64Array;
  /** Not negative; they add up to 1. */
  weights: Float64Array;
}

/**
 * The Gauss rule of a Lanczos run: with T = U diag(theta) U^T, nodes theta_i and weights (e_1^T u_i)^2 (Golub & Welsch
 * 1969; Golub & Meurant 2010, "Matrices, Moments and Quadrature with Applications", chapter 6).
 */
export async function gaussRule({ diagonal, offDiagonal }: Tridiagonal, kernels: Kernels): Promise<GaussRule> {
  const m = diagonal.length;
  const T: Matrix = zeroMatrix(m, m);
  // at a scale at which no square of an entry over- or underflows
  const size = Math.max(maximum(diagonal.map(Math.abs)), maximum(offDiagonal.map(Math.abs)));
  const e = exponentFor(size, 'float64');
  for (let i = 0; i < m; i++) {
    T.data[i * m + i] = timesPowerOfTwo(diagonal[i]!, e);
    if (i + 1 < m) {
      const beside = timesPowerOfTwo(offDiagonal[i]!, e);
      T.data[i * m + i + 1] = beside;
      T.data[(i + 1) * m + i] = beside;
    }
  }
  const { values, vectors } = await kernels.eigh(T);
  return {
    nodes: values.map((value) => timesPowerOfTwo(value, -e)),
    weights: values.map((_, i) => vectors.data[i]! ** 2),
  };
}

/**
 * The Gauss-Radau rule of a Lanczos run with one more node, at `end`, which lies below all Ritz values (Golub 1973, "Some
 * modified matrix eigenvalue problems", section 7; Golub & Meurant 2010, section 6.2).
 * @param beyond norm of what the last product had outside the basis
 */
export async function gaussRadauRule(
  { diagonal, offDiagonal }: Tridiagonal,
  beyond: number,
  end: number,
  kernels: Kernels,
): Promise<GaussRule> {
  let pivot = diagonal[0]! - end;
  for (let j = 1; j < diagonal.length; j++) {
    pivot = diagonal[j]! - end - (offDiagonal[j - 1]! / pivot) * offDiagonal[j - 1]!;
  }
  const last = end + (beyond / pivot) * beyond;
  return gaussRule(
    { diagonal: Float64Array.of(...diagonal, last), offDiagonal: Float64Array.of(...offDiagonal, beyond) },
    kernels,
  );
}

/** How many random vectors, and how many Lanczos steps from each. */
export interface QuadratureShape extends Control {
  order: number;
  runs: number;
}

/** Rules of independent random vectors, and the products they cost. */
export interface StochasticRules {
  rules: GaussRule[];
  /** Where the rules came from, in units of A: T, and what the last product of each run had outside its basis. */
  runs: { T: Tridiagonal; beyond: number }[];
  numMatvecs: number;
}

/**
 * Stochastic Lanczos quadrature: the rule of each of `runs` random unit vectors. The mean over vectors of
 * sum_i weights_i f(nodes_i) is tr f(A) / n for every f that the rules integrate exactly (Ubaru, Chen & Saad 2017, "Fast
 * estimation of tr(f(A)) via stochastic Lanczos quadrature"). Memory: `order` columns.
 *
 * @throws NumericalError for an operator that is not symmetric; the signal's reason when aborted.
 */
export async function stochasticRules(
  { order, runs, onProgress, signal }: QuadratureShape,
  context: KrylovContext,
): Promise<StochasticRules> {
  const scaled = scaledOperator(context.op);
  const rules: GaussRule[] = [];
  const made: StochasticRules['runs'] = [];
  let numMatvecs = 0;
  const total = order * runs;
  for (let run = 0; run < runs; run++) {
    const visit = async (done: number): Promise<void> => {
      onProgress?.({ stage: 'krylov', done: run * order + done, total });
      await breathe(signal);
    };
    await visit(0);
    const state = await krylovSpaceOf(
      await randomColumns(context, run, 1),
      order,
      run + 1,
      { ...context, op: scaled.op, isNarrow: true },
      visit,
    );
    refuseAsymmetry(context.space, asymmetryOfCore(state));
    numMatvecs += state.H.rows;
    const T = tridiagonalOf(state);
    const back = (x: number): number => scaledBack(x, -scaled.exponent, 'an entry of T');
    made.push({
      T: { diagonal: T.diagonal.map(back), offDiagonal: T.offDiagonal.map(back) },
      beyond: back(frobeniusNorm(state.B)),
    });
    const { nodes, weights } = await gaussRule(T, context.kernels);
    rules.push({ nodes: nodes.map((node) => scaledBack(node, -scaled.exponent, 'a Ritz value')), weights });
    for (const part of [...state.V, state.W]) await context.space.release(part);
  }
  onProgress?.({ stage: 'krylov', done: total, total });
  return { rules, runs: made, numMatvecs: numMatvecs + scaled.repeated };
}
