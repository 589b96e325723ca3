/** What files say of themselves, and whether that is what they should be: the run, the stage, the columns. */
import { createHash } from 'node:crypto';
import type { Block } from '../core/block.ts';
import { StoreError } from '../core/errors.ts';
import type { Attributes } from '../hdf5/messages.ts';
import { checksum } from './blocks.ts';

/** A name for a run: the same choices and the same operator give the same one. */
export function runName(choices: Attributes, probe: Block): string {
  const said = JSON.stringify([choices, checksum(probe)]);
  return createHash('sha256').update(said).digest('hex').slice(0, 16);
}

/**
 * @param remedy what can be done about it
 * @throws StoreError for a file that belongs elsewhere: to another run, another stage or other columns.
 */
export function checkIdentity(file: string, attributes: Attributes, expected: Attributes, remedy: string): void {
  for (const [name, wanted] of Object.entries(expected)) {
    const got = attributes[name];
    if (got === wanted) continue;
    throw new StoreError(
      `${file} belongs elsewhere: its ${name} is ${got === undefined ? 'not there' : String(got)}, not ${String(wanted)}. ` +
        `Put back the file that was here${remedy}`,
      { file, attribute: name, expected: wanted, got },
    );
  }
}
