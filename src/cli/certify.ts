/** `eigensketch certify`: a sketch with its certificate, or the certificate of another operator as an approximation. */
import { apost } from '../apost/apost.ts';
import { boundText } from '../report/numbers.ts';
import { certificateOptions } from './certificate-options.ts';
import { certifyDirectory } from './certify-directory.ts';
import { type Command, given, numberFlag, parse, required } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { loadOperator } from './operator-file.ts';
import { progressBar } from './progress-bar.ts';
import { deliver, SKETCH_HELP, SKETCH_OPTIONS, sketch } from './sketching.ts';
import { directoryOf } from './storing.ts';

const WHERE = 'eigensketch certify';

export const certifyCommand: Command = {
  summary: 'a sketch with its certificate, or how far one operator is from another',
  help: `Usage: eigensketch certify --operator FILE --dims K [options]
       eigensketch certify --operator FILE --approximation FILE [options]
       eigensketch certify DIR [--operator FILE] [options]

${SKETCH_HELP}
  --approximation FILE    certify this operator as an approximation, instead of a sketch
  --tests Q               test products, default 30
  --confidence C          probability of each event, default 0.99
  --lanczos-steps P       products of the Lanczos run behind the completeness bound, default 8

DIR is a sketch directory with a result: its certificate is kept there. The operator must be the one it was made with.

Example
  eigensketch certify --operator hessian.js --dims 200 --tests 30 --confidence 0.99 --out certified.json

${EXIT_HELP}`,
  async run(args, context) {
    const { flags, positionals } = parse(args, {
      ...SKETCH_OPTIONS,
      approximation: { type: 'string' },
      tests: { type: 'string' },
      confidence: { type: 'string' },
      'lanczos-steps': { type: 'string' },
    });
    const [path] = positionals;
    if (path !== undefined) {
      const certifying = certificateOptions(WHERE, flags);
      return certifyDirectory(WHERE, directoryOf(WHERE, flags, positionals), flags, certifying, context);
    }
    const op = await loadOperator(WHERE, required(WHERE, flags, 'operator'));
    const options = {
      ...given({
        tests: numberFlag(WHERE, flags, 'tests'),
        confidence: numberFlag(WHERE, flags, 'confidence'),
        lanczosSteps: numberFlag(WHERE, flags, 'lanczos-steps'),
        seed: numberFlag(WHERE, flags, 'seed'),
        blockSize: numberFlag(WHERE, flags, 'block-size'),
      }),
      onProgress: progressBar(),
      signal: context.signal,
    };
    if (typeof flags.approximation === 'string') {
      const certificate = await apost(op, await loadOperator(WHERE, flags.approximation), options);
      const { relativeError, confidence, tests } = certificate;
      const sentence = `relative Frobenius error at most ${boundText(relativeError.upper)} with probability ${confidence} (${tests} test products)`;
      console.log(flags.json ? JSON.stringify(certificate, null, 2) : sentence);
      return EXIT.done;
    }
    const result = await sketch(WHERE, op, flags, context);
    await deliver(flags, result, await apost(op, result, options));
    return EXIT.done;
  },
};
