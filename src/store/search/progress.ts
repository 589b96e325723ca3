/** How far a stored search is. */
import { readRecordFile } from '../../hdf5/record-file.ts';
import { fileExists } from '../directory.ts';
import { PROBES } from '../fingerprint.ts';
import { recordFrom, type WorkRecord } from '../record.ts';
import { resultPath, type SearchDirectory, statePath } from './directory.ts';

/** How far a search is, from its last record. */
export interface SearchProgress {
  /** `'begun'`: no product is finished; `'search'`, `'check'`: under way; otherwise why it ended. */
  phase: 'begun' | 'search' | 'check' | 'converged' | 'noise' | 'maxProducts' | 'signal';
  /** Products with single columns so far, the first probe included. */
  numMatvecs: number;
  restarts: number;
  /** Of the eigenpairs, once the search has ended. */
  numConverged?: number;
  /** Who wrote the record. */
  work?: WorkRecord;
}

/** @throws StoreError for a damaged file. */
export async function searchProgress(directory: SearchDirectory): Promise<SearchProgress> {
  const isEnded = await fileExists(resultPath(directory));
  if (!isEnded && !(await fileExists(statePath(directory)))) return { phase: 'begun', numMatvecs: PROBES, restarts: 0 };
  const { attributes } = await readRecordFile(isEnded ? resultPath(directory) : statePath(directory));
  const { phase, stopped, num_matvecs, restarts, num_converged } = attributes;
  return {
    phase: (stopped ?? phase) as SearchProgress['phase'],
    numMatvecs: Number(num_matvecs) + (isEnded ? 0 : PROBES),
    restarts: Number(restarts),
    ...(num_converged === undefined ? {} : { numConverged: Number(num_converged) }),
    work: recordFrom(attributes),
  };
}
