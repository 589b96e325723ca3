/** A preconditioner from a low-rank sketch. */

import type { Block } from '../core/block.ts';
import { asDType } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { isFloatArray } from '../core/dtype.ts';
import { ArgumentError } from '../core/errors.ts';
import { asRecord, type Field, parseOptions, refuse, withDefault } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { defineOperator, type Operator } from '../linops/define.ts';
import { applyLowRank } from '../linops/low-rank.ts';
import type { Multivector } from '../multivector/multivector.ts';

/** What the preconditioner needs of a sketch: any result of `seigh` has it. */
export interface LowRankEigenpairs {
  /** Length r. */
  eigenvalues: Float64Array;
  /** n x r, orthonormal columns. */
  eigenvectors: Multivector;
}

const shiftField: Field<number> = {
  kind: 'number',
  parse: (value, name) =>
    Number.isFinite(value) && (value as number) >= 0
      ? (value as number)
      : refuse(name, 'a finite number of at least 0', value),
};
const OPTIONS = { shift: withDefault(shiftField, 0) };

/**
 * The inverse of the Nystrom preconditioner of A + s I (Frangella, Tropp & Udell 2023, "Randomized Nystrom
 * preconditioning", equation 1.3), to be passed as `preconditioner` to `cg` or `minres`:
 *
 *     (l_r + s) U (L + s I)^-1 U^T + (I - U U^T)
 *
 * with the r eigenpairs U, L of a sketch and l_r the smallest of L. With r above three times the effective dimension
 * tr(A (A + s I)^-1) the preconditioned condition number is below 28 on average (theorem 1.1 there), whatever that of A.
 * Eigenvalues enter by magnitude, so that it is positive definite for an indefinite A too. Costs 4 n r operations a column.
 *
 * @param sketch of A, e.g. `await seigh(A, 50, { method: 'nystrom', psd: true })`: 50 products
 * @param options `shift`: s >= 0 of the system to be solved. Default 0.
 * @example
 * const sketch = await seigh(A, 50, { method: 'nystrom', psd: true });
 * const { iterations } = await cg(A, b, { shift: 1e-4, preconditioner: nystromPreconditioner(sketch, { shift: 1e-4 }) });
 * @throws ArgumentError for a negative shift, or one of 0 with a sketch that has rank 0 or a zero eigenvalue.
 */
export function nystromPreconditioner(sketch: LowRankEigenpairs, options: { shift?: number } = {}): Operator {
  return atDoor('nystromPreconditioner', () => {
    const { eigenvalues, eigenvectors } = asRecord(sketch, 'sketch') as unknown as LowRankEigenpairs;
    if (!isFloatArray(eigenvalues) || typeof eigenvectors?.readRows !== 'function') {
      throw new ArgumentError('sketch must have eigenvalues and eigenvectors, as results of seigh and eigsh do');
    }
    const { shift } = parseOptions(options, OPTIONS);
    const sizes = eigenvalues.map((value) => Math.abs(value) + shift);
    const smallest = sizes.reduce((least, size) => Math.min(least, size), Number.POSITIVE_INFINITY);
    if (smallest === 0) {
      throw new ArgumentError('shift must be positive for a sketch with a zero eigenvalue', { shift });
    }
    const weights = sizes.map((size) => smallest / size - 1);
    const { rows: n, dtype } = eigenvectors;
    const matmat = async (X: Block): Promise<Block> => {
      const input = asDType(X, dtype);
      const Y = await applyLowRank(eigenvectors, weights, eigenvectors, input, await selectKernels());
      for (let at = 0; at < Y.data.length; at++) Y.data[at]! += input.data[at]!;
      return Y;
    };
    return defineOperator('nystromPreconditioner', {
      shape: [n, n],
      dtype,
      selfAdjoint: true,
      psd: true,
      matmat,
      adjointMatmat: matmat,
    });
  });
}
