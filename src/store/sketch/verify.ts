/** Checking every byte of a directory. */
import { readRecordFile } from '../../hdf5/record-file.ts';
import { fileExists, probePath } from '../directory.ts';
import { FileCheck, type Verification } from '../file-check.ts';
import { checkIdentity, derivedColumns, stageColumns } from './blocks.ts';
import { certificatePath, loadCertificate } from './certificate.ts';
import { blockPath, blocksThere, descriptionPath, type SketchDirectory, stageFilePath } from './directory.ts';
import { stageIsThere } from './progress.ts';
import { blockCount, blockRange, CERTIFICATE, type Stage, stagesOf } from './stages.ts';

/** Blocks of one stage, and the columns of each. */
async function stageFiles(directory: SketchDirectory, stage: Stage): Promise<[number, number][]> {
  const { blockSize } = directory.plan;
  const cols = await (stage.kind === 'derived'
    ? derivedColumns(directory, stage.name)
    : stageColumns(directory, stage)
  ).catch(() => 0);
  const there = await blocksThere(directory, stage.name);
  const wanted = Array.from({ length: blockCount(cols, blockSize) }, (_, block) => block);
  // a derived stage is there whole; a measured one may be under way
  const blocks = stage.kind === 'derived' ? [...new Set([...wanted, ...there])] : there;
  return blocks.map((block) => {
    const { start, end } = blockRange(cols, blockSize, block);
    return [block, end - start];
  });
}

/** Reads all files and holds them against their checksums and the plan; nothing is thrown for a damaged one. */
export async function verifyDirectory(directory: SketchDirectory, signal?: AbortSignal): Promise<Verification> {
  const { n: rows, dtype } = directory.plan;
  const check = new FileCheck(signal);
  await check.read(descriptionPath(directory), () => readRecordFile(descriptionPath(directory)));
  await check.block(probePath(directory), { rows, dtype });
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'derived' && (await stageIsThere(directory, stage))) {
      const file = stageFilePath(directory, stage.name);
      await check.read(file, () => readRecordFile(file));
    }
    for (const [block, cols] of await stageFiles(directory, stage)) {
      await check.block(blockPath(directory, stage.name, block), { rows, cols, dtype }, () =>
        checkIdentity(directory, stage.name, block),
      );
    }
  }
  for (const block of await blocksThere(directory, CERTIFICATE)) {
    const file = blockPath(directory, CERTIFICATE, block);
    await check.block(file, { rows, dtype });
  }
  const certificate = certificatePath(directory);
  if (await fileExists(certificate)) await check.read(certificate, () => loadCertificate(directory));
  return check.verification;
}
