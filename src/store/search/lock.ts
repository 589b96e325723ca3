/** One process at a time works on a search: each step replaces files that the next one reads. */
import { readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { StoreError } from '../../core/errors.ts';
import { storeError } from '../../hdf5/io.ts';
import { removeTemporaries, temporaryName } from '../../hdf5/temporary.ts';

const NAME = 'in-use';

/** A directory that this process alone works on. */
export interface DirectoryLock {
  /** Says that the process is alive, to those on other machines. */
  renew(): Promise<void>;
  release(): Promise<void>;
}

/**
 * Locks a directory by a temporary file of this process; those of processes that have ended are taken away first.
 * @throws StoreError naming the file while another process, or another call of this one, works on the directory.
 */
export async function lockDirectory(path: string): Promise<DirectoryLock> {
  const own = temporaryName(join(path, NAME));
  const release = (): Promise<void> => rm(own, { force: true });
  try {
    await removeTemporaries(path);
    await writeFile(own, '');
  } catch (cause) {
    throw storeError(path, 'write', cause);
  }
  const other = (await readdir(path)).find((name) => name.startsWith(`.${NAME}.`) && name !== basename(own));
  if (other !== undefined) {
    await release();
    throw new StoreError(`${path} is in use by another call; if that has ended, remove ${join(path, other)}`, {
      path,
    });
  }
  const renew = async (): Promise<void> => {
    const now = new Date();
    await utimes(own, now, now).catch(() => undefined);
  };
  return { renew, release };
}
