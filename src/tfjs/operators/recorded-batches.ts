/**
 * The batches of a problem as they are recorded one by one: kept on the device while they fit in memory, or recorded again
 * for every product. What Hessians, Gauss-Newton matrices and Jacobians have in common.
 */
import { memory } from '@tensorflow/tfjs-core';
import { asDType, type Block } from '../../core/block.ts';
import { ArgumentError } from '../../core/errors.ts';
import type { LinearMap } from '../autodiff/linearise.ts';
import type { Term } from '../autodiff/objective.ts';
import { currentBackend } from '../backends/current.ts';
import { noData } from '../problem/data.ts';
import type { Problem } from '../problem/problem.ts';
import { ColumnLimit, type Columns } from './column-limit.ts';
import { fingerprint } from './fingerprint.ts';

/** What a batch leaves on the device. */
export type Kept = Pick<LinearMap, 'bytesPerColumn' | 'largestPerColumn' | 'dispose'>;

/** A batch that has just been recorded: what is kept of it, and what only the first pass reads. */
export interface Recorded<P extends Kept> {
  readonly product: P;
}

/** How batches are recorded. */
export interface Recording<P extends Kept, R extends Recorded<P>> {
  /** Records a batch, whose weight is relative to the first one's. */
  readonly record: (term: Term, index: number) => R;
  /** Releases what a recorded batch has beside its product. */
  readonly discard: (recorded: R) => void;
}

/** Where recorded batches are kept. */
export interface Keeping {
  /** Always, never, or (undefined) while they take at most half of `memory`. */
  readonly cache: boolean | undefined;
  /** Bytes of the device to use. */
  readonly memory: number;
}

/** Reads a recorded batch and takes over what it has beside its product. */
export type Visit<R> = (recorded: R, index: number, weight: number) => void | Promise<void>;

/** @throws ArgumentError when a later pass over the data has another number of batches than the first */
function checkCount(first: number, later: number): void {
  if (first === later) return;
  throw new ArgumentError(
    `data gave ${first} batches on the first pass and ${later} on a later one; pass an array, or a function that returns ` +
      'a fresh generator each time, not a generator object',
    { first, later },
  );
}

/** The recorded batches of an operator. */
export class RecordedBatches<P extends Kept, R extends Recorded<P>> {
  readonly #problem: Problem;
  readonly #recording: Recording<P, R>;
  readonly #keepBytes: number;
  readonly #limit: ColumnLimit;
  readonly #release: () => void;
  /** All of them, if they are kept. */
  #kept: readonly P[] | undefined;
  #count = 0;
  #firstWeight = 1;
  /** Of the data of the first pass, if it took them. */
  #fingerprints: number[] = [];
  /** The data of the parameters when they were recorded: another identity means that they were assigned. */
  #recordedAt: readonly object[] = [];
  #bytesPerColumn = 1;
  #largestPerColumn = 1;
  #users = 0;
  #disposed = false;

  /**
   * @param operator what warnings call the operator
   * @param release called once when everything is released
   */
  constructor(
    operator: string,
    problem: Problem,
    recording: Recording<P, R>,
    { cache, memory: bytes }: Keeping,
    release: () => void = () => {},
  ) {
    this.#problem = problem;
    this.#recording = recording;
    this.#keepBytes = cache === undefined ? bytes / 2 : cache ? Number.POSITIVE_INFINITY : -1;
    this.#limit = new ColumnLimit(operator, bytes / 2);
    this.#release = release;
  }

