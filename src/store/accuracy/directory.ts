/** A directory of `seigh` with `tol`: the accuracy that is searched for, the products so far, and what it came to. */
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../../core/block.ts';
import { type DiskSpace, diskSpace } from '../../hdf5/disk-space.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import { fromAttributes, toAttributes } from '../attributes.ts';
import { ACCURACY, blockName, readDescription, writeDescription } from '../directory.ts';
import { runName } from '../identity.ts';
import type { ProductFiles } from '../kept-products.ts';
import { ACCURACY_KINDS, type AccuracyPlan, checkPlan, tallOf } from './plan.ts';

/** An open directory of `seigh` with `tol`. */
export interface AccuracyDirectory {
  path: string;
  plan: AccuracyPlan;
  /** Version of the library that made it. */
  version: string;
  /** Name of the search, which is in each of its files. */
  run: string;
}

type Place = Pick<AccuracyDirectory, 'path'>;

export const accuracyPath = ({ path }: Place): string => join(path, ACCURACY.description);
export const productsFolder = ({ path }: Place): string => join(path, 'products');
export const resultPath = ({ path }: Place): string => join(path, 'result.h5');
export const eigenvectorsPath = ({ path }: Place): string => join(path, 'eigenvectors.h5');

/** A name for a search: the same choices and the same operator give the same one. */
export function accuracyName(plan: AccuracyPlan, probe: Block): string {
  // with other memory it is the same search
  const { memory: _, ...choices } = toAttributes(ACCURACY_KINDS, plan);
  return runName(choices, probe);
}

/** What a file says of itself: the search, and what of it the file is. */
export const fileIdentity = ({ run }: AccuracyDirectory, stage: string): Attributes => ({ run, stage });

/** The files of the products, in the order in which they are made. */
export const productFiles = (directory: AccuracyDirectory): ProductFiles => ({
  path: (index) => join(productsFolder(directory), blockName(index)),
  identity: (index) => ({ ...fileIdentity(directory, 'products'), file: index }),
  purpose: 'product',
});

/** Numbers of the products that are there, ascending. */
export async function keptProducts(directory: AccuracyDirectory): Promise<number[]> {
  const names = await readdir(productsFolder(directory)).catch(() => []);
  return names.flatMap((name) => (/^\d{6}\.h5$/.test(name) ? [Number.parseInt(name, 10)] : [])).sort((a, b) => a - b);
}

/** Writes what the search is; from then on the folder is a directory of one. @throws StoreError */
export async function createAccuracy(path: string, plan: AccuracyPlan, probe: Block): Promise<void> {
  const attributes = { run: accuracyName(plan, probe), ...toAttributes(ACCURACY_KINDS, plan) };
  await writeDescription(ACCURACY, path, probe, attributes, [{ path: 'result', file: 'result.h5', target: '/' }]);
}

/** @throws StoreError when the description is missing, damaged, of another format or version. */
export async function openAccuracyDirectory(path: string): Promise<AccuracyDirectory> {
  const attributes = await readDescription(ACCURACY, path);
  const plan = fromAttributes(ACCURACY_KINDS, accuracyPath({ path }), attributes);
  checkPlan(accuracyPath({ path }), plan);
  return { path, plan, version: String(attributes.eigensketch), run: String(attributes.run) };
}

/** Where multivectors of a search live: temporary files in its directory. */
export function accuracySpace({ path, plan }: AccuracyDirectory): DiskSpace {
  return diskSpace({ ...tallOf(plan), directory: path, memory: plan.memory });
}
