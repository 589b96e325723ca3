/** A factorisation from anywhere: approximate eigenvalues and eigenvectors of which nothing is known but their numbers. */
import type { Block } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { dtypeOf, type FloatArray } from '../core/dtype.ts';
import { NumericalError, ShapeError } from '../core/errors.ts';
import { asRecord, block, finiteNumbers, refuseUnknown } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { defineOperator, type Operator } from '../linops/define.ts';
import { applyLowRank } from '../linops/low-rank.ts';
import { multivectorOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { certifyGiven } from './given.ts';

/** V diag(eigenvalues) V^T, n x n, from pairs that somebody else has computed; as an operator it multiplies by exactly that. */
export interface GivenPairs extends Operator {
  /** Length r, in any order. */
  readonly eigenvalues: Float64Array;
  /** n x r, as given. */
  readonly eigenvectors: Multivector;
  /** Nothing else is known: `apost` measures residuals and orthonormality. */
  readonly given: true;
}

async function parseEigenvectors(value: unknown): Promise<Multivector> {
  if (typeof (value as Multivector | null)?.readColumns === 'function') return value as Multivector;
  const V = block.parse(value, 'eigenvectors');
  const at = V.data.findIndex((entry) => !Number.isFinite(entry));
  if (at < 0) return multivectorOf(V, dtypeOf(V.data));
  const [row, column] = [Math.floor(at / V.cols), at % V.cols];
  throw new NumericalError(`eigenvectors hold ${V.data[at]} in row ${row} of column ${column}`, { row, column });
}

/**
 * A factorisation V diag(eigenvalues) V^T that was computed elsewhere (SciPy, skerch, scikit-learn, a file), for `apost`. Pairs
 * may be in any order, and the columns of V need not be orthonormal: what they are is measured, and the certificate is about
 * exactly these numbers.
 *
 * @param pairs `eigenvalues`, r numbers; `eigenvectors`, an n x r row-major block (column i belongs to eigenvalue i), which is
 * copied, or a multivector, which is not
 * @example
 * const cert = await apost(A, await ritzPairs({ eigenvalues: w, eigenvectors: { rows: n, cols: r, data: V } }));
 * console.log(cert.relativeError.upper, cert.given.orthonormalityDefect);
 * @throws ArgumentError, ShapeError where the two do not fit, NumericalError for numbers that are not finite.
 */
export function ritzPairs(pairs: {
  eigenvalues: FloatArray | readonly number[];
  eigenvectors: Block | Multivector;
}): Promise<GivenPairs> {
  return atDoor('ritzPairs', async () => {
    const record = asRecord(pairs, 'pairs');
    refuseUnknown(record, ['eigenvalues', 'eigenvectors']);
    const eigenvalues = finiteNumbers.parse(record.eigenvalues, 'eigenvalues');
    const eigenvectors = await parseEigenvectors(record.eigenvectors);
    const { rows: n, cols: r } = eigenvectors;
    if (eigenvalues.length !== r || r < 1 || r > n) {
      throw new ShapeError(
        `expected r eigenvalues and an n x r block of eigenvectors with 1 <= r <= n, got ${eigenvalues.length} and ${n} x ${r}`,
        { eigenvalues: eigenvalues.length, eigenvectors: [n, r] },
      );
    }
    const apply = async (X: Block): Promise<Block> =>
      applyLowRank(eigenvectors, eigenvalues, eigenvectors, X, await selectKernels());
    return defineOperator('ritzPairs', {
      shape: [n, n] as const,
      dtype: eigenvectors.dtype,
      selfAdjoint: true,
      psd: eigenvalues.every((value) => value >= 0),
      eigenvalues,
      eigenvectors,
      given: true as const,
      certifyGiven,
      matmat: apply,
      adjointMatmat: apply,
    });
  });
}
