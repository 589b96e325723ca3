/** Method `krylov`: Rayleigh-Ritz on a block Krylov space (Musco & Musco 2015, algorithm 2). */
import type { Decomposition } from '../krylov/decomposition.ts';
import { leadingRitzPairs, ritzValues } from '../krylov/ritz.ts';
import { krylovSubspace } from '../krylov/subspace.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import type { MethodDescriptor, Run } from './method.ts';

/** Columns of a product: the accuracy depends on how often the operator was applied. */
const blockColumns = (dims: number): number => Math.ceil(dims / 10);

/** The decomposition A V = V H + W B, and the run whose operator it is of. */
export interface KrylovMeasured {
  state: Decomposition;
  run: Run;
}

/** As many products as columns, each with what the one before found new. */
export const krylovMethod: MethodDescriptor<'krylov', object, KrylovMeasured> = {
  name: 'krylov',
  summary: 'Rayleigh–Ritz on a block Krylov space; residual norms',
  products: 'k',
  options: () => ({}),
  // the basis, its rotation, a product and what is left of it
  cost: (k) => ({ products: k, columns: 2 * k + 3 * blockColumns(k), innerDims: 0, rank: k }),
  blockColumns,
  async measure(run) {
    const state = await krylovSubspace(run, { ...run });
    return { measured: { state, run }, numMatvecs: run.dims, sketchedAt: performance.now() };
  },
  async recover({ state, run }) {
    const { op, which, rank, dims } = run;
    const context = { ...run };
    const ritz = await ritzValues(state, which, context);
    const pairs = await leadingRitzPairs(state, ritz, which, rank ?? dims, context);
    refuseAsymmetry(op, pairs.coreAsymmetry);
    return { pairs, dropped: 0 };
  },
  hasResidualNorms: () => true,
};
