/** A search on disk after each product: new files first, then the record that names them, then the old ones go. */
import { rm } from 'node:fs/promises';
import { StoreError } from '../../core/errors.ts';
import type { Journal, Search } from '../../eigsh/search.ts';
import type { Stopwatch } from '../../eigsh/stopwatch.ts';
import { verifyBlockFile } from '../../hdf5/block-file.ts';
import { writeBlockFile } from '../../hdf5/block-writer.ts';
import type { DiskSpace } from '../../hdf5/disk-space.ts';
import type { Decomposition } from '../../krylov/decomposition.ts';
import { applyOperator } from '../../linops/apply.ts';
import { derive } from '../../linops/define.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { concatenate } from '../../multivector/verbs.ts';
import { checksum, keptProduct } from '../blocks.ts';
import { fileExists } from '../directory.ts';
import { checkIdentity } from '../identity.ts';
import type { DirectoryLock } from '../lock.ts';
import { recordWork, type Worker } from '../record.ts';
import { ColumnStore } from './columns.ts';
import {
  columnsIdentity,
  columnsPath,
  fileIdentity,
  productPath,
  removeOtherColumns,
  type SearchDirectory,
  statePath,
} from './directory.ts';
import { allFiles, type ColumnFiles, readState, type StoredSearch, writeState } from './state.ts';

/**
 * The operator, whose last product is kept until the search has taken it in: one that was made before, with the very same
 * columns, is read.
 * @param made products before, for messages
 */
export function keepingProduct(op: LinearOperator, directory: SearchDirectory, made: number): LinearOperator {
  const path = productPath(directory);
  let firstColumn = made;
  return derive(op, {
    overlaps: undefined,
    matmatByBatch: undefined,
    adjointMatmat: undefined,
    matmat: async (X) => {
      const input = checksum(X);
      const identity = { ...fileIdentity(directory, 'product'), input };
      const kept = await keptProduct(path, identity, X);
      const Y = kept ?? (await applyOperator(op, X, { firstColumn }));
      firstColumn += X.cols;
      if (kept) return kept;
      await writeBlockFile(path, Y, { ...identity, seed: directory.plan.seed });
      return Y;
    },
  });
}

/** The search of a directory, its column blocks opened. */
export interface Reopened {
  search: Search;
  stored: StoredSearch;
  columns: ColumnStore;
}

/** Columns of one file. @throws StoreError naming it when it is missing, damaged or not the one that belongs there. */
export async function checkColumns(directory: SearchDirectory, file: number): Promise<number> {
  const path = columnsPath(directory, file);
  const { n, dtype } = directory.plan;
  const description = await verifyBlockFile(path);
  checkIdentity(path, description.attributes, columnsIdentity(directory, file), '');
  const { rows, cols } = description;
  if (rows === n && description.dtype === dtype) return cols;
  throw new StoreError(`${path}: ${rows} x ${cols} ${description.dtype}, expected ${n} rows of ${dtype}`, { path });
}

/** @throws StoreError naming a file that does not fit to what the record says, and what can be done. */
async function checkFiles(directory: SearchDirectory, { files, state }: StoredSearch): Promise<void> {
  const columns = new Map<number, number>();
  for (const file of allFiles(files)) {
    const cols = await checkColumns(directory, file).catch((cause: unknown) => {
      throw new StoreError(
        `${(cause as Error).message}. Put the file back, or remove ${directory.path} to search from the start`,
        { path: columnsPath(directory, file) },
        { cause },
      );
    });
    columns.set(file, cols);
  }
  const ofV = files.V.reduce((sum, file) => sum + columns.get(file)!, 0);
  const ofW = files.W === undefined ? 0 : columns.get(files.W)!;
  if (ofV === state.H.rows && ofW === state.B.rows) return;
  const file = statePath(directory);
  throw new StoreError(
    `${file} does not fit to the blocks: it says ${state.H.rows} and ${state.B.rows} columns, they have ${ofV} and ${ofW}`,
    { file },
  );
}

/**
 * The search as it was after the last product; undefined before the first.
 * @throws StoreError naming a file that is missing or damaged.
 */
export async function reopen(directory: SearchDirectory, space: DiskSpace): Promise<Reopened | undefined> {
  if (!(await fileExists(statePath(directory)))) return undefined;
  const stored = await readState(directory);
  const { files, state, numMatvecs, restarts, check } = stored;
  await checkFiles(directory, stored);
  const columns = new ColumnStore(directory, space, stored.nextFile);
  const V = [];
  for (const file of files.V) V.push(await columns.open(file));
  // W is written to, unlike V
  const W = await space.allocate(state.B.rows);
  if (files.W !== undefined) {
    const opened = await columns.open(files.W);
    await concatenate([opened], W);
    await space.release(opened);
  }
  return { search: { state: { ...state, V, W }, numMatvecs, restarts, check }, stored, columns };
}

export class StoredJournal implements Journal {
  readonly #directory: SearchDirectory;
  readonly #columns: ColumnStore;
  readonly #stopwatch: Stopwatch;
  readonly #worker: Worker;
  readonly #lock: DirectoryLock;

  constructor(
    directory: SearchDirectory,
    columns: ColumnStore,
    { stopwatch, worker, lock }: { stopwatch: Stopwatch; worker: Worker; lock: DirectoryLock },
  ) {
    this.#directory = directory;
    this.#columns = columns;
    this.#stopwatch = stopwatch;
    this.#worker = worker;
    this.#lock = lock;
  }

  async keep({ state, ...search }: Search): Promise<Decomposition> {
    await this.#lock.check();
    const { parts: V, numbers } = await this.#columns.file(state.V);
    const W = state.W.cols > 0 ? await this.#columns.write(state.W) : undefined;
    const files: ColumnFiles = { V: numbers, W };
    const { seconds, secondsByStage } = this.#stopwatch.spent;
    const work = recordWork(this.#worker, seconds);
    await writeState(this.#directory, { ...search, state, files, nextFile: this.#columns.next, secondsByStage }, work);
    await rm(productPath(this.#directory), { force: true });
    await removeOtherColumns(this.#directory, allFiles(files));
    return { ...state, V };
  }
}
