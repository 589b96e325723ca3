/** The state of a search for eigenpairs between two products: plain data, and all that going on from there needs. */
import { begin, type Decomposition, type KrylovContext, randomColumns } from '../krylov/decomposition.ts';
import type { FreshRun } from '../krylov/fresh-run.ts';

/** A search after a product; what that product says is worked out from here, so it needs no product to be seen again. */
export interface Search {
  state: Decomposition;
  /** Products with single columns so far. */
  numMatvecs: number;
  restarts: number;
  /** What makes sure that nothing was missed, once the wanted pairs were converged for the first time. */
  check: Check | undefined;
}

/** Fresh runs outside the wanted pairs, one after the other. */
export interface Check {
  /** Runs begun. */
  runs: number;
  /** Products before the first. */
  firstProduct: number;
  /**
   * The run under way, or the one that has ended while pairs that its products have changed converge again; none while what
   * the last one found is converged.
   */
  run: FreshRun | undefined;
}

/** Is called after every product, so that a search can be continued elsewhere. */
export interface Journal {
  /** Keeps a search. Returns its decomposition, whose column blocks may lie elsewhere from now on. */
  keep(search: Search): Promise<Decomposition>;
}

/** A search before its first product: a block of random columns. */
export async function beginSearch(blockSize: number, context: KrylovContext): Promise<Search> {
  const state = await begin(await randomColumns(context, 0, blockSize), blockSize, context);
  return { state, numMatvecs: 0, restarts: 0, check: undefined };
}
