/** The last submission of a directory, remembered so that its jobs can be looked for in the queue. */
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { StoreError } from '../../core/errors.ts';
import { temporaryName } from '../../hdf5/temporary.ts';
import type { SketchDirectory } from '../sketch/directory.ts';
import { queued, type SlurmJob } from './slurm.ts';

export interface Launch {
  engine: 'slurm';
  jobs: SlurmJob[];
  /** ISO 8601. */
  submitted: string;
}

const launchPath = ({ path }: SketchDirectory): string => join(path, 'launch.json');

/** The last launch, if there was one. @throws StoreError for a damaged record of it. */
export async function loadLaunch(directory: SketchDirectory): Promise<Launch | undefined> {
  const file = launchPath(directory);
  const text = await readFile(file, 'utf8').catch(() => undefined);
  if (text === undefined) return undefined;
  try {
    return JSON.parse(text) as Launch;
  } catch (cause) {
    throw new StoreError(`${file}: damaged: it is not JSON`, { file }, { cause });
  }
}

export async function saveLaunch(directory: SketchDirectory, launch: Launch): Promise<void> {
  const file = launchPath(directory);
  const temporary = temporaryName(file);
  await writeFile(temporary, `${JSON.stringify(launch, null, 2)}\n`);
  await rename(temporary, file);
}

/** @throws StoreError while jobs of the last launch are queued: a second one would do the same work again. */
export async function refuseSecondLaunch(directory: SketchDirectory): Promise<void> {
  const launch = await loadLaunch(directory);
  if (!launch) return;
  const waiting = await queued(launch.jobs.map(({ id }) => id));
  if (waiting.length === 0) return;
  const ids = waiting.map(({ id }) => id).join(', ');
  throw new StoreError(`jobs ${ids} of the last launch are still queued; wait for them, or scancel them`, {
    jobs: ids,
  });
}
