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
import { recordWork, type Worker } from '../record.ts';
import { ColumnStore } from './columns.ts';
import { columnsPath, productPath, removeOtherColumns, type SearchDirectory, statePath } from './directory.ts';
import type { DirectoryLock } from './lock.ts';
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
      const kept = await keptProduct(path, input, X.cols);
      const Y = kept ?? (await applyOperator(op, X, { firstColumn }));
      firstColumn += X.cols;
      if (kept) return kept;
      await writeBlockFile(path, Y, { stage: 'product', seed: directory.plan.seed, input });
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

/** @throws StoreError naming a file that is missing or damaged, and what can be done. */
async function checkColumns(directory: SearchDirectory, files: ColumnFiles): Promise<void> {
  for (const file of allFiles(files)) {
    await verifyBlockFile(columnsPath(directory, file)).catch((cause: unknown) => {
      throw new StoreError(
        `${(cause as Error).message}. Put the file back, or remove ${directory.path} to search from the start`,
        { path: columnsPath(directory, file) },
        { cause },
      );
    });
  }
}

/**
 * The search as it was after the last product; undefined before the first.
 * @throws StoreError naming a file that is missing or damaged.
 */
export async function reopen(directory: SearchDirectory, space: DiskSpace): Promise<Reopened | undefined> {
  if (!(await fileExists(statePath(directory)))) return undefined;
  const stored = await readState(directory);
  const { files, state, numMatvecs, restarts, check } = stored;
  await checkColumns(directory, files);
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
    const { parts: V, numbers } = await this.#columns.file(state.V);
    const W = state.W.cols > 0 ? await this.#columns.write(state.W) : undefined;
    const files: ColumnFiles = { V: numbers, W };
    const { seconds, secondsByStage } = this.#stopwatch.spent;
    const work = recordWork(this.#worker, seconds);
    await writeState(this.#directory, { ...search, state, files, nextFile: this.#columns.next, secondsByStage }, work);
    await rm(productPath(this.#directory), { force: true });
    await removeOtherColumns(this.#directory, allFiles(files));
    await this.#lock.renew();
    return { ...state, V };
  }
}
