/** Where a sparse product runs: on the embedded kernels' threads when there is enough to do, else right here. */
import type { Block } from '../../core/block.ts';
import { type CsrMatrix, multiplyRows } from '../csr.ts';
import { embedded } from './choice.ts';
import { loadSparseEngine } from './wasm.ts';

/** Up to this many operations a product is done here sooner than on two threads with copies to and fro. */
const SMALL_WORK = 1e6;

/** out = A X. X: A.cols x b, out: A.rows x b, both of A's dtype and distinct. */
export async function multiplySparse(A: CsrMatrix, X: Block, out: Block): Promise<Block> {
  const isSmall = 2 * A.data.length * X.cols <= SMALL_WORK;
  const engine = isSmall ? undefined : await embedded(loadSparseEngine);
  if (!(await engine?.multiply(A, X, out))) multiplyRows(A, X, out);
  return out;
}
