/** What `eigensketch run` does. */

import type { Fields } from '../../core/parse.ts';
import { KERNELS } from '../../linalg/kernels/choice.ts';
import { selectKernels } from '../../linalg/kernels/select.ts';
import { isAsAsked, loadCertificate } from '../../store/certificate.ts';
import { certifyStored } from '../../store/certify.ts';
import { workerOf } from '../../store/record.ts';
import { shardName, WHOLE } from '../../store/shard.ts';
import { spaceOf } from '../../store/sketch/derive.ts';
import { finishDirectory } from '../../store/sketch/seigh.ts';
import { certificateOptions } from '../certificate-options.ts';
import type { Arguments, CommandContext } from '../command.ts';
import { EXIT } from '../exit.ts';
import { reporterOf } from '../progress.ts';
import { directoryOf, operatorAgain, resumable } from '../storing.ts';
import { openRun } from './opening.ts';
import { deliverStored } from './stored-analysis.ts';

/** A sketch and its certificate. */
export async function runDirectory({ given, words }: Arguments<Fields>, { signal }: CommandContext): Promise<number> {
  const path = directoryOf(given, words);
  const certifying = certificateOptions(given);
  return resumable(signal, `eigensketch run --out ${path}${operatorAgain(given)}`, async () => {
    const { op, directory } = await openRun(path, given);
    const kernels = await selectKernels(KERNELS.parse(given.kernels, 'kernels'));
    const onProgress = reporterOf(given);
    const result = await finishDirectory(directory, { op, kernels, onProgress, signal });
    if (certifying && !isAsAsked(await loadCertificate(directory), certifying)) {
      const worker = workerOf(op, kernels.name, shardName(WHOLE));
      const options = { ...certifying, onProgress, signal };
      await certifyStored(directory, spaceOf(directory), op, result, options, worker);
    }
    await deliverStored(directory, given.json === true);
    return EXIT.done;
  });
}
