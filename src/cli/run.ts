/** `eigensketch run`: a sketch in a directory from the first product to the certificate, on this machine. */
import { selectKernels } from '../linalg/kernels/select.ts';
import { shardName, WHOLE } from '../store/cluster/shard.ts';
import { workerOf } from '../store/record.ts';
import { certifyStored, isAsAsked, loadCertificate } from '../store/sketch/certificate.ts';
import { finishDirectory } from '../store/sketch/seigh.ts';
import { CERTIFICATE_HELP, CERTIFICATE_OPTIONS, certificateOptions } from './certificate-options.ts';
import { type Command, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { progressBar } from './progress-bar.ts';
import { deliverStored } from './stored-analysis.ts';
import { CREATION_HELP, CREATION_OPTIONS, directoryOf, openRun, resumable } from './storing.ts';

const WHERE = 'eigensketch run';

export const runCommand: Command = {
  summary: 'a sketch and its certificate in a directory; the same command continues a run that was stopped',
  help: `Usage: eigensketch run --operator FILE --dims K --out DIR [options]
       eigensketch run --out DIR

${CREATION_HELP}
${CERTIFICATE_HELP}

Example
  eigensketch run --operator hessian.js --dims 200 --out hessian.sketch --memory 2GB

${EXIT_HELP}`,
  async run(args, { signal }) {
    const { flags, positionals } = parse(args, { ...CREATION_OPTIONS, ...CERTIFICATE_OPTIONS });
    const path = directoryOf(WHERE, flags, positionals);
    const certifying = certificateOptions(WHERE, flags);
    return resumable(signal, `eigensketch run --out ${path}`, async () => {
      const { op, directory } = await openRun(WHERE, path, flags);
      const kernels = await selectKernels();
      const onProgress = progressBar();
      const result = await finishDirectory(WHERE, directory, { op, kernels, onProgress, signal });
      if (certifying && !isAsAsked(await loadCertificate(directory), certifying)) {
        const worker = workerOf(op, kernels.name, shardName(WHOLE));
        await certifyStored(directory, op, result, { ...certifying, onProgress, signal }, worker);
      }
      await deliverStored(WHERE, directory, flags);
      return EXIT.done;
    });
  },
};
