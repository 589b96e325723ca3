/**
 * Eigenpairs nearest to a number sigma: the search on B = (A - sigma I)^-1, whose products are iterative solves (Ericsson & Ruhe
 * 1980, "The spectral transformation Lanczos method"). The pairs come from a Rayleigh-Ritz step with A itself, so that
 * eigenvalues and residual norms rest on products with A only, however loose the solves were.
 *
 * What the solves leave behind is counted: a solve for b with the residual r gives B b - B r, so the products are those of
 * B + F with ||F v|| <= ||B|| ||r|| / ||b||. Bounds of what was missed are widened by that.
 */
import { type Block, type Matrix, zeros } from '../core/block.ts';
import { type FloatArray, unitRoundoff } from '../core/dtype.ts';
import { NumericalError } from '../core/errors.ts';
import { maximum } from '../core/extremes.ts';
import { vectorNorm } from '../core/vector-norm.ts';
import { type KrylovContext, randomColumns } from '../krylov/decomposition.ts';
import type { FreshRun } from '../krylov/fresh-run.ts';
import { leadingRitzPairs, SUM_ROUNDINGS } from '../krylov/ritz.ts';
import {
  asymmetryNorm,
  frobeniusNorm,
  relativeAsymmetry,
  scaleRows,
  selectColumns,
  symmetricPart,
  transpose,
} from '../linalg/small.ts';
import { applyOperator } from '../linops/apply.ts';
import { atScale } from '../linops/at-scale.ts';
import { defineOperator, derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { probeSymmetry, refuseAsymmetry } from '../linops/probes.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { columnNorms, gram, subtractTimes, times } from '../multivector/verbs.ts';
import { conjugateGradients } from '../solvers/conjugate-gradients.ts';
import { type SolverOptions, withSystem } from '../solvers/linear-system.ts';
import { minimalResiduals } from '../solvers/minimal-residuals.ts';
import type { SolveResult } from '../solvers/solve.ts';
import { chiSquareQuantile } from '../stats/distributions.ts';
import { levelAtLook } from '../stats/sequential.ts';
import { iterate } from './check.ts';
import type { Completeness } from './completeness.ts';
import type { SearchSettings, SearchState } from './iteration.ts';
import { type EigshResult, searchResult } from './result.ts';
import { beginSearch, type Check } from './search.ts';

/** How the inverse is applied. */
export interface InverseSettings {
  sigma: number;
  /** Residual norm of a solve, relative to that of its right-hand side. */
  innerTol: number;
  /** Positive definite, near (A - sigma I)^-1 or its magnitude. */
  preconditioner: LinearOperator | undefined;
}

/** Iterations of one solve at most. */
const MOST_ITERATIONS = 20_000;
/** Squares of what is larger, and of its reciprocal, are well inside of float64. */
const SMALL = 1e-140;
/** Roundings in a residual that is measured by a product, of what the product and the right-hand side are made of. */
const ROUNDINGS = 8;

/** ||x||, also where its square is beyond float64. */
function lengthOf(x: FloatArray): number {
  const length = vectorNorm(x);
  if (length > SMALL && length < 1 / SMALL) return length;
  const most = maximum(x.map(Math.abs));
  return most === 0 || !Number.isFinite(most) ? most : most * vectorNorm(x.map((value) => value / most));
}

/** What solves have spent and left. */
interface Spent {
  /** Products with A. */
  products: number;
  /** The sum of (||r|| / ||b||)^2 over all solves. */
  squares: number;
  /** The largest ||r|| / ||b||. */
  worst: number;
}

/** (A - sigma I)^-1 by iterative solves: cg where that is positive definite, else minres. */
function inverse(
  op: LinearOperator,
  { sigma, innerTol, preconditioner }: InverseSettings,
  { maxProducts, signal }: SearchSettings,
  spent: Spent,
): LinearOperator {
  const n = op.shape[0];
  // (A - sigma I) v may be larger than any seen
  let growth = Math.abs(sigma);
  const counted = derive(op, {
    selfAdjoint: true,
    matmat: async (X, out) => {
      spent.products += X.cols;
      const Y = await op.matmat(X, out);
      if (X.cols === 1) growth = Math.max(growth, Math.abs(sigma) + lengthOf(Y.data) / (lengthOf(X.data) || 1));
      return Y;
    },
  });
  const method = op.psd === true && sigma < 0 ? conjugateGradients : minimalResiduals;
  const solve = async (b: Float64Array): Promise<Float64Array> => {
    const size = lengthOf(b);
    if (size === 0) return b;
    const options: SolverOptions = {
      shift: -sigma,
      tol: innerTol,
      maxIterations: Math.max(1, Math.min(10 * n, MOST_ITERATIONS, maxProducts - spent.products)),
      ...(preconditioner ? { preconditioner } : {}),
      ...(signal ? { signal } : {}),
    };
    const { solution, residualNorm, status } = await withSystem<SolveResult>(counted, b, options, method);
    if (status === 'leastSquares') {
      throw new NumericalError(`sigma = ${sigma} is an eigenvalue, to rounding: A - sigma I has no inverse. Move it`, {
        sigma,
      });
    }
    if (status === 'negativeCurvature') {
      throw new NumericalError(
        'the operator declares psd, and its products show a negative direction. Leave psd out',
        {},
      );
    }
    const rounding = ROUNDINGS * unitRoundoff('float64') * (1 + (growth * lengthOf(solution)) / size);
    const left = residualNorm / size + rounding;
    spent.squares += left ** 2;
    spent.worst = Math.max(spent.worst, left);
    return solution;
  };
  const matmat = async (X: Block): Promise<Block> => {
    const Y = zeros(n, X.cols, 'float64');
    for (let j = 0; j < X.cols; j++) {
      const x = await solve(Float64Array.from({ length: n }, (_, i) => X.data[i * X.cols + j]!));
      for (let i = 0; i < n; i++) Y.data[i * X.cols + j] = x[i]!;
    }
    return Y;
  };
  return defineOperator('eigsh', { shape: [n, n], dtype: 'float64', selfAdjoint: true, matmat });
}

/** Rayleigh-Ritz with A on the span of V, at the scale that A is worked on. */
interface Projected {
  /** Ascending. */
  values: Float64Array;
  /** ||A v - theta v||, with its rounding. */
  residualNorms: Float64Array;
  /** The Ritz vectors are V U. */
  U: Matrix;
  asymmetry: number;
  /** Of A, for a unit vector: rounding, and what the core lacks in symmetry. */
  noise: number;
  /** Whether products carry more than rounding. */
  isNoisy: boolean;
  numMatvecs: number;
}

async function project(op: LinearOperator, V: Multivector, context: KrylovContext): Promise<Projected> {
  const { kernels, space } = context;
  const Z = await space.allocate(V.cols);
  await Z.writeColumns(0, await applyOperator(op, await V.readColumns(0, V.cols)));
  const H = await gram(V, Z, context);
  const asymmetry = relativeAsymmetry(H);
  refuseAsymmetry(op, asymmetry);
  const { values, vectors: U } = await kernels.eigh(symmetricPart(H));
  const lengths = await columnNorms(Z, context);
  const R = await times(Z, U, await space.allocate(V.cols), context);
  await subtractTimes(R, V, transpose(scaleRows(transpose(U), values)), context);
  const rounding = ROUNDINGS * (1 + Math.sqrt(V.cols)) * unitRoundoff('float64') * vectorNorm(lengths);
  const norms = await columnNorms(R, context);
  for (const block of [Z, R]) await space.release(block);
  const skew = asymmetryNorm(H) / Math.max(1, V.cols);
  return {
    values,
    residualNorms: norms.map((norm) => norm + rounding),
    U,
    asymmetry,
    noise: Math.max(rounding, skew * Math.sqrt(space.rows / 2)),
    isNoisy: await isNoisy(op, context),
    numMatvecs: V.cols + Math.min(NOISE_COLUMNS, space.rows),
  };
}

/** Random directions whose products show noise: 15 pairs. */
const NOISE_COLUMNS = 6;

/** Whether x^T A y and y^T A x of random directions differ by more than rounding. The core of a few pairs is too small to tell. */
async function isNoisy(op: LinearOperator, context: KrylovContext): Promise<boolean> {
  const X = await randomColumns(context, 0, Math.min(NOISE_COLUMNS, context.space.rows));
  const Y = await context.space.allocate(X.cols);
  await Y.writeColumns(0, await applyOperator(op, await X.readColumns(0, X.cols)));
  const G = await gram(X, Y, context);
  const [lengths, products] = [await columnNorms(X, context), await columnNorms(Y, context)];
  for (const block of [X, Y]) await context.space.release(block);
  const k = X.cols;
  if (k < 2) return false;
  const inverses = lengths.map((length) => 1 / length);
  // of the vectors at length one
  const forms = scaleRows(transpose(scaleRows(G, inverses)), inverses);
  const scale = maximum(products.map((length, i) => length * inverses[i]!));
  return asymmetryNorm(forms) / Math.sqrt(k * (k - 1)) > SUM_ROUNDINGS * unitRoundoff('float64') * scale;
}

/**
 * B v / theta in place of each Ritz vector v, which costs no product: B V s = theta V s + W (B s). What v has outside the wanted
 * eigenvectors is of no size beside B, but A would make it large (Ericsson & Ruhe 1980, section 4).
 */
async function purify(vectors: Multivector, { state, ritz }: SearchState, context: KrylovContext): Promise<void> {
  if (state.W.cols === 0) return;
  const leading = Array.from({ length: vectors.cols }, (_, i) => i);
  const S = selectColumns(ritz.S, leading, (i) => -1 / ritz.values[i]!);
  await subtractTimes(vectors, state.W, await context.kernels.gemm(state.B, S), context);
}

/** What is known of B from its search. */
interface InverseSearch {
  V: Multivector;
  /** Upper bounds of ||B + F||, F what the solves left, and of all but `count` of its eigenvalues, in magnitude. */
  largest: number;
  beyond: number | undefined;
  stopped: 'maxProducts' | 'signal' | undefined;
  completeness: Completeness | undefined;
  restarts: number;
  columns: number;
  numMatvecs: number;
}

/**
 * A distance from sigma within which at most `count` eigenvalues of A lie.
 *
 * F. The solves give B V + E = V H + W R with ||E||_F <= ||B|| rho, and F = E V^T. A restart to Ritz vectors S of sym(H) keeps
 * S^T H S: of V^T E it drops the columns outside S and halves what these have in the rows of S, so ||E||_F does not grow.
 *
 * One symmetric operator. A run and its Ritz vectors see sym H and R of its beginning, and of the products since then the
 * coefficients in the lower triangle, mirrored. The symmetric operator that has all of these exactly is within
 * sqrt(2) ||E||_F of B, and so is its part outside these vectors, C, of that of B. e = 4 ||B|| rho is above that.
 *
 * Overlaps. A unit eigenvector w of C has the overlap 2 x with the run's Gaussian start g but with twice the probability at which
 * it is below x (a normal density is largest at 0), so with x from the run's bound at half the miss the whole one is kept to.
 * The operator of the run moves w by at most e: all of w but a part of length 1 / c lies in eigenvectors of it within c e of the
 * eigenvalue. With c = ||g|| / x that part takes at most x from the overlap, and x is left for what is near, which the bound then
 * excludes beyond itself. So C is bounded by the run's bounds and c e, all but `count` eigenvalues of B are at most
 * `beyond` + (c + 1) e in magnitude, and ||B|| <= `largest` + (c + 1) e.
 *
 * @param check its last run is the one that bounds C
 * @param confidence of the run, which spends half of what is left of it on each end
 */
export function radiusOf(
  { largest, beyond }: Pick<InverseSearch, 'largest' | 'beyond'>,
  check: { runs: number; run: Pick<FreshRun, 'length'> | undefined } | undefined,
  confidence: number,
  rho: number,
): number {
  if (beyond === undefined) return 0;
  const level = check === undefined ? 0 : levelAtLook(confidence, check.runs, 2);
  const reach = check?.run === undefined ? 0 : check.run.length / Math.sqrt(chiSquareQuantile(1 - level, 1));
  const share = 4 * (reach + 1) * rho;
  if (share >= 1) return 0;
  return 1 / (beyond + (share * largest) / (1 - share));
}

/** Of the last returned pair's distance: what is nearer than this and missing would be noticed, where a result is complete. */
const NEARLY = 0.99;

/**
 * The `count` eigenpairs of A nearest to sigma, the nearest first.
 * @throws NumericalError where sigma is an eigenvalue to rounding, and for an operator that is not symmetric.
 */
export async function nearestPairs(
  op: LinearOperator,
  how: InverseSettings,
  settings: SearchSettings,
  context: Omit<KrylovContext, 'op'>,
): Promise<EigshResult> {
  const { sigma } = how;
  const { count, tol, confidence, maxProducts, blockSize } = settings;
  const spent: Spent = { products: await probeSymmetry(op, context.seed), squares: 0, worst: 0 };
  // half of what may go wrong is left for the overlap that loose solves take from a run
  const level = confidence === 0 ? 0 : 1 - (1 - confidence) / 2;
  let check: Check | undefined;
  let before = 0;
  const search = await atScale<InverseSearch>(
    inverse(op, how, settings, spent),
    ['largest', 'beyond'],
    async (B): Promise<InverseSearch> => {
      const inner: KrylovContext = { ...context, op: B };
      const asked: SearchSettings = {
        ...settings,
        which: 'LM',
        tol: tol / 10,
        confidence: level,
        isInexact: true,
        get maxProducts() {
          return spent.products >= maxProducts ? 0 : Number.POSITIVE_INFINITY;
        },
      };
      const reached = await iterate(await beginSearch(blockSize, inner), asked, inner, {
        keep: async (kept) => {
          check = kept.check;
          if (check === undefined) before = spent.products;
          return kept.state;
        },
      });
      const { state, ritz, completeness, status, restarts, numMatvecs } = reached;
      const { vectors } = await leadingRitzPairs(state, ritz, 'LM', count, inner);
      await purify(vectors, reached, inner);
      const beyond = completeness?.upperBound;
      const result = {
        V: (await orthonormalise(vectors, context.space, context)).basis,
        largest: Math.max(Math.abs(ritz.values[0]!), beyond ?? 0) + frobeniusNorm(state.B),
        beyond,
        stopped: status === 'maxProducts' || status === 'signal' ? status : undefined,
        completeness,
        restarts,
        columns: state.H.rows,
        numMatvecs,
      };
      for (const block of [...state.V, state.W]) await context.space.release(block);
      return result;
    },
  );
  const { V, completeness: found, stopped } = search;
  const projected = await atScale(op, ['values', 'residualNorms', 'noise'], (A) =>
    project(A, V, { ...context, op: A }),
  );
  const distance = (value: number): number => Math.abs(value - sigma);
  const order = Array.from(projected.values.keys()).sort(
    (i, j) => distance(projected.values[i]!) - distance(projected.values[j]!),
  );
  const values = Float64Array.from(order, (i) => projected.values[i]!);
  const residualNorms = Float64Array.from(order, (i) => projected.residualNorms[i]!);
  const verbs = { ...context };
  const rotation = selectColumns(projected.U, order, () => 1);
  const vectors = await times(V, rotation, await context.space.allocate(order.length), verbs);
  await context.space.release(V);
  const isGood = (value: number, norm: number): boolean =>
    norm <= Math.max(tol * Math.max(Math.abs(value), distance(value)), projected.noise);
  const numConverged = residualNorms.filter((norm, i) => isGood(values[i]!, norm)).length;
  const last = distance(values.at(-1) ?? sigma);
  // the noise of A itself is in every solve too: beside a unit right-hand side, on a solution of length ||B|| at most
  const rho = Math.sqrt(spent.squares) + Math.sqrt(search.numMatvecs) * projected.noise * search.largest;
  // solves with an operator whose noise is no rounding leave what no residual shows
  const radius = projected.isNoisy ? 0 : radiusOf(search, check, level, rho);
  const complete = found?.complete === true && numConverged === count && radius >= NEARLY * last;
  const each = spent.products / Math.max(1, search.numMatvecs);
  const completeness: Completeness | undefined = found && {
    confidence: found.confidence === 1 ? 1 : confidence,
    radius,
    complete,
    ...(found.productsNeeded === undefined ? {} : { productsNeeded: Math.ceil(found.productsNeeded * each) }),
    numMatvecs: spent.products - before,
  };
  const noiseFloor = projected.noise + spent.worst * last;
  const ended = {
    numMatvecs: spent.products + projected.numMatvecs,
    dims: search.columns,
    blockSize,
    count,
    numConverged,
    status: stopped ?? (numConverged === count ? 'converged' : 'noise'),
    tol,
    sigma,
    noiseFloor,
    restarts: search.restarts,
    ...(completeness ? { completeness } : {}),
  } as const;
  const pairs = { values, vectors, residualNorms, coreAsymmetry: projected.asymmetry, noiseFloor };
  return searchResult(op, pairs, ended, context);
}
