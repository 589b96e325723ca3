/** Checking every byte of a stored search. */
import { readRecordFile } from '../../hdf5/record-file.ts';
import { fileExists, probePath } from '../directory.ts';
import { FileCheck, type Verification } from '../file-check.ts';
import {
  columnsPath,
  eigenvectorsPath,
  productPath,
  resultPath,
  type SearchDirectory,
  searchPath,
  statePath,
} from './directory.ts';
import { allFiles, readState } from './state.ts';

/** Files of column blocks that the directory must have, and those that it may have. */
async function blockFiles(directory: SearchDirectory): Promise<string[]> {
  const state = (await fileExists(statePath(directory)))
    ? await readState(directory).catch(() => undefined)
    : undefined;
  return [
    probePath(directory),
    ...(state ? allFiles(state.files) : []).map((file) => columnsPath(directory, file)),
    ...((await fileExists(productPath(directory))) ? [productPath(directory)] : []),
    ...((await fileExists(resultPath(directory))) ? [eigenvectorsPath(directory)] : []),
  ];
}

/** Reads all files and holds them against their checksums; nothing is thrown for a damaged one. */
export async function verifySearch(directory: SearchDirectory, signal?: AbortSignal): Promise<Verification> {
  const { n, dtype } = directory.plan;
  const check = new FileCheck(signal);
  for (const file of [searchPath(directory), statePath(directory), resultPath(directory)]) {
    if (await fileExists(file)) await check.read(file, () => readRecordFile(file));
  }
  for (const file of await blockFiles(directory)) await check.block(file, { rows: n, dtype });
  return check.verification;
}
