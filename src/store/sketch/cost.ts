/** What a stored run will cost: products, files, and bytes on disk. */
import { bytesPerEntry } from '../../core/dtype.ts';
import { HEAD_BYTES } from '../../hdf5/head.ts';
import { PROBES } from '../fingerprint.ts';
import { RESULT } from '../folders.ts';
import { type StoredPlan, storedColumns } from './plan.ts';
import { blockCount, stagesOf } from './stages.ts';

export interface StoredCost {
  /** Products with single columns, without the certificate's. */
  numMatvecs: number;
  /** Block files. */
  files: number;
  /** Bytes of all block files, and of temporary ones at the peak. */
  bytes: number;
  /** Bytes of tall data in memory at once. */
  memory: number;
}

/** Upper bounds: a sketch of lower rank takes less. */
export function costOf(plan: StoredPlan): StoredCost {
  const { n, dims, blockSize, dtype, memory } = plan;
  const { result, temporary } = storedColumns(plan);
  const resultColumns = Math.min(n, result);
  let numMatvecs = PROBES;
  let columns = PROBES;
  let files = 1;
  for (const stage of stagesOf(plan)) {
    const cols = stage.kind === 'measured' ? stage.cols : stage.name === RESULT ? resultColumns : dims;
    if (stage.kind === 'measured') numMatvecs += cols;
    columns += cols;
    files += blockCount(cols, blockSize);
  }
  const tall = n * bytesPerEntry(dtype) * (columns + temporary);
  return { numMatvecs, files, bytes: tall + files * HEAD_BYTES, memory };
}
