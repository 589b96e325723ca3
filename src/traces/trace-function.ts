/** Traces of functions of a symmetric operator by stochastic Lanczos quadrature. */

import { atDoor } from '../core/door.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import { type Parsed, parseOptions, refuse } from '../core/parse.ts';
import { supervise } from '../core/schedule.ts';
import { lanczos } from '../krylov/lanczos.ts';
import { type GaussRule, gaussRadauRule, gaussRule, stochasticRules } from '../krylov/quadrature.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { diagonalOperator } from '../linops/dense.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import { hostSpace } from '../multivector/host.ts';
import type { Interval } from '../stats/interval.ts';
import { type TraceFunctionOptions, traceFunctionFields } from './options.ts';
import { likelyInterval, meanAndError } from './trace-estimate.ts';

/**
 * An estimate of tr f(A) and its error. The interval is that of Student's t over start vectors, widened by `quadratureError` on
 * the side where that may lie.
 */
export interface TraceFunctionResult extends Interval {
  /** The interval is a likely one: as if the forms in many random directions were Gaussian, which they nearly are. */
  certified: false;
  /** From the spread over start vectors. */
  standardError: number;
  /**
   * `traceFunction`: how much the estimate changes when the second half of the Lanczos steps is left out (no product): more
   * than further steps would change once the quadrature converges. `logdet`: a bound: the mean of the exact quadratic forms
   * lies between estimate - quadratureError and the estimate, if no eigenvalue is below the rounding of the products.
   */
  quadratureError: number;
  /** `logdet`: `['positiveDefinite']`, which the interval and `quadratureError` rest on: no Ritz value has contradicted it. */
  assumes?: readonly string[];
  /** Level of each end of the interval. */
  confidence: number;
  /** Lanczos steps of each run. */
  order: number;
  /** Random start vectors. */
  runs: number;
  /** Products with single columns. */
  numMatvecs: number;
  /** Of the start vectors. */
  seed: number;
}

/** What is integrated, and the error for a Ritz value at which it is not finite; `rounding` is that of Ritz values. */
interface Integrand {
  f: (x: number, rounding: number) => number;
  refusal: (ritzValue: number, value: number, rounding: number) => NumericalError;
  /** All odd derivatives are positive and all even ones negative, as of log: rules with a node below enclose the integral. */
  isEnclosed?: boolean;
}

/** Ritz values are known to so many roundings of the largest. */
const ROUNDINGS = 8;

/** sum_i weights_i f(nodes_i). @throws the integrand's refusal where f is not finite. */
function integrate({ nodes, weights }: GaussRule, { f, refusal }: Integrand, roundoff: number): number {
  const rounding = ROUNDINGS * roundoff * Math.max(Math.abs(nodes[0]!), Math.abs(nodes.at(-1)!));
  let sum = 0;
  for (const [i, node] of nodes.entries()) {
    if (weights[i] === 0) continue;
    const value = f(node, rounding);
    if (!Number.isFinite(value)) throw refusal(node, value, rounding);
    sum += weights[i]! * value;
  }
  return sum;
}

/** The integral by a rule whose first node is `end` to rounding. */
function enclosedIntegral({ nodes, weights }: GaussRule, end: number, { f }: Integrand): number {
  return nodes.reduce((sum, node, i) => (weights[i] === 0 ? sum : sum + weights[i]! * f(Math.max(node, end), 0)), 0);
}

/**
 * The rule of the first `order` steps of the Lanczos run that a rule came from: the process on diag(nodes) from the roots of
 * the weights has the same tridiagonal matrix.
 */
async function shortened({ nodes, weights }: GaussRule, order: number, kernels: Kernels): Promise<GaussRule> {
  const { T } = await lanczos(diagonalOperator(nodes), order, { start: weights.map(Math.sqrt) });
  return gaussRule(T, kernels);
}

/** Parses a call, and then works on it. */
async function quadratureTrace(
  op: LinearOperator,
  integrand: Integrand,
  options: TraceFunctionOptions,
): Promise<TraceFunctionResult> {
  const parsed = parseOptions(options, traceFunctionFields({ n: checkSquare(op) }));
  parsed.signal?.throwIfAborted();
  return supervise(parsed, (control) => integrateRules(op, integrand, { ...parsed, ...control }));
}

