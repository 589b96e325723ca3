/** Means and spreads of many samples of a vector, entry by entry. */

/** Means and standard errors of the samples of every entry. */
export interface DiagonalEstimate {
  means: Float64Array;
  standardErrors: Float64Array;
  samples: number;
}

/** Means and sums of squared deviations, updated one sample at a time (Welford 1962). */
export class EntryStatistics {
  readonly #means: Float64Array;
  readonly #squares: Float64Array;

  constructor(n: number) {
    this.#means = new Float64Array(n);
    this.#squares = new Float64Array(n);
  }

  /** Takes the `count`-th sample (1, 2, ...) of an entry. */
  add(entry: number, value: number, count: number): void {
    const before = value - this.#means[entry]!;
    this.#means[entry]! += before / count;
    this.#squares[entry]! += before * (value - this.#means[entry]!);
  }

  /** What `samples` samples of every entry say; a single one is all there is for n = 1, and exact. */
  estimate(samples: number): DiagonalEstimate {
    return {
      means: this.#means.slice(),
      standardErrors: this.#squares.map((square) =>
        samples === 1 ? 0 : Math.sqrt(square / (samples * (samples - 1))),
      ),
      samples,
    };
  }
}
