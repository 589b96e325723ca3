/** `eigsh` in a directory: each product leaves a search that can be gone on with. */
import { mkdir } from 'node:fs/promises';
import { ArgumentError } from '../../core/errors.ts';
import type { Memory } from '../../core/memory.ts';
import { iterate } from '../../eigsh/check.ts';
import type { Goal } from '../../eigsh/iteration.ts';
import { type EigshResult, leadingPairs } from '../../eigsh/result.ts';
import { beginSearch } from '../../eigsh/search.ts';
import { Stopwatch } from '../../eigsh/stopwatch.ts';
import { storeError } from '../../hdf5/io.ts';
import type { KrylovContext } from '../../krylov/decomposition.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { shardName, WHOLE } from '../cluster/shard.ts';
import { measureProbe, PROBES, refuseOtherOperator } from '../fingerprint.ts';
import { recordWork, workerOf } from '../record.ts';
import { readWholeFile } from '../sketch/blocks.ts';
import { probePath } from '../sketch/directory.ts';
import { type Claim, claimDirectory } from './claim.ts';
import { ColumnStore } from './columns.ts';
import {
  createSearch,
  isSearchDirectory,
  openSearchDirectory,
  prepareColumns,
  removeOtherColumns,
  type SearchDirectory,
  searchPath,
  searchSpace,
} from './directory.ts';
import { keepingProduct, reopen, StoredJournal } from './journal.ts';
import { checkSameSearch, searchPlan } from './plan.ts';
import { finalResult, loadResult, removeResult, saveResult } from './result.ts';
import { allFiles } from './state.ts';

const WHERE = 'eigsh';

/** A checked call of `eigsh`. */
export interface SearchCall {
  op: LinearOperator;
  goal: Goal;
  seed: number;
  kernels: Kernels;
}

/**
 * Makes the directory, or checks that it is one of this search and operator. Costs two products.
 * @throws StoreError for a directory of another search or operator.
 */
async function openForOperator(directory: SearchDirectory, op: LinearOperator): Promise<void> {
  const isThere = await isSearchDirectory(WHERE, directory.path);
  if (isThere) {
    const { plan } = await openSearchDirectory(WHERE, directory.path);
    checkSameSearch(WHERE, searchPath(directory), plan, directory.plan);
  }
  const probe = await measureProbe(op);
  if (!isThere) return createSearch(directory, probe);
  const file = probePath(directory);
  refuseOtherOperator(WHERE, file, op, await readWholeFile(file), probe);
}

/** From the last product that is there to the end. */
async function goOn(directory: SearchDirectory, { op, goal, seed, kernels }: SearchCall, claim: Claim): Promise<void> {
  const space = searchSpace(WHERE, directory).scope();
  try {
    await prepareColumns(directory);
    const reopened = await reopen(WHERE, directory, space);
    await removeResult(directory);
    await removeOtherColumns(directory, reopened ? allFiles(reopened.stored.files) : []);
    const stopwatch = new Stopwatch(reopened?.stored.seconds);
    const worker = workerOf(op, kernels.name, shardName(WHOLE));
    const columns = reopened?.columns ?? new ColumnStore(directory, space, 0);
    const journal = new StoredJournal(directory, columns, { stopwatch, worker, claim });
    const kept = keepingProduct(stopwatch.time(op), directory, reopened?.search.numMatvecs ?? 0);
    const context: KrylovContext = { op: kept, space, seed, kernels };
    const search = reopened?.search ?? (await beginSearch(goal.blockSize, context));
    const standing = await iterate(search, goal, context, journal);
    const result = await leadingPairs(standing, goal, context);
    const numMatvecs = result.numMatvecs + PROBES;
    const { seconds } = stopwatch;
    const work = { ...recordWork(worker, performance.now()), seconds: seconds.sketch + seconds.recovery };
    await saveResult(directory, { ...result, numMatvecs, seconds }, work);
  } finally {
    await space.close();
  }
}

/**
 * The search of a checked call in the directory `store`, which is made or gone on with.
 * @throws StoreError when the directory belongs to another search or operator, is in use, damaged or cannot be written.
 */
export async function storedEigsh(call: SearchCall, store: string, memory: Memory | undefined): Promise<EigshResult> {
  if (store === '') throw new ArgumentError(`${WHERE}: store must name a directory, got ''`);
  const { op, goal, seed, kernels } = call;
  const directory: SearchDirectory = { path: store, plan: searchPlan(WHERE, op, goal, seed, memory) };
  // nothing is put into a folder of something else
  await isSearchDirectory(WHERE, store);
  await mkdir(store, { recursive: true }).catch((cause: unknown) => {
    throw storeError(store, 'write', cause);
  });
  const claim = await claimDirectory(WHERE, store);
  try {
    await openForOperator(directory, op);
    const space = searchSpace(WHERE, directory);
    const result = await finalResult(directory, space, kernels);
    if (result) return result;
    await goOn(directory, call, claim);
    return await loadResult(directory, space, kernels);
  } finally {
    await claim.release();
  }
}
