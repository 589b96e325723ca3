/** The analysis of a finished directory, of a sketch, of a search of `eigsh` or of one for an accuracy. */
import { StoreError } from '../../core/errors.ts';
import type { EigshResult } from '../../eigsh/result.ts';
import { selectKernels } from '../../linalg/kernels/select.ts';
import { type Analysis, analysisOf } from '../../report/analysis.ts';
import { toJson, toMarkdown } from '../../report/tables.ts';
import type { EighResult } from '../../spectrum/result.ts';
import { type AccuracyDirectory, openAccuracyDirectory } from '../../store/accuracy/directory.ts';
import { loadResult as loadAccuracy, readResult as readAccuracy } from '../../store/accuracy/result.ts';
import { loadCertificate } from '../../store/certificate.ts';
import { ACCURACY, fileExists, holds, SEARCH } from '../../store/directory.ts';
import { RESULT } from '../../store/folders.ts';
import { recordFrom } from '../../store/record.ts';
import { openSearchDirectory, resultPath, type SearchDirectory, searchSpace } from '../../store/search/directory.ts';
import { loadResult as loadSearchResult, readResult } from '../../store/search/result.ts';
import { spaceOf } from '../../store/sketch/derive.ts';
import { openDirectory, type SketchDirectory } from '../../store/sketch/directory.ts';
import { derivedRecord } from '../../store/sketch/progress.ts';
import { loadResult } from '../../store/sketch/result.ts';
import { operatorName } from '../operator-source.ts';
import { rememberedSource } from './remembered.ts';

/** A directory of any kind. */
export type StoredDirectory = SketchDirectory | SearchDirectory | AccuracyDirectory;

/** Whether it is of `eigsh`. */
export const isSearch = (directory: StoredDirectory): directory is SearchDirectory => 'k' in directory.plan;

/** Whether it is of `seigh` with `tol`. */
export const isAccuracy = (directory: StoredDirectory): directory is AccuracyDirectory => 'maxDims' in directory.plan;

/** Opens a directory of any kind. @throws StoreError when it is none. */
export async function openStored(path: string): Promise<StoredDirectory> {
  if (await holds(SEARCH, path)) return openSearchDirectory(path);
  return (await holds(ACCURACY, path)) ? openAccuracyDirectory(path) : openDirectory(path);
}

/** The result of a search, converged or not. @throws StoreError when it has not come to one. */
async function searchResult(directory: SearchDirectory): Promise<EigshResult> {
  if (!(await fileExists(resultPath(directory)))) {
    throw new StoreError(`${directory.path}: the search has not ended; continue it by its command`, {
      path: directory.path,
    });
  }
  return loadSearchResult(directory, searchSpace(directory), await selectKernels());
}

/** Multivectors in a directory. */
export const storedSpace = (directory: SketchDirectory | SearchDirectory): ReturnType<typeof spaceOf> =>
  isSearch(directory) ? searchSpace(directory) : spaceOf(directory);

/** The result of a directory. @throws StoreError when it has none. */
export async function storedResult(directory: StoredDirectory): Promise<EighResult> {
  if (isAccuracy(directory)) return loadAccuracy(directory, await selectKernels());
  return isSearch(directory) ? searchResult(directory) : loadResult(directory, await selectKernels());
}

/** What reports say of where a directory comes from. */
async function originOf(directory: StoredDirectory) {
  if (isSearch(directory) || isAccuracy(directory)) {
    const { attributes } = await (isSearch(directory) ? readResult(directory) : readAccuracy(directory));
    const work = recordFrom(attributes);
    return { operator: directory.path, version: directory.version, ...work };
  }
  const { version } = directory.origin;
  const source = rememberedSource(directory);
  const work = await derivedRecord(directory, RESULT);
  return { operator: source === undefined ? directory.path : operatorName(source), version, ...work };
}

/** Result and certificate of a directory, with the machine, date and versions of those who made them. */
export async function storedAnalysis(directory: StoredDirectory): Promise<Analysis> {
  const result = await storedResult(directory);
  const certificate = await loadCertificate(directory);
  const { operator, version, machine, node, finished } = await originOf(directory);
  const analysis = analysisOf({ operator, result, certificate, date: new Date(finished) });
  await result.eigenvectors.space.release(result.eigenvectors);
  const provenance = { ...analysis.provenance, machine, versions: { eigensketch: version, node } };
  return { ...analysis, provenance };
}

/** Prints the analysis of a directory. */
export async function deliverStored(directory: StoredDirectory, json: boolean): Promise<void> {
  const analysis = await storedAnalysis(directory);
  process.stdout.write(json ? toJson(analysis) : toMarkdown(analysis));
}
