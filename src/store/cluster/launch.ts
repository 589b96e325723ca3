/** The last submission of a directory, remembered so that its jobs can be looked for in the queue. */
import { join } from 'node:path';
import { StoreError } from '../../core/errors.ts';
import { replaceFile } from '../../hdf5/temporary.ts';
import { readJsonFile } from '../directory.ts';
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
  const value = await readJsonFile(file);
  if (value === undefined) return undefined;
  const { engine, jobs, submitted } = (value ?? {}) as Record<string, unknown>;
  if (engine === 'slurm' && Array.isArray(jobs) && jobs.every(isJob) && typeof submitted === 'string') {
    return { engine, jobs, submitted };
  }
  throw new StoreError(`${file}: damaged: it tells of no jobs of Slurm; remove it if none are queued`, { file });
}

/** Numbers of jobs go into command lines. */
function isJob(value: unknown): value is SlurmJob {
  const { id, step, shards } = (value ?? {}) as Record<string, unknown>;
  const hasShards = shards === undefined || (Array.isArray(shards) && shards.every(Number.isSafeInteger));
  return typeof id === 'string' && /^\d[\d_+]*$/.test(id) && typeof step === 'string' && hasShards;
}

export function saveLaunch(directory: SketchDirectory, launch: Launch): Promise<void> {
  return replaceFile(launchPath(directory), (handle) => handle.writeFile(`${JSON.stringify(launch, null, 2)}\n`));
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
