/** `eigensketch seigh`: eigenvalues of an operator from a file. */
import { described, type Fields, optional } from '../core/parse.ts';
import { type AdaptiveOptions, adaptiveFields, parseAdaptiveOptions } from '../seigh/options.ts';
import { checkArrays, PAIRS_FIELDS, pairsOf, writeArrays } from './arrays.ts';
import type { Command } from './command.ts';
import { checkOutput, defineCommand, pick, refuseWords } from './command.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE, operatorOf, SOURCE_FIELDS, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';
import { checkSketch, DIMS, deliver, REPORTING_FIELDS, SKETCH_FIELDS, sketch } from './sketching.ts';

const adaptive = adaptiveFields({});
const GOAL_FIELDS = {
  tol: described(optional(adaptive.tol), adaptive.tol.help ?? ''),
  confidence: described(adaptive.confidence, `${adaptive.confidence.help}, with --tol`),
  maxDims: described(adaptive.maxDims, `${adaptive.maxDims.help}, with --tol`),
  tests: described(adaptive.tests, `${adaptive.tests.help}, with --tol`),
};
const ALL: Fields = { ...SKETCH_FIELDS, ...GOAL_FIELDS };

export const seighCommand: Command = defineCommand({
  name: 'seigh',
  usage: [
    'seigh --operator FILE --dims K [options]',
    'seigh --operator FILE --tol T [--max-dims M] [options]',
    `seigh ${MODEL_USAGE} --dims K [options]`,
  ],
  fields: { ...SOURCE_FIELDS, dims: DIMS, ...SKETCH_FIELDS, ...GOAL_FIELDS, ...PAIRS_FIELDS, ...REPORTING_FIELDS },
  examples: [
    'seigh --operator hessian.js --dims 200 --seed 1 --out spectrum.json',
    'seigh --model model.json --data x.npy --labels y.npy --loss softmaxCrossEntropy --dims 200',
  ],
  async run({ values, given, words }, context) {
    refuseWords(words);
    const options = pick(given, ALL);
    const { dims } = values as { dims: number | undefined };
    const source = sourceOf(given);
    if (options.tol === undefined) checkSketch({ ...options, ...pick(given, { dims: DIMS }) });
    else parseAdaptiveOptions(options, {});
    await checkOutput(given.out as string | undefined);
    await checkArrays(given, Object.keys(PAIRS_FIELDS));
    const op = await operatorOf(source);
    if (options.tol === undefined) {
      const result = await sketch('seigh', op, given, context);
      await writeArrays(given, pairsOf(result));
      await deliver(given, result, undefined);
      return EXIT.done;
    }
    const { seigh } = await import('../seigh.ts');
    const asked = { ...options, onProgress: reporterOf(given), signal: context.signal } as unknown as AdaptiveOptions;
    const result = await (dims === undefined ? seigh(op, asked) : seigh(op, dims, asked));
    await writeArrays(given, pairsOf(result));
    await deliver(given, result, result.certificate);
    return result.converged ? EXIT.done : EXIT.notConverged;
  },
});
