/** Sketches of tall panels on worker threads; the sum stays in their memory from panel to panel. */
import { type Block, copyColumns, type Matrix, zeroMatrix } from '../../../core/block.ts';
import { Engine, type Job } from './engine.ts';
import { compileModule } from './module.ts';
import { teamSize } from './team-size.ts';

/** Where the strata of S lie: `strata` of `stratum` rows each, one entry of every column of S in each. */
export interface Strata {
  strata: number;
  stratum: number;
}

/** Columns of a tile of the sum: what a thread adds to in random order is then a megabyte for two thousand columns, and contiguous. */
const WIDTH = 32;

/** Bytes of a sum from which on threads are started anew for the next: their memory never shrinks. */
const LARGE_SUM = 2 ** 25;

/** The threads that sketch, with a memory of their own, which holds one sum at a time. */
export class SketchEngine {
  readonly #start: () => Engine;
  #engine: Engine | undefined;
  #turn: Promise<unknown> = Promise.resolve();

  constructor(start: () => Engine) {
    this.#start = start;
  }

  /** S Y, strata stratum x k, of what `feed` adds: float32 panels of k columns with the number of their first row. */
  sketch(
    { strata, stratum }: Strata,
    k: number,
    feed: (add: (panel: Block, firstRow: number) => Promise<void>) => Promise<void>,
  ): Promise<Matrix> {
    const S = zeroMatrix(strata * stratum, k);
    const sumBytes = S.data.byteLength;
    let isFirst = true;
    const run = (
      engine: Engine,
      { rows, data }: Pick<Block, 'rows' | 'data'>,
      firstRow: number,
      store: Job['store'],
    ): Promise<void> =>
      engine.run({
        bytes: sumBytes + data.byteLength,
        work: Number.POSITIVE_INFINITY,
        load(memory, base) {
          const Y = base + sumBytes;
          new Float32Array(memory, Y, data.length).set(data);
          const args = { Y, rows, k, firstRow, sum: base, strata, stratum, width: WIDTH, isFirst };
          isFirst = false;
          return { program: 'sketchRows', args };
        },
        store,
      });
    const sketched = this.#turn.then(async () => {
      this.#engine ??= this.#start();
      const engine = this.#engine;
      try {
        await feed((panel, firstRow) => run(engine, panel, firstRow, () => {}));
        await run(engine, { rows: 0, data: new Float32Array(0) }, 0, (memory, base) => {
          for (let first = 0; first < k; first += WIDTH) {
            const cols = Math.min(WIDTH, k - first);
            const data = new Float64Array(memory, base + 8 * first * S.rows, S.rows * cols);
            copyColumns({ rows: S.rows, cols, data }, 0, cols, S, first);
          }
        });
        return S;
      } finally {
        if (sumBytes >= LARGE_SUM) {
          this.#engine = undefined;
          await engine.close();
        }
      }
    });
    this.#turn = sketched.catch(() => {});
    return sketched;
  }
}

let loaded: Promise<SketchEngine> | undefined;

/**
 * The one engine of this process; its threads start with a sketch and do not keep the process alive.
 * @throws UnsupportedError where WebAssembly has no SIMD, no threads or no shared memory.
 */
export function loadSketchEngine(): Promise<SketchEngine> {
  loaded ??= compileModule().then((module) => new SketchEngine(() => new Engine(module, teamSize())));
  return loaded;
}
