/** Operators from files of matrices. */
import { stat } from 'node:fs/promises';
import type { Block } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { bytesPerEntry, type DType } from '../core/dtype.ts';
import { NumericalError, ShapeError, StoreError } from '../core/errors.ts';
import type { Memory } from '../core/memory.ts';
import { memory as memoryField, parseOptions, text, withDefault } from '../core/parse.ts';
import { withDataset } from '../hdf5/dataset.ts';
import { storeError } from '../hdf5/io.ts';
import type { Operator } from '../linops/define.ts';
import { denseOperator } from '../linops/dense.ts';
import type { SparseOperator } from '../linops/sparse.ts';
import { type ByteSource, withFile } from './bytes.ts';
import { readCsv } from './csv.ts';
import { decodeElements, type TypedArray, toFloats } from './elements.ts';
import { type Location, parseLocation } from './location.ts';
import { readMatrixMarket } from './matrix-market.ts';
import { readHeader, toCOrder } from './npy.ts';
import { isSparseArchive, readSparseArchive } from './npz-sparse.ts';
import { type PanelSource, panelOperator, readWhole } from './panels.ts';
import { chooseMember, listMembers, openMember } from './zip.ts';

const WHERE = 'readOperator';

/** Options of {@link readOperator}. */
export interface ReadOperatorOptions {
  /**
   * Bytes that a dense matrix may take: `'2GB'` by default. A larger one stays in its file (.npy, stored .npz, .h5), which
   * every product reads once in row panels of at most a quarter of this.
   */
  memory?: Memory;
}

/** An error for a file that is not the one it was. */
async function checkUnchanged(path: string, modified: number): Promise<void> {
  const { mtimeMs } = await stat(path).catch((cause: unknown) => {
    throw storeError(path, 'read', cause);
  });
  if (mtimeMs !== modified) throw new StoreError(`${path}: has changed since the operator was made`, { path });
}

const modifiedAt = async (path: string): Promise<number> => (await stat(path)).mtimeMs;

/** Names the first entry that is not finite. */
function checkFinite(path: string, { cols, data }: Block, transposed: boolean): void {
  const at = data.findIndex((value) => !Number.isFinite(value));
  if (at < 0) return;
  const [outer, inner] = [Math.floor(at / cols), at % cols];
  const [row, column] = transposed ? [inner, outer] : [outer, inner];
  throw new NumericalError(`${path}: entry (${row}, ${column}) is ${data[at]}; every entry must be finite`, {
    row,
    column,
  });
}

/** In memory when it fits, else in its file. `transposed`: the rows of the source are the matrix's columns. */
async function fromPanels(path: string, source: PanelSource, memory: number, transposed: boolean): Promise<Operator> {
  const { rows, cols, dtype } = source;
  if (rows < 1 || cols < 1) throw new ShapeError(`${path}: a ${rows} x ${cols} matrix is no operator`, { rows, cols });
  if (rows * cols * bytesPerEntry(dtype) > memory) return panelOperator(WHERE, source, memory, transposed);
  const block = await readWhole(source);
  checkFinite(path, block, transposed);
  if (!transposed) return denseOperator(block);
  return denseOperator({
    rows: cols,
    cols: rows,
    data: toCOrder([cols, rows], block.data as TypedArray) as Block['data'],
  });
}

/** A matrix in a .npy file, or in a member of a .npz file that is opened anew for each product. */
async function fromNpy(
  path: string,
  open: <T>(work: (source: ByteSource) => Promise<T>) => Promise<T>,
  memory: number,
): Promise<Operator> {
  const { type, shape, start, fortranOrder } = await open(readHeader);
  if (shape.length !== 2) {
    throw new ShapeError(`${path}: the array has the shape (${shape.join(', ')}); an operator has two axes`, { shape });
  }
  // in Fortran order the columns lie one after the other: the rows of the transpose
  const [rows, cols] = (fortranOrder ? shape.toReversed() : shape) as [number, number];
  const dtype: DType = type.name === 'float32' || type.name === 'float16' ? 'float32' : 'float64';
  const source: PanelSource = {
    rows,
    cols,
    dtype,
    withRows: (work) =>
      open((bytes) =>
        work(async (first, count) => {
          const raw = await bytes.read(start + first * cols * type.bytes, count * cols * type.bytes);
          return { rows: count, cols, data: toFloats(path, decodeElements(type, raw.buffer)) };
        }),
      ),
  };
  return fromPanels(path, source, memory, fortranOrder);
}

