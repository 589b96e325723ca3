/**
 * `seigh` with `tol` in a directory. The search is a function of its products alone, so these are what is kept: a call that
 * continues makes the same steps again and reads them, down to the first one that is not there.
 */
import { mkdir } from 'node:fs/promises';
import { bytesPerEntry } from '../../core/dtype.ts';
import type { Control } from '../../core/schedule.ts';
import { budgetWithin } from '../../hdf5/budget.ts';
import { storeError } from '../../hdf5/io.ts';
import { removeTemporaries } from '../../hdf5/temporary.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import { selectKernels } from '../../linalg/kernels/select.ts';
import { reachAccuracy } from '../../seigh/accuracy.ts';
import type { AdaptiveResult } from '../../seigh/certified-search.ts';
import type { AdaptiveCall } from '../../seigh/options.ts';
import { prepareBlocks } from '../../sketch/block-size.ts';
import { ACCURACY, isDirectoryOf, refuseOtherPlan, refuseSmallMemory } from '../directory.ts';
import { refuseFullDisk, refuseUnwritable } from '../disk.ts';
import { PROBES } from '../fingerprint.ts';
import { keepingProducts } from '../kept-products.ts';
import { lockDirectory } from '../lock.ts';
import { openForOperator } from '../open.ts';
import { recordWork, workerOf } from '../record.ts';
import { shardName, WHOLE } from '../shard.ts';
import { inTurn } from '../turn.ts';
import {
  type AccuracyDirectory,
  accuracyPath,
  accuracySpace,
  createAccuracy,
  openAccuracyDirectory,
  productFiles,
  productsFolder,
} from './directory.ts';
import { accuracyPlan, memoryOf, tallOf } from './plan.ts';
import { isEnded, loadResult, removeProducts, saveResult } from './result.ts';

/** Columns of a disk that a search takes at least: a first product, its columns and their basis. */
const LEAST_COLUMNS = 24;

/** From the last product that is there to the end. */
async function search(
  directory: AccuracyDirectory,
  call: AdaptiveCall,
  kernels: Kernels,
  control: Control,
): Promise<void> {
  await removeTemporaries(directory.path);
  await mkdir(productsFolder(directory), { recursive: true });
  await removeTemporaries(productsFolder(directory));
  const space = accuracySpace(directory).scope();
  const worker = workerOf(call.op, kernels.name, shardName(WHOLE));
  const op = keepingProducts(call.op, productFiles(directory), worker);
  try {
    const result = await reachAccuracy({ ...call, op }, { space, widest: directory.plan.widest }, control);
    const numMatvecs = result.numMatvecs + PROBES;
    await saveResult(directory, { ...result, numMatvecs }, recordWork(worker, result.seconds));
  } finally {
    await space.close();
  }
}

/** The directory of a call, which is made or must be of the same search. */
async function open(call: AdaptiveCall, path: string): Promise<AccuracyDirectory> {
  const { op, settings } = call;
  const existing = (await isDirectoryOf(ACCURACY, path)) ? await openAccuracyDirectory(path) : undefined;
  const memory = settings.memory ?? existing?.plan.memory ?? memoryOf(call);
  const tall = tallOf({ n: call.n, maxDims: settings.maxDims, dtype: op.dtype });
  const { blockColumns } = budgetWithin(memory, tall);
  const widest =
    existing && settings.blockSize === undefined
      ? existing.plan.widest
      : await prepareBlocks(op, settings.maxDims, settings.blockSize, blockColumns);
  refuseSmallMemory(memory, tall, widest);
  const plan = accuracyPlan(call, memory, widest);
  if (!existing) {
    await refuseUnwritable(path);
    const least = LEAST_COLUMNS * call.n * bytesPerEntry(op.dtype);
    await refuseFullDisk(path, least, 'make room, or take another disk');
  }
  const directory = await openForOperator(op, {
    isThere: () => isDirectoryOf(ACCURACY, path),
    open: () => openAccuracyDirectory(path),
    create: (probe) => createAccuracy(path, plan, probe),
    check: (found) => refuseOtherPlan(accuracyPath(found), found.plan, plan, ['memory']),
  });
  return { ...directory, plan };
}

async function storedSearch(call: AdaptiveCall, path: string, control: Control): Promise<AdaptiveResult> {
  const kernels = await selectKernels(call.settings.kernels);
  const directory = await open(call, path);
  if (await isEnded(directory)) return loadResult(directory, kernels);
  await refuseUnwritable(path);
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw storeError(path, 'write', cause);
  });
  const lock = await lockDirectory(path, control.signal);
  try {
    if (!(await isEnded(directory))) await search(directory, call, kernels, control);
    await removeProducts(directory);
    return await loadResult(directory, kernels);
  } finally {
    await lock.release();
  }
}

/**
 * The search of a parsed call in its directory, which is made or continued.
 * @throws StoreError when the directory belongs to another search or operator, is in use, damaged or cannot be written.
 */
export function storedAccuracy(call: AdaptiveCall, control: Control): Promise<AdaptiveResult> {
  const path = call.settings.store!;
  return inTurn(path, control.signal, () => storedSearch(call, path, control));
}
