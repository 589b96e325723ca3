/** `eigensketch logdet`: the logarithm of the determinant of a positive definite operator. */
import { boundText } from '../report/numbers.ts';
import { type TraceFunctionOptions, traceFunctionFields } from '../traces/options.ts';
import { type Command, defineCommand, pick, refuseWords } from './command.ts';
import { ESTIMATING_FIELDS, estimateSentence, usageOf } from './estimating.ts';
import { EXIT } from './exit.ts';
import { operatorOf, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';

const FIELDS = traceFunctionFields({});

export const logdetCommand: Command = defineCommand({
  name: 'logdet',
  usage: usageOf('logdet'),
  about: 'The operator must be positive definite: a Ritz value that is not positive refuses it.',
  fields: { ...ESTIMATING_FIELDS, ...FIELDS },
  examples: ['logdet --operator kernel.npy --order 60 --runs 20'],
  async run({ given, words }, { signal }) {
    refuseWords(words);
    const source = sourceOf(given);
    const { logdet } = await import('../traces/trace-function.ts');
    const options = { ...pick(given, FIELDS), onProgress: reporterOf(given), signal } as TraceFunctionOptions;
    const result = await logdet(await operatorOf(source), options);
    const { order, runs, numMatvecs, quadratureError } = result;
    const cost = `${runs} runs of ${order} Lanczos steps, ${numMatvecs} products; quadrature error at most ${boundText(quadratureError)}`;
    console.log(given.json ? JSON.stringify(result, null, 2) : `log det ${estimateSentence(result)}\n${cost}`);
    return EXIT.done;
  },
});
