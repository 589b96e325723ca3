/** eigh on an engine. */
import { type Matrix, zeroMatrix } from '../../../../core/block.ts';
import { NumericalError } from '../../../../core/errors.ts';
import type { SmallEigh } from '../../provider.ts';
import type { Engine } from '../engine.ts';
import { STATUS } from './program.ts';
import { workspaceBytes, workspacePlaces } from './workspace.ts';

/** See `Kernels.eigh`. @throws NumericalError for entries that are NaN or infinite. */
export async function eigh(engine: Engine, { rows: n, data }: Matrix): Promise<SmallEigh> {
  const values = new Float64Array(n);
  const vectors = zeroMatrix(n, n);
  if (n === 0) return { values, vectors };
  let status: number = STATUS.done;
  await engine.run({
    bytes: workspaceBytes(n),
    // The reduction alone: the rest of small ones gains little from a second thread, and barriers cost when cores are shared.
    work: (4 / 3) * n ** 3,
    load(memory, base) {
      new Float64Array(memory, base, n * n).set(data);
      return { program: 'eigh', args: { work: base, n } };
    },
    store(memory, base) {
      const places = workspacePlaces(n, base);
      status = new Int32Array(memory, places.status, 1)[0]!;
      values.set(new Float64Array(memory, places.z, n));
      vectors.data.set(new Float64Array(memory, places.Q, n * n));
    },
  });
  if (status === STATUS.notFinite) throw new NumericalError('eigh: the matrix has non-finite entries', { size: n });
  if (status === STATUS.notConverged) {
    throw new NumericalError('eigh: the iteration on a small tridiagonal matrix did not converge', { size: n });
  }
  return { values, vectors };
}
