/** What `eigensketch certify DIR` does. */

import { StoreError } from '../../core/errors.ts';
import { selectKernels } from '../../linalg/kernels/select.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { readWholeFile } from '../../store/blocks.ts';
import { certifyStored } from '../../store/certify.ts';
import { ACCURACY, holds, probePath, SEARCH } from '../../store/directory.ts';
import { measureProbe, refuseOtherOperator } from '../../store/fingerprint.ts';
import { workerOf } from '../../store/record.ts';
import { openSearchDirectory, type SearchDirectory } from '../../store/search/directory.ts';
import { shardName, WHOLE } from '../../store/shard.ts';
import { certificateOptions } from '../certificate-options.ts';
import type { CommandContext } from '../command.ts';
import { EXIT } from '../exit.ts';
import { operatorOf, sourceOf } from '../operator-source.ts';
import { reporterOf } from '../progress.ts';
import { operatorAgain, resumable } from '../storing.ts';
import { openRun } from './opening.ts';
import { deliverStored, storedResult, storedSpace } from './stored-analysis.ts';

type Given = Readonly<Record<string, unknown>>;

/** Certifies the result of a search. @throws StoreError for another operator, or when there is no result. */
async function openSearch(path: string, given: Given): Promise<{ directory: SearchDirectory; op: LinearOperator }> {
  const source = sourceOf(given);
  const directory = await openSearchDirectory(path);
  const op = await operatorOf(source);
  const probe = probePath(directory);
  refuseOtherOperator(probe, op, await readWholeFile(probe), await measureProbe(op));
  return { directory, op };
}

/** Certifies the result of a directory. @throws StoreError for another operator, or when there is no result. */
export async function certifyDirectory(path: string, given: Given, { signal }: CommandContext): Promise<number> {
  if (await holds(ACCURACY, path)) {
    throw new StoreError(
      `${path} holds ${ACCURACY.noun}, which a certificate has ended: eigensketch report ${path} shows it. A second one would have the same test vectors`,
      { path },
    );
  }
  return resumable(signal, `eigensketch certify ${path}${operatorAgain(given)}`, async () => {
    const { directory, op } = (await holds(SEARCH, path)) ? await openSearch(path, given) : await openRun(path, given);
    const result = await storedResult(directory);
    const worker = workerOf(op, (await selectKernels()).name, shardName(WHOLE));
    const options = { ...certificateOptions(given)!, onProgress: reporterOf(given), signal };
    await certifyStored(directory, storedSpace(directory), op, result, options, worker);
    await deliverStored(directory, given.json === true);
    return EXIT.done;
  });
}
