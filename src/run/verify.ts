/** Checking every byte of a directory. */
import { EigensketchError } from '../core/errors.ts';
import { verifyBlockFile } from '../hdf5/block-file.ts';
import { readRecordFile } from '../hdf5/record-file.ts';
import { derivedColumns, stageColumns } from './blocks.ts';
import { certificatePath, loadCertificate } from './certificate.ts';
import {
  blockPath,
  blocksThere,
  descriptionPath,
  fileExists,
  probePath,
  type SketchDirectory,
  stageFilePath,
} from './directory.ts';
import { stageIsThere } from './progress.ts';
import { blockCount, blockRange, CERTIFICATE, type Stage, stagesOf } from './stages.ts';

/** What is wrong with one file. */
export interface Damage {
  file: string;
  message: string;
}

export interface Verification {
  /** Files that were read to the last byte. */
  files: number;
  damaged: Damage[];
}

/** Files of one stage with what each must be. */
async function stageFiles(where: string, directory: SketchDirectory, stage: Stage): Promise<[string, number][]> {
  const { blockSize } = directory.plan;
  const cols = await (stage.kind === 'derived'
    ? derivedColumns(directory, stage.name)
    : stageColumns(where, directory, stage)
  ).catch(() => 0);
  const there = await blocksThere(directory, stage.name);
  const wanted = Array.from({ length: blockCount(cols, blockSize) }, (_, block) => block);
  // a derived stage is there whole; a measured one may be under way
  const blocks = stage.kind === 'derived' ? [...new Set([...wanted, ...there])] : there;
  return blocks.map((block) => {
    const { start, end } = blockRange(cols, blockSize, block);
    return [blockPath(directory, stage.name, block), end - start];
  });
}

/** Reads all files and holds them against their checksums and the plan; nothing is thrown for a damaged one. */
export async function verifyDirectory(
  where: string,
  directory: SketchDirectory,
  signal?: AbortSignal,
): Promise<Verification> {
  const damaged: Damage[] = [];
  let files = 0;
  const check = async (file: string, look: () => Promise<unknown>): Promise<void> => {
    signal?.throwIfAborted();
    files++;
    try {
      await look();
    } catch (error) {
      if (!(error instanceof EigensketchError)) throw error;
      damaged.push({ file, message: error.message });
    }
  };
  const checkBlock = async (file: string, width?: number): Promise<void> => {
    const { rows, cols, dtype } = await verifyBlockFile(file, signal);
    const { n, dtype: expected } = directory.plan;
    if (rows !== n || dtype !== expected || (width !== undefined && cols !== width)) {
      damaged.push({
        file,
        message: `${file}: ${rows} x ${cols} ${dtype}, expected ${n} x ${width ?? cols} ${expected}`,
      });
    }
  };
  await check(descriptionPath(directory), () => readRecordFile(descriptionPath(directory)));
  await check(probePath(directory), () => checkBlock(probePath(directory)));
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'derived' && (await stageIsThere(directory, stage))) {
      const file = stageFilePath(directory, stage.name);
      await check(file, () => readRecordFile(file));
    }
    for (const [file, width] of await stageFiles(where, directory, stage))
      await check(file, () => checkBlock(file, width));
  }
  for (const block of await blocksThere(directory, CERTIFICATE)) {
    const file = blockPath(directory, CERTIFICATE, block);
    await check(file, () => checkBlock(file));
  }
  const certificate = certificatePath(directory);
  if (await fileExists(certificate)) await check(certificate, () => loadCertificate(directory));
  return { files, damaged };
}
