/** `eigensketch seigh`: eigenvalues of an operator from a file. */
import { ArgumentError } from '../core/errors.ts';
import { described, type Fields, optional } from '../core/parse.ts';
import { type AdaptiveOptions, adaptiveFields, parseAdaptiveOptions } from '../seigh/options.ts';
import { checkArrays, PAIRS_FIELDS, pairsOf, writeArrays } from './arrays.ts';
import type { Command } from './command.ts';
import { checkOutput, defineCommand, optionName, pick, refuseWords } from './command.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE, operatorOf, SOURCE_FIELDS, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';
import { checkSketch, DIMS, deliver, REPORTING_FIELDS, SKETCH_FIELDS, sketch } from './sketching.ts';
import { resumable } from './storing.ts';

const adaptive = adaptiveFields({});
const GOAL_FIELDS = {
  tol: described(optional(adaptive.tol), adaptive.tol.help ?? ''),
  confidence: described(adaptive.confidence, `${adaptive.confidence.help}, with --tol`),
  maxDims: described(adaptive.maxDims, `${adaptive.maxDims.help}, with --tol`),
  tests: described(adaptive.tests, `${adaptive.tests.help}, with --tol`),
  store: described(adaptive.store, `${adaptive.store.help}, with --tol (with --dims: eigensketch run)`),
  memory: described(adaptive.memory, `${adaptive.memory.help}, with --store`),
};
const ALL: Fields = { ...SKETCH_FIELDS, ...GOAL_FIELDS };

/** @throws ArgumentError for what says how an accuracy is reached, where none is asked for. */
function refuseGoalAlone(options: Readonly<Record<string, unknown>>): void {
  const alone = Object.keys(GOAL_FIELDS).find((name) => options[name] !== undefined);
  if (options.tol !== undefined || alone === undefined) return;
  const instead = alone === 'store' || alone === 'memory' ? ': for --dims it is eigensketch run --out DIR' : '';
  throw new ArgumentError(`--${optionName(alone)} belongs to --tol, which is not given${instead}`, { option: alone });
}

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
    refuseGoalAlone(options);
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
    const search = () => (dims === undefined ? seigh(op, asked) : seigh(op, dims, asked));
    const result = await (options.store === undefined
      ? search()
      : resumable(context.signal, 'the same command', search));
    await writeArrays(given, pairsOf(result));
    await deliver(given, result, result.certificate);
    return result.converged ? EXIT.done : EXIT.notConverged;
  },
});
