/** `eigensketch trace`: the trace of an operator, with its interval. */
import { TRACE_FIELDS, type TraceOptions } from '../traces/options.ts';
import { type Command, defineCommand, pick, refuseWords } from './command.ts';
import { ESTIMATING_FIELDS, estimateSentence, usageOf } from './estimating.ts';
import { EXIT } from './exit.ts';
import { operatorOf, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';

export const traceCommand: Command = defineCommand({
  name: 'trace',
  usage: usageOf('trace'),
  about: 'hutchinson and hutch++ with Gaussian vectors have certified intervals; xnystrace is for psd operators.',
  fields: { ...ESTIMATING_FIELDS, ...TRACE_FIELDS },
  examples: ['trace --operator A.npz --max-products 90', 'trace --operator hessian.py:make --tol 0.05'],
  async run({ given, words }, { signal }) {
    refuseWords(words);
    const source = sourceOf(given);
    const { trace } = await import('../traces/trace.ts');
    const options = { ...pick(given, TRACE_FIELDS), onProgress: reporterOf(given), signal } as TraceOptions;
    const result = await trace(await operatorOf(source), options);
    const { method, numMatvecs, converged } = result;
    const cost = `${method}, ${numMatvecs} products${converged ? '' : ', tol not reached'}`;
    console.log(given.json ? JSON.stringify(result, null, 2) : `trace ${estimateSentence(result)}\n${cost}`);
    return converged ? EXIT.done : EXIT.notConverged;
  },
});
