/** Text files line by line, in little memory. */
import { createReadStream } from 'node:fs';
import { StoreError } from '../core/errors.ts';
import { storeError } from '../hdf5/io.ts';

/** A longer line is no text that is meant here. */
const LONGEST = 2 ** 28;

/** The lines of a file without their ends, in groups as they come from the disk. @throws StoreError */
export async function* lineGroups(path: string): AsyncGenerator<string[]> {
  let rest = '';
  try {
    for await (const chunk of createReadStream(path, { encoding: 'latin1', highWaterMark: 2 ** 20 })) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop()!;
      if (rest.length > LONGEST) throw new StoreError(`${path}: a line of more than ${LONGEST} bytes`, { path });
      yield lines;
    }
  } catch (cause) {
    throw storeError(path, 'read', cause);
  }
  if (rest !== '') yield [rest];
}
