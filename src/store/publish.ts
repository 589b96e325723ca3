/** Stages that appear whole: files of blocks and what they are, in a folder that is given its name when all is written. */
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Block } from '../core/block.ts';
import { writeBlockFile } from '../hdf5/block-writer.ts';
import { storeError, syncDirectory } from '../hdf5/io.ts';
import type { Attributes } from '../hdf5/messages.ts';
import { type HdfRecord, type RecordLink, writeRecordFile } from '../hdf5/record-file.ts';
import { saveColumns } from '../hdf5/save.ts';
import { createTemporaryFolder, type Temporary } from '../hdf5/temporary.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { blockName } from './directory.ts';

/** What a stage says about itself, beside its blocks. */
export const STAGE_FILE = 'stage.h5';

/** Links to the blocks of one stage, as they are seen from the folder that holds the stage's folder. */
export function blockLinks(group: string, folder: string, blocks: number): RecordLink[] {
  return Array.from({ length: blocks }, (_, block) => ({
    path: `${group}/${blockName(block).replace('.h5', '')}`,
    file: `${folder}/${blockName(block)}`,
    target: '/block',
  }));
}

/** What a stage is to hold. */
export interface PublishedStage {
  columns: Multivector;
  /** Columns of one file. */
  blockSize: number;
  /** What the file of a block says of itself. */
  blockAttributes: (block: number) => Attributes;
  /** Blocks beside the columns, by the name of their file. */
  others?: Readonly<Record<string, { block: Block; attributes: Attributes }>>;
  /** Of the stage; its columns are added. */
  record: HdfRecord;
  signal?: AbortSignal | undefined;
}

/**
 * Writes a stage beside its folder's name, which it is then given, unless another process was first.
 * @throws StoreError when it cannot be written; the signal's reason when aborted.
 */
export async function publishStage(
  folder: string,
  { columns, blockSize, blockAttributes, others = {}, record, signal }: PublishedStage,
): Promise<void> {
  const { cols } = columns;
  const count = Math.ceil(cols / blockSize);
  let temporary: Temporary | undefined;
  try {
    temporary = await createTemporaryFolder(folder);
    const { path } = temporary;
    const files = Array.from({ length: count }, (_, block) => ({
      path: join(path, blockName(block)),
      cols: Math.min(blockSize, cols - block * blockSize),
      attributes: blockAttributes(block),
    }));
    await saveColumns(columns, files, { signal });
    for (const [name, { block, attributes }] of Object.entries(others)) {
      await writeBlockFile(join(path, name), block, attributes);
    }
    const attributes = { ...record.attributes, columns: cols };
    const links = [...blockLinks('columns', '.', count), ...(record.links ?? [])];
    await writeRecordFile(join(path, STAGE_FILE), { ...record, attributes, links });
    await rename(path, folder);
    await syncDirectory(folder);
  } catch (cause) {
    if (temporary) await rm(temporary.path, { recursive: true, force: true });
    // another process has made the same stage in the meantime
    if (['ENOTEMPTY', 'EEXIST'].includes((cause as NodeJS.ErrnoException).code ?? '')) return;
    signal?.throwIfAborted();
    throw storeError(folder, 'write', cause);
  } finally {
    await temporary?.handle.close();
  }
}
