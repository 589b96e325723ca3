/** `eigensketch eigsh`: leading eigenvalues of an operator from a file. */

import { ArgumentError } from '../core/errors.ts';
import { described, integer } from '../core/parse.ts';
import { type EigshOptions, SEARCH_FIELDS } from '../eigsh/options.ts';
import type { EigshResult } from '../eigsh/result.ts';
import { checkArrays, PAIRS_FIELDS, pairsOf, writeArrays } from './arrays.ts';
import { type Command, checkOutput, defineCommand, needed, pick, refuseWords } from './command.ts';
import { EXIT, exitCodeOf } from './exit.ts';
import { MODEL_USAGE, operatorOf, SOURCE_FIELDS, sourceOf } from './operator-source.ts';
import { reporterOf } from './progress.ts';
import { deliver, REPORTING_FIELDS } from './sketching.ts';
import { resumable, sayHowToContinue } from './storing.ts';

/** What a person is told beside the table. */
function sayHowItEnded({ status, numConverged, eigenvalues, numMatvecs, noiseFloor, completeness }: EigshResult): void {
  const noise = status === 'noise' ? `; the operator's noise of ${noiseFloor.toExponential(1)} is above tol` : '';
  console.error(
    `eigensketch eigsh: ${numConverged} of ${eigenvalues.length} converged, ${numMatvecs} products (${status})${noise}`,
  );
  if (!completeness) return;
  const { upperBound, lowerBound, radius, confidence, complete, productsNeeded } = completeness;
  const ends = [
    upperBound === undefined ? '' : `above ${upperBound.toPrecision(4)}`,
    lowerBound === undefined ? '' : `below ${lowerBound.toPrecision(4)}`,
  ];
  if (complete) {
    console.error(
      `eigensketch eigsh: complete: nothing beyond the last pair is missing, with probability ${confidence}`,
    );
    return;
  }
  if (radius !== undefined) {
    console.error(
      `eigensketch eigsh: at most ${eigenvalues.length} eigenvalues are nearer to sigma than ${radius.toPrecision(4)}, with probability ${confidence}`,
    );
    return;
  }
  console.error(
    `eigensketch eigsh: nothing else lies ${ends.filter(Boolean).join(' or ')}, with probability ${confidence}; about ${productsNeeded} products would tell whether anything beyond the last pair is missing (--confidence)`,
  );
}

export const eigshCommand: Command = defineCommand({
  name: 'eigsh',
  usage: ['eigsh --operator FILE --k K [options]', `eigsh ${MODEL_USAGE} --k K [options]`],
  fields: {
    ...SOURCE_FIELDS,
    k: needed(described(integer(1), 'eigenpairs')),
    ...SEARCH_FIELDS,
    ...PAIRS_FIELDS,
    ...REPORTING_FIELDS,
  },
  examples: [
    'eigsh --operator hessian.js --k 10 --tol 1e-3',
    'eigsh --operator hessian.js --k 10 --store hessian.eigsh --memory 2GB',
  ],
  async run({ given, values, words }, { signal }) {
    refuseWords(words);
    const source = sourceOf(given);
    const { k, store } = values;
    if (values.memory !== undefined && store === undefined) throw new ArgumentError('--memory belongs to --store', {});
    await checkOutput(values.out);
    await checkArrays(given, Object.keys(PAIRS_FIELDS));
    const op = await operatorOf(source);
    const asked = { ...pick(given, SEARCH_FIELDS), onProgress: reporterOf(given), signal } as EigshOptions;
    const { eigsh } = await import('../eigsh.ts');
    const search = (): Promise<EigshResult> => eigsh(op, k, asked);
    const again = `the same command, with --store ${store}`;
    const result = await (store === undefined ? search() : resumable(signal, again, search));
    if (given.quiet !== true) sayHowItEnded(result);
    await writeArrays(given, pairsOf(result));
    await deliver(given, result, undefined);
    if (result.status === 'signal') {
      if (store !== undefined) sayHowToContinue(again);
      return exitCodeOf(signal.reason);
    }
    return result.converged ? EXIT.done : EXIT.notConverged;
  },
});
