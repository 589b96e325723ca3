/** `eigsh` in a directory: each product leaves a search that can be continued. */
import { mkdir } from 'node:fs/promises';
import { bytesPerEntry } from '../../core/dtype.ts';
import { iterate } from '../../eigsh/check.ts';
import type { SearchSettings } from '../../eigsh/iteration.ts';
import { type EigshResult, leadingPairs } from '../../eigsh/result.ts';
import { beginSearch } from '../../eigsh/search.ts';
import { Stopwatch } from '../../eigsh/stopwatch.ts';
import { storeError } from '../../hdf5/io.ts';
import type { KrylovContext } from '../../krylov/decomposition.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { isDirectoryOf, SEARCH, USUAL_MEMORY } from '../directory.ts';
import { refuseFullDisk, refuseUnwritable } from '../disk.ts';
import { PROBES } from '../fingerprint.ts';
import { type DirectoryLock, lockDirectory } from '../lock.ts';
import { openForOperator } from '../open.ts';
import { recordWork, workerOf } from '../record.ts';
import { shardName, WHOLE } from '../shard.ts';
import { inTurn } from '../turn.ts';
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
import { refuseOtherSearch, type SearchPlan, searchPlan } from './plan.ts';
import { clearEnded, isEnded, loadResult, removeResult, saveResult } from './result.ts';
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

/** @throws StoreError for a disk that cannot hold even the eigenpairs and a basis of twice as many columns. */
function refuseSmallDisk(store: string, { n, k, blockSize, dtype }: SearchPlan): Promise<void> {
  const least = Math.min(n, 2 * (k + blockSize)) * n * bytesPerEntry(dtype);
  return refuseFullDisk(store, least, 'make room, or take another disk');
}

async function search(call: SearchCall, store: string, memory: number | undefined): Promise<EigshResult> {
  const { op, settings, seed, kernels } = call;
  // nothing is put into a folder of something else
  const existing = (await isDirectoryOf(SEARCH, store)) ? await openSearchDirectory(store) : undefined;
  const plan = searchPlan(op, settings, seed, memory ?? existing?.plan.memory ?? USUAL_MEMORY);
  const open = (): Promise<SearchDirectory> =>
    openForOperator(op, {
      isThere: () => isDirectoryOf(SEARCH, store),
      open: () => openSearchDirectory(store),
      create: (probe) => createSearch(store, plan, probe),
      check: (directory) => refuseOtherSearch(searchPath(directory), directory.plan, plan),
    });
  const load = async (directory: SearchDirectory): Promise<EigshResult> => {
    await clearEnded(directory);
    return loadResult(directory, searchSpace(directory), kernels);
  };
  if (existing && (await isEnded(existing))) return load({ ...(await open()), plan });
  await refuseUnwritable(store);
  if (!existing) await refuseSmallDisk(store, plan);
  await mkdir(store, { recursive: true }).catch((cause: unknown) => {
    throw storeError(store, 'write', cause);
  });
  const lock = await lockDirectory(store, settings.signal);
  try {
    // the memory is that of this call
    const directory = { ...(await open()), plan };
    if (await isEnded(directory)) return await load(directory);
    await continueSearch(directory, call, lock);
    return await loadResult(directory, searchSpace(directory), kernels);
  } finally {
    await lock.release();
  }
}

/**
 * The search of a parsed call in the directory `store`, which is made or continued.
 * @throws StoreError when the directory belongs to another search or operator, is in use, damaged or cannot be written.
 */
export function storedEigsh(call: SearchCall, store: string, memory: number | undefined): Promise<EigshResult> {
  return inTurn(store, call.settings.signal, () => search(call, store, memory));
}