  /**
   * The first pass: records every batch, lets `visit` read it, and keeps the batches that fit.
   * @param recognise whether a later pass shall know data that are the same
   * @throws ArgumentError for data without a batch
   */
  async first(visit: Visit<R>, recognise = false): Promise<void> {
    this.forget();
    this.#recordedAt = this.#problem.leaves.map(({ dataId }) => dataId);
    this.checkPoint();
    let kept: P[] | undefined = [];
    const drop = (): void => {
      for (const product of kept ?? []) product.dispose();
      kept = undefined;
    };
    let [count, bytes] = [0, 0];
    this.#fingerprints = [];
    try {
      for await (const term of this.#problem.terms()) {
        if (recognise) this.#fingerprints.push(await fingerprint(term.data));
        if (count === 0) this.#firstWeight = term.weight;
        const before = memory().numBytes;
        const recorded = this.#record(term, count);
        bytes += memory().numBytes - before;
        const { product } = recorded;
        kept?.push(product);
        try {
          await visit(recorded, count, term.weight / this.#firstWeight);
        } finally {
          if (kept === undefined) product.dispose();
        }
        this.#bytesPerColumn = Math.max(this.#bytesPerColumn, product.bytesPerColumn);
        this.#largestPerColumn = Math.max(this.#largestPerColumn, product.largestPerColumn);
        if (bytes > this.#keepBytes) drop();
        count++;
      }
      if (count === 0) throw noData();
    } catch (error) {
      drop();
      throw error;
    }
    this.#kept = kept;
    this.#count = count;
  }

  /**
   * One more pass, whether or not batches are kept.
   * @param others records every batch but the first, which is recorded as before
   * @param mayLeaveOut which of the others are left out, if they are kept and their data are the same
   */
  async again(
    visit: Visit<R>,
    others: Recording<P, R>['record'],
    mayLeaveOut: (index: number) => boolean,
  ): Promise<void> {
    const record: typeof others = (term, index) => (index === 0 ? this.#recording.record : others)(term, index);
    const leftOut = async ({ data }: Term, index: number): Promise<boolean> =>
      index > 0 &&
      this.#kept !== undefined &&
      mayLeaveOut(index) &&
      (await fingerprint(data)) === this.#fingerprints[index];
    for await (const { recorded, index, weight } of this.#anew(record, leftOut)) await visit(recorded, index, weight);
  }

  /** The products one after the other: the kept ones, or each recorded anew and released after its turn. */
  async *products(): AsyncGenerator<P> {
    this.checkPoint();
    if (this.#kept) {
      yield* this.#kept;
      return;
    }
    for await (const { recorded } of this.#anew()) {
      this.#recording.discard(recorded);
      yield recorded.product;
    }
  }

  /** Columns of a block in parts that fit in half of the memory. */
  split(X: Block): Columns[] {
    return this.#limit.split(asDType(X, 'float32'), this.#bytesPerColumn, this.#largestPerColumn);
  }

  /**
   * A product with `cols` columns. What the batches hold stays until it has ended, also when `dispose` is called meanwhile.
   * @throws ArgumentError after `dispose`, DeviceError when the device fails
   */
  multiply<T>(cols: number, product: () => Promise<T>): Promise<T> {
    return this.use(() => this.attempt(cols, product));
  }

  /** The same for a part of work that {@link use} does. */
  attempt<T>(cols: number, product: () => Promise<T>): Promise<T> {
    return this.#limit.attempt(cols, () => currentBackend().onDevice(product));
  }

  /** Does `work`, during which the batches stay. @throws ArgumentError after `dispose` */
  async use<T>(work: () => Promise<T>): Promise<T> {
    if (this.#disposed) throw new ArgumentError('the operator is disposed; make a new one');
    this.#users++;
    try {
      return await work();
    } finally {
      this.#users--;
      this.#free();
    }
  }

  /** Releases everything, now or as soon as nobody uses it. It cannot be used afterwards. */
  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#free();
  }

  /** Releases the kept batches, which are recorded again by the next first pass. */
  forget(): void {
    for (const product of this.#kept ?? []) product.dispose();
    this.#kept = undefined;
  }

  #free(): void {
    if (!this.#disposed || this.#users > 0) return;
    this.forget();
    this.#release();
  }

  #record(term: Term, index: number, record = this.#recording.record): R {
    try {
      // Relative to the first weight: one batch then needs no factor at all.
      return record({ ...term, weight: term.weight / this.#firstWeight }, index);
    } finally {
      term.release();
    }
  }

  /** Each batch recorded anew, its product released after its turn. */
  async *#anew(
    record = this.#recording.record,
    leftOut?: (term: Term, index: number) => Promise<boolean>,
  ): AsyncGenerator<{ recorded: R; index: number; weight: number }> {
    let count = 0;
    for await (const term of this.#problem.terms()) {
      const index = count++;
      if (index >= this.#count) checkCount(this.#count, count);
      if (await leftOut?.(term, index)) {
        term.release();
        continue;
      }
      const recorded = this.#record(term, index, record);
      try {
        yield { recorded, index, weight: term.weight / this.#firstWeight };
      } finally {
        recorded.product.dispose();
      }
    }
    checkCount(this.#count, count);
  }

  /** @throws ArgumentError when a parameter is no longer what it was when the batches were recorded */
  checkPoint(): void {
    const { leaves, layout } = this.#problem;
    const moved = leaves.findIndex((leaf, i) => leaf.isDisposed || leaf.dataId !== this.#recordedAt[i]);
    if (moved < 0) return;
    const { name } = layout[moved]!;
    throw new ArgumentError(
      `parameter '${name}' was ${leaves[moved]!.isDisposed ? 'disposed' : 'assigned since the batches were recorded'}; the ` +
        'operator belongs to one point: dispose it and make a new one',
      { parameter: name },
    );
  }
}
