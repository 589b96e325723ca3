/** Leading eigenpairs of a symmetric operator by randomised block Krylov iteration. */

import { atDoor } from './core/door.ts';
import { supervise } from './core/schedule.ts';
import { iterate } from './eigsh/check.ts';
import { type EigshOptions, parseSearch } from './eigsh/options.ts';
import { type EigshResult, leadingPairs } from './eigsh/result.ts';
import { beginSearch } from './eigsh/search.ts';
import { Stopwatch } from './eigsh/stopwatch.ts';
import { FEW_COLUMNS, type KrylovContext } from './krylov/decomposition.ts';
import { selectKernels } from './linalg/kernels/select.ts';
import { atScale, scaledOperator } from './linops/at-scale.ts';
import type { LinearOperator } from './linops/operator.ts';
import { hostSpace } from './multivector/host.ts';

/** What of a result is in units of A. */
const LENGTHS = ['eigenvalues', 'residualNorms', 'noiseFloor', 'completeness.lowerBound', 'completeness.upperBound'];

/**
 * The `k` leading eigenpairs of a symmetric operator by block Krylov iteration from a random start, with full
 * reorthogonalisation (twice) and thick restarts: Golub & Underwood 1977, "The block Lanczos method for computing
 * eigenvalues"; Wu & Simon 2000, "Thick-restart Lanczos method for large symmetric eigenvalue problems"; Musco & Musco
 * 2015, "Randomized block Krylov methods for stronger and faster approximate singular value decomposition".
 *
 * Not reaching `tol` is no exception: a result that ran out of products, or was stopped by its signal, has what is there
 * with its residual norms. `apost(op, result)` certifies it.
 *
 * With `sigma` the pairs nearest to that number are found, by iterative solves with A - sigma I (`EigshOptions.sigma`).
 *
 * With `store` everything of size n lives in a directory of HDF5 files, and the same call goes on where it was stopped.
 *
 * @param op symmetric n x n operator
 * @param k eigenpairs, 1..n
 * @example
 * const { eigenvalues, residualNorms } = await eigsh(H, 10, { tol: 1e-3, seed: 1 });
 * @throws ArgumentError for options out of range, ShapeError for a rectangular operator, NumericalError for an operator
 * that is not symmetric or returns non-finite values, StoreError when the directory belongs to another search or operator,
 * is in use, damaged or cannot be written; the signal's reason when it was aborted before the first product.
 */
export function eigsh(op: LinearOperator, k: number, options: EigshOptions = {}): Promise<EigshResult> {
  return atDoor('eigsh', async () => {
    const { settings, seed, kernels: choice, store, memory, inverse, ...control } = parseSearch(op, k, options);
    control.signal?.throwIfAborted();
    const kernels = await selectKernels(choice);
    return supervise(control, async (control) => {
      const supervised = { ...settings, ...control };
      if (store !== undefined) {
        // HDF5 is loaded for those who use it
        const { storedEigsh } = await import('#store');
        const { op: A } = scaledOperator(op, { refuse: true });
        return storedEigsh({ op: A, settings: supervised, seed, kernels }, store, memory);
      }
      const stopwatch = new Stopwatch();
      const space = hostSpace(op.shape[0], op.dtype);
      if (inverse) {
        // solvers are loaded for those who use them
        const { nearestPairs } = await import('./on-demand.ts');
        const found = await nearestPairs(stopwatch.time(op), inverse, supervised, { space, seed, kernels });
        return { ...found, ...stopwatch.spent };
      }
      return atScale(stopwatch.time(op), LENGTHS, async (A) => {
        const context: KrylovContext = { op: A, space, seed, kernels, isNarrow: settings.blockSize <= FEW_COLUMNS };
        const reached = await iterate(await beginSearch(settings.blockSize, context), supervised, context);
        const result = await leadingPairs(reached, supervised, context);
        for (const block of [...reached.state.V, reached.state.W]) await space.release(block);
        return { ...result, ...stopwatch.spent };
      });
    });
  });
}
