/** `eigensketch run`: a sketch in a directory from the first product to the certificate, on this machine. */
import { KERNELS } from '../linalg/kernels/choice.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { isAsAsked, loadCertificate } from '../store/certificate.ts';
import { certifyStored } from '../store/certify.ts';
import { workerOf } from '../store/record.ts';
import { shardName, WHOLE } from '../store/shard.ts';
import { spaceOf } from '../store/sketch/derive.ts';
import { finishDirectory } from '../store/sketch/seigh.ts';
import { certificateOptions, FINAL_CERTIFICATE_FIELDS } from './certificate-options.ts';
import { type Command, defineCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE } from './operator-source.ts';
import { reporterOf } from './progress.ts';
import { deliverStored } from './stored-analysis.ts';
import { CREATION_FIELDS, directoryOf, openRun, operatorAgain, resumable } from './storing.ts';

export const runCommand: Command = defineCommand({
  name: 'run',
  usage: [
    'run --operator FILE --dims K --out DIR [options]',
    `run ${MODEL_USAGE} --dims K --out DIR [options]`,
    'run --out DIR (--operator FILE | --trust)',
  ],
  fields: { ...CREATION_FIELDS, ...FINAL_CERTIFICATE_FIELDS },
  examples: [
    'run --operator hessian.js --dims 200 --out hessian.sketch --memory 2GB',
    'run --model model.json --data x.npy --labels y.npy --loss softmaxCrossEntropy --dims 200 --out model.sketch',
  ],
  async run({ given, words }, { signal }) {
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
  },
});
