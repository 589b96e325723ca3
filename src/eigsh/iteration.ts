/** An eigenpair search under way: its settings, its state, and its single steps. */
import { zeroMatrix } from '../core/block.ts';
import { maximum, minimum } from '../core/extremes.ts';
import { breathe, type Control } from '../core/schedule.ts';
import { asymmetryOfCore, compress, type Decomposition, expand, type KrylovContext } from '../krylov/decomposition.ts';
import { record } from '../krylov/fresh-run.ts';
import { type Floors, floorsOf, type RitzValues, ritzValues, roundingOf } from '../krylov/ritz.ts';
import type { KrylovWhich } from '../krylov/which.ts';
import { identity, subMatrix } from '../linalg/small.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import type { Completeness } from './completeness.ts';
import type { Check, Journal, Search } from './search.ts';

/** What is wanted, and what it may cost. */
export interface SearchSettings extends Control {
  /** Eigenpairs. */
  count: number;
  which: KrylovWhich;
  /** A pair is good when ||A v - theta v|| <= tol |theta|. */
  tol: number;
  /** Probability that nothing was missed; 0 for no check. */
  confidence: number;
  /**
   * Products of one run of the check at most: where the bound is not there by then, it is stated as it is. Infinite where a
   * confidence was asked for.
   */
  checkSteps: number;
  /** Columns of one product. */
  blockSize: number;
  /** Columns of the basis at most, before it is restarted. */
  basisColumns: number;
  /** Products with single columns at most. */
  maxProducts: number;
  /** Products are approximate: what they lack in symmetry is noise, and no operator that is not symmetric. */
  isInexact?: boolean;
}

/**
 * Why an iteration ended: every pair reached `tol` or the rounding of its element type; the operator's noise does not let
 * them; the products were spent; the caller's signal was aborted.
 */
export type EigshStatus = 'converged' | 'noise' | 'maxProducts' | 'signal';

/** What an iteration has come to. */
export interface SearchState {
  state: Decomposition;
  ritz: RitzValues;
  floors: Floors;
  numMatvecs: number;
  restarts: number;
  status: EigshStatus;
  completeness?: Completeness;
}

/** Indices of those of the first `count` pairs whose residual is above `tol` of their value and above `floor`. */
export function unconvergedOf(
  { values, residualNorms }: RitzValues,
  count: number,
  tol: number,
  floor: number,
): number[] {
  const wanted = Array.from(values.subarray(0, count).keys());
  return wanted.filter((i) => residualNorms[i]! > Math.max(tol * Math.abs(values[i]!), floor));
}

/**
 * How many columns a restart keeps: the wanted ones, and as many of the next, up to half way to what fits, as make the first
 * wanted pair that is not there grow the most until the following restart, by the Chebyshev polynomial on the Ritz values that
 * are dropped, whose degree is the number of steps until then (Wu & Simon 1999, "Dynamic restarting schemes for eigenvalue
 * problems"). Always half way takes more products where the basis is narrow.
 */
function columnsKept(
  { values }: RitzValues,
  first: number,
  { count, basisColumns, blockSize }: SearchSettings,
): number {
  const target = values[first] ?? 0;
  const most = Math.max(1, Math.min(Math.ceil((count + basisColumns) / 2), basisColumns - blockSize));
  let [best, kept] = [0, most];
  for (let columns = Math.min(count, most); columns <= most; columns++) {
    const dropped = values.subarray(columns);
    const [lower, upper] = [minimum(dropped), maximum(dropped)];
    const distance = Math.max(lower - target, target - upper, 0);
    const growth = (basisColumns - columns) * Math.acosh(1 + (2 * distance) / (upper - lower));
    if (growth > best && growth < Number.POSITIVE_INFINITY) [best, kept] = [growth, columns];
  }
  return kept;
}

const NOTHING: RitzValues = { values: new Float64Array(0), residualNorms: new Float64Array(0), S: zeroMatrix(0, 0) };

