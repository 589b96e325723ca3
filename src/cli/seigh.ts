/** `eigensketch seigh`: eigenvalues of an operator from a file. */
import { type AdaptiveOptions, seigh } from '../seigh.ts';
import { type Command, given, numberFlag, parse, required } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { loadOperator } from './operator-file.ts';
import { deliver, SKETCH_HELP, SKETCH_OPTIONS, sketch, sketchOptions } from './sketching.ts';

const WHERE = 'eigensketch seigh';

export const seighCommand: Command = {
  summary: 'eigenvalues of an operator; with --tol, as many as a certified accuracy needs',
  help: `Usage: eigensketch seigh --operator FILE --dims K [options]
       eigensketch seigh --operator FILE --tol T [--max-dims M] [options]

${SKETCH_HELP}
  --tol T                 grow the sketch until the certified relative error is at most T
  --confidence C          of that, default 0.99
  --max-dims M            columns at most, with --tol
  --tests Q               test products of each look, with --tol (default 10)

Example
  eigensketch seigh --operator hessian.js --dims 200 --seed 1 --out spectrum.json

${EXIT_HELP}`,
  async run(args, context) {
    const { flags } = parse(args, {
      ...SKETCH_OPTIONS,
      tol: { type: 'string' },
      confidence: { type: 'string' },
      'max-dims': { type: 'string' },
      tests: { type: 'string' },
    });
    const op = await loadOperator(WHERE, required(WHERE, flags, 'operator'));
    const tol = numberFlag(WHERE, flags, 'tol');
    if (tol === undefined) {
      await deliver(flags, await sketch(WHERE, op, flags, context), undefined);
      return EXIT.done;
    }
    const goal = {
      tol,
      confidence: numberFlag(WHERE, flags, 'confidence'),
      maxDims: numberFlag(WHERE, flags, 'max-dims'),
      tests: numberFlag(WHERE, flags, 'tests'),
    };
    const options = { ...sketchOptions(WHERE, flags, context), ...given(goal) } as AdaptiveOptions;
    const dims = numberFlag(WHERE, flags, 'dims');
    const result = await (dims === undefined ? seigh(op, options) : seigh(op, dims, options));
    await deliver(flags, result, result.certificate);
    return result.converged ? EXIT.done : EXIT.notConverged;
  },
};
