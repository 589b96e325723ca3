/** A factorisation from anywhere: approximate eigenvalues and eigenvectors of which nothing is known but their numbers. */
import { type Block, checkBlock } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { dtypeOf, type FloatArray } from '../core/dtype.ts';
import { NumericalError, ShapeError } from '../core/errors.ts';
import { asRecord, refuse, refuseUnknown, show } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { defineOperator, type Operator } from '../linops/define.ts';
import { applyLowRank } from '../linops/low-rank.ts';
import { multivectorOf } from '../multivector/host.ts';
import type { Multivector } from '../multivector/multivector.ts';

/** V diag(eigenvalues) V^T, n x n, from pairs that somebody else has computed; as an operator it multiplies by exactly that. */
export interface GivenPairs extends Operator {
  /** Length r, in any order. */
  readonly eigenvalues: Float64Array;
  /** n x r, as given. */
  readonly eigenvectors: Multivector;
  /** Nothing else is known: `apost` measures residuals and orthonormality. */
  readonly given: true;
}

function parseEigenvalues(value: unknown): Float64Array {
  if (!Array.isArray(value) && !ArrayBuffer.isView(value)) return refuse('eigenvalues', 'an array of numbers', value);
  const numbers = Array.from(value as ArrayLike<unknown>);
  const at = numbers.findIndex((each) => !Number.isFinite(each));
  if (at >= 0) throw new NumericalError(`eigenvalues[${at}] is ${show(numbers[at])}`, { index: at });
  return Float64Array.from(numbers as number[]);
}

async function parseEigenvectors(value: unknown): Promise<Multivector> {
  if (typeof (value as Multivector | null)?.readColumns === 'function') return value as Multivector;
  const { rows, cols } = asRecord(value, 'eigenvectors') as Partial<Block>;
  const V = checkBlock('eigenvectors', value, rows ?? 0, cols ?? 0);
  const at = V.data.findIndex((each) => !Number.isFinite(each));
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
    const eigenvalues = parseEigenvalues(record.eigenvalues);
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
      matmat: apply,
      adjointMatmat: apply,
    });
  });
}