async function fromNpyFile({ path }: Location, memory: number): Promise<Operator> {
  const modified = await withFile(path, () => modifiedAt(path));
  const open = async <T>(work: (source: ByteSource) => Promise<T>): Promise<T> => {
    await checkUnchanged(path, modified);
    return withFile(path, work);
  };
  return fromNpy(path, open, memory);
}

async function fromNpz({ path, name }: Location, memory: number): Promise<Operator> {
  const modified = await withFile(path, () => modifiedAt(path));
  const found = await withFile(path, async (source) => {
    const members = await listMembers(source);
    if (name === undefined && isSparseArchive(members)) return readSparseArchive(source, members);
    return chooseMember(path, members, name);
  });
  if ('matmat' in found) return found;
  // what is stored as it is, is read in parts when it does not fit; what fits is checked against its checksum
  const inParts = found.method === 0 && found.size > memory;
  const open = async <T>(work: (source: ByteSource) => Promise<T>): Promise<T> => {
    await checkUnchanged(path, modified);
    return withFile(path, async (source) => work(await openMember(source, found, inParts)));
  };
  return fromNpy(`${path}:${found.name}`, open, memory);
}

async function fromHdf5({ path, name }: Location, memory: number): Promise<Operator> {
  const modified = await withFile(path, () => modifiedAt(path));
  const { rows, cols, isFloat32 } = await withDataset(path, name, async (dataset) => dataset);
  const source: PanelSource = {
    rows,
    cols,
    dtype: isFloat32 ? 'float32' : 'float64',
    withRows: async (work) => {
      await checkUnchanged(path, modified);
      return withDataset(path, name, (dataset) =>
        work(async (first, count) => {
          const data = toFloats(path, dataset.readRows(first, count) as TypedArray);
          return { rows: count, cols, data };
        }),
      );
    },
  };
  return fromPanels(path, source, memory, false);
}

const READERS: Record<string, (location: Location, memory: number) => Promise<Operator>> = {
  '.npy': fromNpyFile,
  '.npz': fromNpz,
  '.mtx': ({ path }) => readMatrixMarket(path),
  '.csv': ({ path }, memory) => readCsv(path, memory),
  '.h5': fromHdf5,
  '.hdf5': fromHdf5,
};

/**
 * The operator of a matrix in a file, known by its ending: `.npy`; `.npz` (`file.npz:name`, or a sparse matrix that
 * `scipy.sparse.save_npz` wrote: csr, csc, coo); `.mtx` (Matrix Market); `.csv`; `.h5` and `.hdf5` (`file.h5:/path`).
 * float32 and float16 make a float32 operator, everything else a float64 one. `selfAdjoint` is set for a matrix in memory that
 * equals its transpose. Sparse files give a `SparseOperator`, whose entries `graphLaplacian` takes.
 *
 * @example
 * const A = await readOperator('hessian.npy');
 * const { eigenvalues } = await eigsh(A, 10);
 * @throws StoreError for a file that is missing, truncated or damaged (with the line, in text), UnsupportedError for complex
 *   matrices and unknown endings, ShapeError for arrays that are no matrix, NumericalError for entries that are not finite.
 */
export function readOperator(path: string, options: ReadOperatorOptions = {}): Promise<Operator | SparseOperator> {
  return atDoor(WHERE, async () => {
    const { memory } = parseOptions(options, { memory: withDefault(memoryField, 2e9) });
    const location = parseLocation(text.parse(path, 'path'), Object.keys(READERS));
    return READERS[location.extension]!(location, memory);
  });
}
