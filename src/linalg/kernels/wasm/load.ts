/** The embedded default provider: SIMD kernels in WebAssembly on threads over one shared memory. */
import type { Block } from '../../../core/block.ts';
import type { Distribution, StreamKey } from '../../../core/random.ts';
import { addColumnOverlap, addRowOverlap, subtractColumn, subtractRows } from '../column.ts';
import type { Kernels } from '../provider.ts';
import { threadColumns } from './columns.ts';
import { eigh } from './eigh/solve.ts';
import { Engine } from './engine.ts';
import { compileModule } from './module.ts';
import { addGram, addOverlap, gemm, solve, subtract, subtractColumns, times } from './products.ts';
import { fillColumns, OWN_PANEL, TEAM_PANEL, workOf } from './random.ts';
import { teamSize } from './team-size.ts';

/** A provider that also fills random columns, and can release what it holds. */
export interface WasmKernels extends Kernels {
  /** Fills a block as `fillRandom` of core/ does, to the bit. */
  fillColumns(block: Block, distribution: Distribution, key: StreamKey, firstColumn: number): Promise<void>;
  /** Ends the worker threads and frees the memory when the calls under way are done; a later call starts anew. */
  close(): Promise<void>;
}

/** Operations for random numbers that take about as long as threads take to start, which nothing else may ask for. */
const START_WORK = 1e9;

async function start(): Promise<WasmKernels> {
  const size = teamSize();
  const module = await compileModule();
  let current: Engine | undefined = new Engine(module, size);
  const engine = (): Engine => {
    current ??= new Engine(module, size);
    return current;
  };
  let filled = 0;
  return {
    name: size === 0 ? 'wasm (calling thread)' : `wasm (${size} thread${size === 1 ? '' : 's'})`,
    addGram: async (X, Y, G, symmetric?: boolean) =>
      Y.cols === 1 ? addColumnOverlap(X, Y, G) : addGram(engine(), X, Y, G, symmetric),
    times: (X, C, out) => times(engine(), X, C, out),
    solve: (X, R) => solve(engine(), X, R),
    subtract: async (X, C, Z) => (Z.cols === 1 ? subtractColumn(X, C, Z) : subtract(engine(), X, C, Z)),
    addOverlap: async (V, X, S) => (X.cols === 1 ? addRowOverlap(V, X, S) : addOverlap(engine(), V, X, S)),
    subtractColumns: async (V, C, X) => (X.cols === 1 ? subtractRows(V, C, X) : subtractColumns(engine(), V, C, X)),
    columns: threadColumns,
    gemm: (A, B, options) => gemm(engine(), A, B, options),
    eigh: (A) => eigh(engine(), A),
    fillColumns: (block, distribution, key, firstColumn) => {
      filled += workOf(block, distribution);
      const panel = engine().hasTeam || filled > START_WORK ? TEAM_PANEL : OWN_PANEL;
      return fillColumns(engine(), block, distribution, key, firstColumn, panel);
    },
    close: async () => {
      const closing = current;
      current = undefined;
      await closing?.close();
    },
  };
}

let loaded: Promise<WasmKernels> | undefined;

/**
 * The provider `'wasm'`, the same one for every caller. Threads start with the first call that is worth them and do not
 * keep the process alive. The number of threads is what the machine has, at most 8; EIGENSKETCH_THREADS overrides it.
 * @throws UnsupportedError where WebAssembly has no SIMD, no threads or no shared memory; ArgumentError for a value of
 * EIGENSKETCH_THREADS that is no thread count.
 */
export function loadWasmKernels(): Promise<WasmKernels> {
  loaded ??= start();
  return loaded;
}
