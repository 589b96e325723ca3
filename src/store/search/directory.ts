/** A directory of `eigsh`: what is searched for, how far the search is, and the files of its column blocks. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../../core/block.ts';
import { type DiskSpace, diskSpace } from '../../hdf5/disk-space.ts';
import { storeError } from '../../hdf5/io.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import { removeTemporaries } from '../../hdf5/temporary.ts';
import { fromAttributes, toAttributes } from '../attributes.ts';
import { blockName, readDescription, SEARCH, writeDescription } from '../directory.ts';
import { runName } from '../identity.ts';
import { checkPlan, SEARCH_KINDS, type SearchPlan, tallOf } from './plan.ts';

/** The folder of the column blocks of V and W. */
export const BLOCKS = 'blocks';

/** An open directory of `eigsh`. */
export interface SearchDirectory {
  path: string;
  plan: SearchPlan;
  /** Version of the library that made it. */
  version: string;
  /** Name of the search, which is in each of its files; undefined in directories from before files had it. */
  run: string | undefined;
}

type Place = Pick<SearchDirectory, 'path'>;

export const searchPath = ({ path }: Place): string => join(path, SEARCH.description);
export const statePath = ({ path }: Place): string => join(path, 'state.h5');
export const productPath = ({ path }: Place): string => join(path, 'product.h5');
export const resultPath = ({ path }: Place): string => join(path, 'result.h5');
export const eigenvectorsPath = ({ path }: Place): string => join(path, 'eigenvectors.h5');
export const columnsPath = ({ path }: Place, file: number): string => join(path, BLOCKS, blockName(file));

/** A name for a search: the same choices and the same operator give the same one. */
export function searchName(plan: SearchPlan, probe: Block): string {
  // with other memory it is the same search
  const { memory: _, ...choices } = toAttributes(SEARCH_KINDS, plan);
  return runName(choices, probe);
}

/** What a file says of itself: the search, and what of it the file is. */
export function fileIdentity({ run }: SearchDirectory, stage: string): Attributes {
  return { ...(run === undefined ? {} : { run }), stage };
}

/** What a file of column blocks says of itself: its number, too. No number is given twice. */
export function columnsIdentity(directory: SearchDirectory, file: number): Attributes {
  return { ...fileIdentity(directory, 'krylov'), file };
}

/** Writes what the search is; from then on the folder is a directory of `eigsh`. @throws StoreError */
export async function createSearch(path: string, plan: SearchPlan, probe: Block): Promise<void> {
  const attributes = { run: searchName(plan, probe), ...toAttributes(SEARCH_KINDS, plan) };
  await writeDescription(SEARCH, path, probe, attributes, [
    { path: 'state', file: 'state.h5', target: '/' },
    { path: 'result', file: 'result.h5', target: '/' },
  ]);
}

/** @throws StoreError when the description is missing, damaged, of another format or version. */
export async function openSearchDirectory(path: string): Promise<SearchDirectory> {
  const attributes = await readDescription(SEARCH, path);
  const plan = fromAttributes(SEARCH_KINDS, searchPath({ path }), attributes);
  checkPlan(searchPath({ path }), plan);
  return {
    path,
    plan,
    version: String(attributes.eigensketch),
    run: attributes.run === undefined ? undefined : String(attributes.run),
  };
}

/** The folder of the column blocks, and all cleared of what ended processes have left. @throws StoreError */
export async function prepareColumns({ path }: Place): Promise<void> {
  const folder = join(path, BLOCKS);
  try {
    await mkdir(folder, { recursive: true });
    await removeTemporaries(path);
    await removeTemporaries(folder);
  } catch (cause) {
    throw storeError(folder, 'write', cause);
  }
}

/** Takes away the column blocks that are not among `kept`. */
export async function removeOtherColumns(directory: Place, kept: readonly number[]): Promise<void> {
  const names = new Set(kept.map(blockName));
  const folder = join(directory.path, BLOCKS);
  for (const name of await readdir(folder)) {
    if (/^\d+\.h5$/.test(name) && !names.has(name)) await rm(join(folder, name), { force: true });
  }
}

/** Where multivectors of a search live: its files, and temporary ones beside them. */
export function searchSpace({ path, plan }: SearchDirectory): DiskSpace {
  return diskSpace({ ...tallOf(plan), directory: path, memory: plan.memory });
}
