/** A directory of `eigsh`: what is searched for, where the search stands, and the files of its column blocks. */
import { mkdir, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import { writeBlockFile } from '../../hdf5/block-writer.ts';
import { type DiskSpace, diskSpace } from '../../hdf5/disk-space.ts';
import { storeError } from '../../hdf5/io.ts';
import { readRecordFile, writeRecordFile } from '../../hdf5/record-file.ts';
import { isTemporary, removeTemporaries } from '../../hdf5/temporary.ts';
import { fromAttributes, toAttributes } from '../attributes.ts';
import { blockName, entries, fileExists, libraryVersion, probePath, SEARCH_DESCRIPTION } from '../sketch/directory.ts';
import { SEARCH_KINDS, type SearchPlan, widestOf } from './plan.ts';

/** Version of the layout: attribute `format_version` of `eigsh.h5`. */
export const SEARCH_VERSION = 1;

const FORMAT = 'eigensketch eigsh';
/** The folder of the column blocks of V and W. */
export const BLOCKS = 'blocks';

/** An open directory of `eigsh`. */
export interface SearchDirectory {
  path: string;
  plan: SearchPlan;
}

type Place = Pick<SearchDirectory, 'path'>;

export const searchPath = ({ path }: Place): string => join(path, SEARCH_DESCRIPTION);
export const statePath = ({ path }: Place): string => join(path, 'state.h5');
export const productPath = ({ path }: Place): string => join(path, 'product.h5');
export const resultPath = ({ path }: Place): string => join(path, 'result.h5');
export const eigenvectorsPath = ({ path }: Place): string => join(path, 'eigenvectors.h5');
export const columnsPath = ({ path }: Place, file: number): string => join(path, BLOCKS, blockName(file));

/** Whether a folder is a directory of `eigsh`, whatever else is in it. */
export const holdsSearch = (path: string): Promise<boolean> => fileExists(searchPath({ path }));

/** Whether there is a search. @throws StoreError for a folder with anything else in it. */
export async function isSearchDirectory(where: string, path: string): Promise<boolean> {
  const found = (await entries(path)) ?? [];
  if (found.includes(SEARCH_DESCRIPTION)) return true;
  if (found.includes('sketch.h5')) throw new StoreError(`${where}: ${path} holds a sketch of seigh`, { path });
  const foreign = found.find((name) => name !== 'probe.h5' && !isTemporary(name));
  if (foreign === undefined) return false;
  throw new StoreError(
    `${where}: ${path} is not empty and no search of eigsh: there is no ${SEARCH_DESCRIPTION}, but '${foreign}'`,
    { path },
  );
}

/** Writes what the search is; from then on the folder is a directory of `eigsh`. @throws StoreError */
export async function createSearch({ path, plan }: SearchDirectory, probe: Block): Promise<void> {
  await writeBlockFile(probePath({ path }), probe, { purpose: 'probe', seed: 0 });
  const attributes = {
    format: FORMAT,
    format_version: SEARCH_VERSION,
    eigensketch: libraryVersion(),
    created: new Date().toISOString(),
    ...toAttributes(SEARCH_KINDS, plan),
  };
  const links = [
    { path: 'probe', file: 'probe.h5', target: '/block' },
    { path: 'state', file: 'state.h5', target: '/' },
    { path: 'result', file: 'result.h5', target: '/' },
  ];
  await writeRecordFile(searchPath({ path }), { attributes, links });
}

/** @throws StoreError when the description is missing, damaged, of another format or version. */
export async function openSearchDirectory(where: string, path: string): Promise<SearchDirectory> {
  const file = searchPath({ path });
  const { attributes } = await readRecordFile(file);
  const { format, format_version: version } = attributes;
  if (format !== FORMAT) throw new StoreError(`${where}: ${file} does not describe a search of eigsh`, { file });
  if (version !== SEARCH_VERSION) {
    throw new StoreError(`${where}: ${file} has format version ${version}, this version reads ${SEARCH_VERSION}`, {
      file,
      version,
    });
  }
  return { path, plan: fromAttributes(SEARCH_KINDS, file, attributes) };
}

/** The folder of the column blocks, cleared of what dead processes have left. @throws StoreError */
export async function prepareColumns({ path }: Place): Promise<void> {
  const folder = join(path, BLOCKS);
  try {
    await mkdir(folder, { recursive: true });
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
export function searchSpace(where: string, { path, plan }: SearchDirectory): DiskSpace {
  const { n: rows, dtype, memory } = plan;
  return diskSpace({ rows, cols: widestOf(plan), dtype, directory: path, memory, where });
}
