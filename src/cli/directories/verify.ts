/** What `eigensketch verify` does. */

import type { Fields } from '../../core/parse.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { verifyAccuracy } from '../../store/accuracy/verify.ts';
import type { Verification } from '../../store/file-check.ts';
import { verifySearch } from '../../store/search/verify.ts';
import { verifyDirectory } from '../../store/sketch/verify.ts';
import type { Arguments, CommandContext } from '../command.ts';
import { EXIT } from '../exit.ts';
import { givenSource, operatorOf } from '../operator-source.ts';
import { directoryOf } from '../storing.ts';
import { isAccuracy, isSearch, openStored, type StoredDirectory } from './stored-analysis.ts';

function verify(
  directory: StoredDirectory,
  op: LinearOperator | undefined,
  signal: AbortSignal,
): Promise<Verification> {
  if (isAccuracy(directory)) return verifyAccuracy(directory, op, signal);
  return isSearch(directory) ? verifySearch(directory, op, signal) : verifyDirectory(directory, op, signal);
}

/** Every file against its checksum, numbers against each other. */
export async function verifyFiles(
  { given, values, words }: Arguments<Fields>,
  { signal }: CommandContext,
): Promise<number> {
  const source = givenSource(given);
  const path = directoryOf({}, words);
  const directory = await openStored(path);
  const op = source && (await operatorOf(source));
  const { files, damaged } = await verify(directory, op, signal);
  if (values.json) console.log(JSON.stringify({ directory: path, files, damaged }, null, 2));
  else {
    for (const { message } of damaged) console.error(message);
    const products = op ? ", and the products are the operator's" : '';
    const well = `all as they were written, bases are orthonormal${products}`;
    console.log(`${files} files, ${damaged.length === 0 ? well : `${damaged.length} damaged`}`);
  }
  return damaged.length === 0 ? EXIT.done : EXIT.file;
}
