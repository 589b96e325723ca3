/** How long a search takes: its products, and everything else. */
import { derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { type EighResult, totalSeconds } from '../spectrum/result.ts';

/** Wall-clock seconds of a search. */
export interface SearchSeconds {
  /** Products with the operator. */
  products: number;
  /** Everything else. */
  other: number;
}

export class Stopwatch {
  readonly #startedAt = performance.now();
  readonly #before: SearchSeconds;
  #products = 0;

  /** @param before what was spent earlier, where a search is continued */
  constructor(before: SearchSeconds = { products: 0, other: 0 }) {
    this.#before = before;
  }

  /** The operator, the time of whose products is taken. */
  time(op: LinearOperator): LinearOperator {
    return derive(op, {
      matmat: async (X, out) => {
        const calledAt = performance.now();
        const Y = await op.matmat(X, out);
        this.#products += (performance.now() - calledAt) / 1000;
        return Y;
      },
    });
  }

  /** What was spent until now. */
  get spent(): Pick<EighResult<SearchSeconds>, 'seconds' | 'secondsByStage'> {
    const total = (performance.now() - this.#startedAt) / 1000;
    const secondsByStage = {
      products: this.#before.products + this.#products,
      other: this.#before.other + total - this.#products,
    };
    return { seconds: totalSeconds(secondsByStage), secondsByStage };
  }
}
