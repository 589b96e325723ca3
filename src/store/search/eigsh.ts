/** `eigsh` in a directory: each product leaves a search that can be continued. */
import { mkdir } from 'node:fs/promises';
import { iterate } from '../../eigsh/check.ts';
import type { SearchSettings } from '../../eigsh/iteration.ts';
import { type EigshResult, leadingPairs } from '../../eigsh/result.ts';
import { beginSearch } from '../../eigsh/search.ts';
import { Stopwatch } from '../../eigsh/stopwatch.ts';
import { storeError } from '../../hdf5/io.ts';
import type { KrylovContext } from '../../krylov/decomposition.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { holds, isDirectoryOf, SEARCH, USUAL_MEMORY } from '../directory.ts';
import { PROBES } from '../fingerprint.ts';
import { openForOperator } from '../open.ts';
import { recordWork, workerOf } from '../record.ts';
import { shardName, WHOLE } from '../shard.ts';
import { ColumnStore } from './columns.ts';
import {
  createSearch,
  openSearchDirectory,
  prepareColumns,
  removeOtherColumns,
  type SearchDirectory,
  searchPath,
  searchSpace,
} from './directory.ts';
import { keepingProduct, reopen, StoredJournal } from './journal.ts';
import { type DirectoryLock, lockDirectory } from './lock.ts';
import { refuseOtherSearch, searchPlan } from './plan.ts';
import { finalResult, loadResult, removeResult, saveResult } from './result.ts';
import { allFiles } from './state.ts';

/** A checked call of `eigsh`. */
export interface SearchCall {
  op: LinearOperator;
  settings: SearchSettings;
  seed: number;
  kernels: Kernels;
}

/** From the last product that is there to the end. */
async function continueSearch(
  directory: SearchDirectory,
  { op, settings, seed, kernels }: SearchCall,
  lock: DirectoryLock,
): Promise<void> {
  const space = searchSpace(directory).scope();
  try {
    await prepareColumns(directory);
    const reopened = await reopen(directory, space);
    await removeResult(directory);
    await removeOtherColumns(directory, reopened ? allFiles(reopened.stored.files) : []);
    const stopwatch = new Stopwatch(reopened?.stored.secondsByStage);
    const worker = workerOf(op, kernels.name, shardName(WHOLE));
    const columns = reopened?.columns ?? new ColumnStore(directory, space, 0);
    const journal = new StoredJournal(directory, columns, { stopwatch, worker, lock });
    const kept = keepingProduct(stopwatch.time(op), directory, reopened?.search.numMatvecs ?? 0);
    const context: KrylovContext = { op: kept, space, seed, kernels };
    const search = reopened?.search ?? (await beginSearch(settings.blockSize, context));
    const reached = await iterate(search, settings, context, journal);
    const result = await leadingPairs(reached, settings, context);
    const numMatvecs = result.numMatvecs + PROBES;
    const { spent } = stopwatch;
    await saveResult(directory, { ...result, numMatvecs, ...spent }, recordWork(worker, spent.seconds));
  } finally {
    await space.close();
  }
}

/**
 * The search of a parsed call in the directory `store`, which is made or continued.
 * @throws StoreError when the directory belongs to another search or operator, is in use, damaged or cannot be written.
 */
export async function storedEigsh(call: SearchCall, store: string, memory: number | undefined): Promise<EigshResult> {
  const { op, settings, seed, kernels } = call;
  const recorded = (await holds(SEARCH, store)) ? (await openSearchDirectory(store)).plan.memory : USUAL_MEMORY;
  const directory: SearchDirectory = { path: store, plan: searchPlan(op, settings, seed, memory ?? recorded) };
  // nothing is put into a folder of something else
  await isDirectoryOf(SEARCH, store);
  await mkdir(store, { recursive: true }).catch((cause: unknown) => {
    throw storeError(store, 'write', cause);
  });
  const lock = await lockDirectory(store);
  try {
    await openForOperator(op, {
      isThere: () => isDirectoryOf(SEARCH, store),
      open: () => openSearchDirectory(store),
      create: (probe) => createSearch(directory, probe),
      check: ({ plan }) => refuseOtherSearch(searchPath(directory), plan, directory.plan),
    });
    const space = searchSpace(directory);
    const result = await finalResult(directory, space, kernels);
    if (result) return result;
    await continueSearch(directory, call, lock);
    return await loadResult(directory, space, kernels);
  } finally {
    await lock.release();
  }
}