/** Rules of every start vector become an estimate. */
async function integrateRules(
  op: LinearOperator,
  integrand: Integrand,
  options: Parsed<ReturnType<typeof traceFunctionFields>>,
): Promise<TraceFunctionResult> {
  const n = op.shape[1];
  const { order, runs, confidence, seed, onProgress, signal } = options;
  const kernels = await selectKernels(options.kernels);
  const roundoff = unitRoundoff(op.dtype);
  const context = { op, space: hostSpace(n, op.dtype), seed, kernels, signal };
  const { rules, runs: made, numMatvecs } = await stochasticRules({ order, runs, onProgress, signal }, context);
  const samples = Float64Array.from(rules, (rule) => n * integrate(rule, integrand, roundoff));
  const { mean, standardError } = meanAndError({ samples });
  if (integrand.isEnclosed) {
    // the smallest number that is no rounding of zero: logdet refuses Ritz values below
    const size = rules.reduce((most, { nodes }) => Math.max(most, Math.abs(nodes[0]!), Math.abs(nodes.at(-1)!)), 0);
    const end = ROUNDINGS * roundoff * size;
    const least = new Float64Array(runs);
    for (const [run, { T, beyond }] of made.entries()) {
      const isExact = T.diagonal.length === n || beyond <= end;
      const rule = isExact ? rules[run]! : await gaussRadauRule(T, beyond, end, kernels);
      least[run] = isExact ? samples[run]! : n * enclosedIntegral(rule, end, integrand);
    }
    const quadratureError = Math.max(0, mean - meanAndError({ samples: least }).mean);
    return {
      estimate: mean,
      lower: likelyInterval({ samples: least }, confidence).lower,
      upper: likelyInterval({ samples }, confidence).upper,
      certified: false,
      standardError,
      quadratureError,
      assumes: ['positiveDefinite'],
      ...{ confidence, order, runs, numMatvecs, seed },
    };
  }
  let change = 0;
  for (const [run, rule] of rules.entries()) {
    // a run that ended before its order met an invariant space: its rule is exact
    if (rule.nodes.length < order || order === n) continue;
    const fewer = await shortened(rule, Math.ceil(order / 2), kernels);
    change += (samples[run]! - n * integrate(fewer, integrand, roundoff)) / runs;
  }
  const quadratureError = Math.abs(change);
  const { estimate, lower, upper } = likelyInterval({ samples }, confidence);
  return {
    estimate,
    lower: lower - quadratureError,
    upper: upper + quadratureError,
    certified: false,
    standardError,
    quadratureError,
    confidence,
    order,
    runs,
    numMatvecs,
    seed,
  };
}

/**
 * tr f(A) of a symmetric operator by stochastic Lanczos quadrature (Ubaru, Chen & Saad 2017, "Fast estimation of tr(f(A)) via
 * stochastic Lanczos quadrature"): the mean over random start vectors w of the Gauss rule for w^T f(A) w, n times. Its
 * spread over start vectors is about sqrt(2 / runs) ||f(A)||_F; f should be smooth on the spectrum.
 *
 * @param f of a real number, finite on the spectrum of A
 * @example
 * const { estimate } = await traceFunction(A, (x) => Math.exp(-x), { order: 40, runs: 20 }); // tr exp(-A)
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for an operator that
 * is not symmetric or returns non-finite values and for an f that is not finite at a Ritz value; the signal's reason when
 * aborted.
 */
export function traceFunction(
  op: LinearOperator,
  f: (x: number) => number,
  options: TraceFunctionOptions = {},
): Promise<TraceFunctionResult> {
  return atDoor('traceFunction', async () => {
    if (typeof f !== 'function') return refuse('f', 'a function', f);
    const refusal = (node: number, value: number): NumericalError =>
      new NumericalError(`f is ${value} at ${node}, a Ritz value of the operator`, { node, value });
    return quadratureTrace(op, { f: (x) => f(x), refusal }, options);
  });
}

/**
 * log det A = tr log A of a symmetric positive definite operator, as {@link traceFunction} with f = log. As the derivatives of
 * log alternate in sign, a Gauss rule lies above each quadratic form and a Gauss-Radau rule with a node below the spectrum
 * lies below it (Golub & Meurant 2010, section 6): the quadrature error is bounded, not guessed. That node is where eigenvalues
 * can no longer be told from zero. The spread of the
 * estimate grows with the smallest eigenvalues' logarithms, its quadrature error with the condition number.
 *
 * @example
 * const { estimate, lower, upper } = await logdet(A, { order: 60, runs: 20 });
 * @throws as {@link traceFunction}, and NumericalError with the Ritz value that shows that A is not positive definite, or
 * singular to the rounding of its products.
 */
export function logdet(op: LinearOperator, options: TraceFunctionOptions = {}): Promise<TraceFunctionResult> {
  return atDoor('logdet', () => {
    const f = (ritzValue: number, rounding: number): number =>
      ritzValue > rounding ? Math.log(ritzValue) : Number.NaN;
    const remedy = 'Add a multiple of the identity, or use traceFunction with a function that is finite there';
    const refusal = (ritzValue: number, _: number, rounding: number): NumericalError => {
      const shown = `${ritzValue.toExponential(3)} (a Ritz value)`;
      const finding =
        ritzValue < -rounding
          ? `the operator is not positive definite: it has an eigenvalue of at most ${shown}`
          : `the operator is singular to the rounding of ${op.dtype}, ${rounding.toExponential(1)}: it has an eigenvalue near ${shown}`;
      return new NumericalError(`${finding}. ${remedy}`, { ritzValue, rounding });
    };
    return quadratureTrace(op, { f, refusal, isEnclosed: true }, options);
  });
}