/** A search under way. */
export class Iteration {
  state: Decomposition;
  ritz: RitzValues = NOTHING;
  floors: Floors = { rounding: 0, noise: 0 };
  numMatvecs: number;
  restarts: number;
  check: Check | undefined;
  readonly settings: SearchSettings;
  readonly context: KrylovContext;
  readonly #journal: Journal | undefined;

  constructor(search: Search, settings: SearchSettings, context: KrylovContext, journal: Journal | undefined) {
    this.state = search.state;
    this.numMatvecs = search.numMatvecs;
    this.restarts = search.restarts;
    this.check = search.check;
    this.settings = settings;
    this.context = context;
    this.#journal = journal;
  }

  /** Multiplies the last `columns` of W and updates the Ritz pairs. */
  async step(columns: number): Promise<void> {
    const { settings, context } = this;
    this.numMatvecs += columns;
    this.state = await expand(this.state, context, columns);
    if (!settings.isInexact) refuseAsymmetry(context.op, asymmetryOfCore(this.state));
    const run = this.check?.run;
    if (run && !run.ended) record(run, this.state, roundingOf(this.state));
    const { state, numMatvecs, restarts, check } = this;
    if (this.#journal) this.state = await this.#journal.keep({ state, numMatvecs, restarts, check });
    await this.updateRitzPairs();
    settings.onProgress?.({
      stage: 'krylov',
      done: Math.min(settings.count, this.order) - this.unconverged.length,
      total: settings.count,
      numMatvecs: this.numMatvecs,
      worstResidual: this.worstResidual,
    });
    await breathe();
  }

  /** What the decomposition says about eigenvalues. */
  async updateRitzPairs(): Promise<void> {
    this.ritz = await ritzValues(this.state, this.settings.which, this.context);
    this.floors = floorsOf(this.state);
  }

  /** Largest residual norm of a wanted pair, relative to its eigenvalue. */
  get worstResidual(): number {
    const { values, residualNorms } = this.ritz;
    const wanted = residualNorms.subarray(0, this.settings.count);
    return wanted.reduce((worst, norm, i) => Math.max(worst, norm === 0 ? 0 : norm / Math.abs(values[i]!)), 0);
  }

  get order(): number {
    return this.state.H.rows;
  }

  /** Wanted pairs that are there and not yet good enough. */
  get unconverged(): number[] {
    return unconvergedOf(this.ritz, this.settings.count, this.settings.tol, this.floors.noise);
  }

  get hasConverged(): boolean {
    return this.order >= this.settings.count && this.unconverged.length === 0;
  }

  /** Why the next step, of so many columns, must not be made. */
  refusal(columns: number): EigshStatus | undefined {
    if (this.numMatvecs + columns > this.settings.maxProducts) return 'maxProducts';
    return this.settings.signal?.aborted ? 'signal' : undefined;
  }

  /** Keeps the leading Ritz vectors only. What a run has found of the rest does not hold for the directions that are dropped. */
  async restart(): Promise<void> {
    if (this.check) this.check = { ...this.check, run: undefined };
    const { values, residualNorms, S } = this.ritz;
    const first = this.unconverged[0] ?? 0;
    const kept = Math.min(this.order, columnsKept(this.ritz, first, this.settings));
    this.state = await compress(this.state, subMatrix(S, 0, this.order, 0, kept), this.context);
    const [restValues, restNorms] = [values.subarray(0, kept), residualNorms.subarray(0, kept)];
    this.ritz = { values: restValues, residualNorms: restNorms, S: identity(kept) };
    this.restarts++;
  }

  finish(stopped?: EigshStatus, completeness?: Omit<Completeness, 'numMatvecs'>): SearchState {
    const { state, ritz, floors, numMatvecs, restarts, settings, check } = this;
    const isConverged = unconvergedOf(ritz, settings.count, settings.tol, floors.rounding).length === 0;
    return {
      ...{ state, ritz, floors, numMatvecs, restarts },
      status: stopped ?? (isConverged ? 'converged' : 'noise'),
      ...(completeness
        ? { completeness: { ...completeness, numMatvecs: numMatvecs - (check?.firstProduct ?? numMatvecs) } }
        : {}),
    };
  }
}
