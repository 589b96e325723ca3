/** What a stored run will cost: products, files, and bytes on disk. */
import { statfs } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { bytesPerEntry } from '../../core/dtype.ts';
import { StoreError } from '../../core/errors.ts';
import { formatMemory } from '../../core/memory.ts';
import { HEAD_BYTES } from '../../hdf5/head.ts';
import { PROBES } from '../fingerprint.ts';
import { type StoredPlan, storedColumns } from './plan.ts';
import { blockCount, RESULT, stagesOf } from './stages.ts';

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

/** Bytes free for us on the disk that holds, or would hold, a path. */
export async function freeBytes(path: string): Promise<number> {
  for (let at = resolve(path); ; at = dirname(at)) {
    const found = await statfs(at).catch(() => undefined);
    if (found) return found.bavail * found.bsize;
    if (at === dirname(at)) return Number.POSITIVE_INFINITY;
  }
}

/** @throws StoreError when a plan needs more bytes than the disk has. */
export async function refuseFullDisk(path: string, { bytes }: StoredCost): Promise<void> {
  const free = await freeBytes(path);
  if (bytes <= free) return;
  throw new StoreError(
    `${path} will need up to ${formatMemory(bytes)}, the disk has ${formatMemory(free)} free (--force starts all the same)`,
    { path, bytes, free },
  );
}
