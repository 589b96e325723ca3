/** A sketch directory: one file that says what the sketch is, and a folder of block files for each stage. */
import { access, mkdir, readdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import type { Block } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import { writeBlockFile } from '../../hdf5/block-writer.ts';
import { storeError } from '../../hdf5/io.ts';
import { type RecordLink, readRecordFile, writeRecordFile } from '../../hdf5/record-file.ts';
import { isTemporary, removeTemporaries } from '../../hdf5/temporary.ts';
import { fromAttributes, PLAN_KINDS, toAttributes } from '../attributes.ts';
import type { StoredPlan } from './plan.ts';
import { blockCount, CERTIFICATE, stagesOf } from './stages.ts';

/** Version of the layout: attribute `format_version` of `sketch.h5`. */
export const DIRECTORY_VERSION = 1;

const FORMAT = 'eigensketch sketch';
const DESCRIPTION = 'sketch.h5';
const PROBE = 'probe.h5';

/** What describes a directory of `eigsh`. */
export const SEARCH_DESCRIPTION = 'eigsh.h5';

/** Where a sketch comes from; none of its numbers depend on it. */
export interface Origin {
  /** The file that the operator was made by; empty when it was made in code. */
  operator: string;
  /** Version of the library. */
  version: string;
  /** ISO 8601. */
  created: string;
}

/** An open sketch directory. */
export interface SketchDirectory {
  path: string;
  plan: StoredPlan;
  origin: Origin;
}

/** The folder of a stage. */
export const stageFolder = (directory: { path: string }, stage: string): string => join(directory.path, stage);

/** '000012.h5': the file of one block in the folder of its stage. */
export const blockName = (block: number): string => `${String(block).padStart(6, '0')}.h5`;

export const blockPath = (directory: { path: string }, stage: string, block: number): string =>
  join(directory.path, stage, blockName(block));

/** What a derived stage says about itself, beside its blocks. */
export const STAGE_FILE = 'stage.h5';

export const stageFilePath = (directory: { path: string }, stage: string): string =>
  join(directory.path, stage, STAGE_FILE);

export const probePath = (directory: { path: string }): string => join(directory.path, PROBE);
export const descriptionPath = (directory: { path: string }): string => join(directory.path, DESCRIPTION);

/** Links to the blocks of one stage, as they are seen from the folder that holds the stage's folder. */
export function blockLinks(group: string, folder: string, blocks: number): RecordLink[] {
  return Array.from({ length: blocks }, (_, block) => ({
    path: `${group}/${blockName(block).replace('.h5', '')}`,
    file: `${folder}/${blockName(block)}`,
    target: '/block',
  }));
}

/** Everything of the directory under one roof: blocks that are not there yet are links into nothing. */
function links(plan: StoredPlan): RecordLink[] {
  return stagesOf(plan).flatMap((stage) => {
    if (stage.kind === 'derived') return [{ path: stage.name, file: `${stage.name}/${STAGE_FILE}`, target: '/' }];
    if (typeof stage.input === 'string') {
      return blockLinks(stage.name, stage.name, blockCount(stage.cols, plan.blockSize));
    }
    // how many columns a basis has, and so its products, only the basis knows
    return [{ path: stage.name, file: `${stage.input.basis}/${STAGE_FILE}`, target: `/${stage.name}` }];
  });
}

export const fileExists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Names in a folder; undefined where there is none. @throws StoreError when it cannot be read. */
export async function entries(path: string): Promise<string[] | undefined> {
  try {
    return await readdir(path);
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeError(path, 'read', cause);
  }
}

function refuseSearch(where: string, path: string, found: readonly string[]): void {
  if (!found.includes(SEARCH_DESCRIPTION)) return;
  throw new StoreError(`${where}: ${path} holds a search of eigsh, not a sketch`, { path });
}

/** Whether there is a sketch. @throws StoreError for a folder with anything else in it. */
export async function isSketchDirectory(where: string, path: string): Promise<boolean> {
  const found = await entries(path);
  if (found === undefined) return false;
  if (found.includes(DESCRIPTION)) return true;
  refuseSearch(where, path, found);
  const foreign = found.find((name) => name !== PROBE && !isTemporary(name));
  if (foreign === undefined) return false;
  throw new StoreError(
    `${where}: ${path} is not empty and not a sketch: there is no ${DESCRIPTION}, but '${foreign}'`,
    {
      path,
    },
  );
}

/** Version of the library. */
export function libraryVersion(): string {
  return (createRequire(import.meta.url)('eigensketch/package.json') as { version: string }).version;
}

/**
 * Makes a sketch directory. Another process may do the same at the same time: the first one's is kept.
 * @throws StoreError when it cannot be written.
 */
export async function createDirectory(path: string, plan: StoredPlan, operator: string, probe: Block): Promise<void> {
  await mkdir(path, { recursive: true }).catch((cause: unknown) => {
    throw storeError(path, 'write', cause);
  });
  await writeBlockFile(probePath({ path }), probe, { purpose: 'probe', seed: 0 });
  const attributes = {
    format: FORMAT,
    format_version: DIRECTORY_VERSION,
    eigensketch: libraryVersion(),
    created: new Date().toISOString(),
    operator,
    purpose: 'sketch',
    ...toAttributes(PLAN_KINDS, plan),
  };
  const all = [{ path: 'probe', file: PROBE, target: '/block' }, ...links(plan)];
  await writeRecordFile(descriptionPath({ path }), { attributes, links: all }, true);
}

/**
 * Opens a sketch directory, and takes away what dead processes have left in it.
 * @throws StoreError when it is none, of another version, or its description is damaged.
 */
export async function openDirectory(where: string, path: string): Promise<SketchDirectory> {
  const file = descriptionPath({ path });
  const found = await entries(path);
  if (!found?.includes(DESCRIPTION)) {
    refuseSearch(where, path, found ?? []);
    throw new StoreError(`${where}: ${path} is not a sketch directory: there is no ${file}`, { path });
  }
  const { attributes } = await readRecordFile(file);
  const { format, format_version, eigensketch, created, operator } = attributes;
  if (format !== FORMAT) throw new StoreError(`${where}: ${file} does not describe a sketch`, { file });
  if (format_version !== DIRECTORY_VERSION) {
    throw new StoreError(
      `${where}: ${file} has format version ${format_version}, this version reads ${DIRECTORY_VERSION}`,
      {
        file,
        version: format_version,
      },
    );
  }
  const plan = fromAttributes(PLAN_KINDS, file, attributes);
  for (const folder of ['.', ...stagesOf(plan).map(({ name }) => name), CERTIFICATE]) {
    await removeTemporaries(join(path, folder)).catch(() => []);
  }
  return { path, plan, origin: { operator: String(operator), version: String(eigensketch), created: String(created) } };
}

/** Numbers of the blocks that are there, ascending. */
export async function blocksThere(directory: { path: string }, stage: string): Promise<number[]> {
  const found = (await entries(stageFolder(directory, stage))) ?? [];
  return found.flatMap((name) => (/^\d{6}\.h5$/.test(name) ? [Number.parseInt(name, 10)] : [])).sort((a, b) => a - b);
}
