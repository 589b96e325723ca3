/** Sparse matrices as `scipy.sparse.save_npz` writes them. */
import { within } from '../core/door.ts';
import { StoreError, UnsupportedError } from '../core/errors.ts';
import type { Operator } from '../linops/define.ts';
import { csrOperator } from '../linops/sparse.ts';
import { type IndexArray, type SparseEntries, toCsr } from '../linops/sparse-entries.ts';
import type { ByteSource } from './bytes.ts';
import { toFloats } from './elements.ts';
import { readNpy, readNpyText } from './npy.ts';
import { chooseMember, type Member, openMember } from './zip.ts';

/** Whether the members are those of a sparse matrix. */
export const isSparseArchive = (members: readonly Member[]): boolean =>
  ['format', 'shape', 'data'].every((name) => members.some((each) => each.name === name));

/**
 * The operator of a CSR, CSC or COO matrix.
 * @throws UnsupportedError for the other formats, StoreError for a damaged archive and entries that fit no matrix.
 */
export async function readSparseArchive(source: ByteSource, members: readonly Member[]): Promise<Operator> {
  const { path } = source;
  const open = (name: string): Promise<ByteSource> => openMember(source, chooseMember(path, members, name));
  const format = await readNpyText(await open('format'));
  if (format !== 'csr' && format !== 'csc' && format !== 'coo') {
    throw new UnsupportedError(
      `${path}: a sparse matrix in format '${format}'; read are csr, csc and coo: save_npz('${path}', A.tocsr())`,
      { path, format },
    );
  }
  const read = async (name: string): Promise<IndexArray> => (await readNpy(await open(name))).data as IndexArray;
  const shape = Array.from((await read('shape')) as ArrayLike<number | bigint>, Number);
  if (shape.length !== 2)
    throw new StoreError(`${path}: a sparse matrix of shape ${shape.join(' x ')}`, { path, shape });
  const { data } = await readNpy(await open('data'));
  const common = { shape: shape as [number, number], data: toFloats(path, data) };
  const entries: SparseEntries =
    format === 'coo'
      ? { ...common, format, row: await read('row'), col: await read('col') }
      : { ...common, format, indptr: await read('indptr'), indices: await read('indices') };
  return csrOperator(
    'readOperator',
    within(path, () => toCsr(entries)),
  );
}
