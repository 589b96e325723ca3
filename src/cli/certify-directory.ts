/** The half of `eigensketch certify` that is about sketch directories. */
import type { ApostOptions } from '../apost/apost.ts';
import { ArgumentError } from '../core/errors.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { shardName, WHOLE } from '../store/cluster/shard.ts';
import { workerOf } from '../store/record.ts';
import { certifyStored } from '../store/sketch/certificate.ts';
import { loadResult } from '../store/sketch/result.ts';
import type { CommandContext, Flags } from './command.ts';
import { EXIT } from './exit.ts';
import { progressBar } from './progress-bar.ts';
import { deliverStored } from './stored-analysis.ts';
import { openRun, resumable } from './storing.ts';

/** Certifies the result of a directory. @throws StoreError for another operator, or when there is no result. */
export async function certifyDirectory(
  where: string,
  path: string,
  flags: Flags,
  options: ApostOptions | undefined,
  { signal }: CommandContext,
): Promise<number> {
  if (!options) throw new ArgumentError(`${where}: --tests must be at least 1`);
  return resumable(signal, `${where} ${path}`, async () => {
    const { directory, op } = await openRun(where, path, flags);
    const kernels = await selectKernels();
    const result = await loadResult(where, directory, kernels);
    const worker = workerOf(op, kernels.name, shardName(WHOLE));
    await certifyStored(directory, op, result, { ...options, onProgress: progressBar(), signal }, worker);
    await deliverStored(where, directory, flags);
    return EXIT.done;
  });
}
