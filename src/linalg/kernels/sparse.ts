/** Where a sparse product runs: on the embedded kernels' threads when there is enough to do, else right here. */
import type { Block } from '../../core/block.ts';
import { UnsupportedError } from '../../core/errors.ts';
import { type CsrMatrix, multiplyRows } from '../csr.ts';
import { defaultChoice } from './choice.ts';
import { loadSparseEngine, type SparseEngine } from './wasm/sparse.ts';

/** Up to this many operations a product is done here sooner than on two threads with copies to and fro. */
const SMALL_WORK = 1e6;

/** A BLAS has no sparse product, so there are two providers: `'js'` by name, the embedded threads for everyone else. */
async function threads(): Promise<SparseEngine | undefined> {
  if (defaultChoice() === 'js') return undefined;
  try {
    return await loadSparseEngine();
  } catch (error) {
    if (error instanceof UnsupportedError) return undefined;
    throw error;
  }
}

/** out = A X. X: A.cols x b, out: A.rows x b, both of A's dtype and distinct. */
export async function multiplySparse(A: CsrMatrix, X: Block, out: Block): Promise<Block> {
  const isSmall = 2 * A.data.length * X.cols <= SMALL_WORK;
  const engine = isSmall ? undefined : await threads();
  if (!(await engine?.multiply(A, X, out))) multiplyRows(A, X, out);
  return out;
}
