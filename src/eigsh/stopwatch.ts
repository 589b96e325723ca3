/** How long a search takes: its products, and everything else. */
import { derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { SketchSeconds } from '../spectrum/result.ts';

export class Stopwatch {
  readonly #startedAt = performance.now();
  readonly #before: SketchSeconds;
  #products = 0;

  /** @param before what was spent earlier, where a search is continued */
  constructor(before: SketchSeconds = { sketch: 0, recovery: 0 }) {
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
  get seconds(): SketchSeconds {
    const total = (performance.now() - this.#startedAt) / 1000;
    return {
      sketch: this.#before.sketch + this.#products,
      recovery: this.#before.recovery + total - this.#products,
    };
  }
}
