/** `eigensketch eigsh`: leading eigenvalues of an operator from a file. */

import type { EigshOptions } from '../eigsh/options.ts';
import type { EigshResult } from '../eigsh/result.ts';
import { eigsh } from '../eigsh.ts';
import { type Command, type Flags, given, numberFlag, parse, required } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { loadOperator } from './operator-file.ts';
import { progressBar } from './progress-bar.ts';
import { deliver } from './sketching.ts';
import { resumable, sayHowToGoOn } from './storing.ts';

const WHERE = 'eigensketch eigsh';

/** What a person is told beside the table. */
function sayHowItEnded({
  stopped,
  numConverged,
  eigenvalues,
  numMatvecs,
  noiseFloor,
  completeness,
}: EigshResult): void {
  const noise = stopped === 'noise' ? `; the operator's noise of ${noiseFloor.toExponential(1)} is above tol` : '';
  console.error(
    `${WHERE}: ${numConverged} of ${eigenvalues.length} converged, ${numMatvecs} products (${stopped})${noise}`,
  );
  if (!completeness) return;
  const { upper, lower, confidence } = completeness;
  const ends = [
    upper === undefined ? '' : `above ${upper.toPrecision(4)}`,
    lower === undefined ? '' : `below ${lower.toPrecision(4)}`,
  ];
  console.error(`${WHERE}: nothing else lies ${ends.filter(Boolean).join(' or ')}, with probability ${confidence}`);
}

export const eigshCommand: Command = {
  summary: 'the leading eigenvalues of an operator, to a tolerance',
  help: `Usage: eigensketch eigsh --operator FILE --k K [options]

  --operator FILE         module with a default export () => LinearOperator | Promise<LinearOperator>
  --k K                   eigenpairs
  --which W               LM (default), LA, SA or BE
  --tol T                 residuals of at most T |eigenvalue| (default: root of the unit roundoff)
  --confidence C          go on until nothing was missed with this probability; 0 for no check
  --block-size B          columns of one product (default 1)
  --max-products P        products at most
  --max-memory M          bytes of tall blocks at most
  --store DIR             keep everything of size n in DIR; the same command goes on where it was stopped
  --memory M              with --store: memory for tall blocks, such as 512MB or 2GiB (default 1GiB)
  --seed S                default 0
  --name NAME             what reports call the operator (default: the file's name)
  --out FILE              also write the analysis as JSON, for eigensketch report
  --json                  print the analysis as JSON instead of text
  --help                  this text

Example
  eigensketch eigsh --operator hessian.js --k 10 --tol 1e-3
  eigensketch eigsh --operator hessian.js --k 10 --store hessian.eigsh --memory 2GB

${EXIT_HELP}`,
  async run(args, { signal }) {
    const text = { type: 'string' } as const;
    const { flags } = parse(args, {
      ...{ operator: text, k: text, which: text, tol: text, confidence: text, 'block-size': text },
      ...{ 'max-products': text, 'max-memory': text, seed: text, name: text, out: text, store: text, memory: text },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    });
    const k = Number(required(WHERE, flags, 'k'));
    const op = await loadOperator(WHERE, required(WHERE, flags, 'operator'));
    const options = { ...optionsOf(flags), onProgress: progressBar(), signal };
    const search = (): Promise<EigshResult> => eigsh(op, k, options);
    const again = `the same command, with --store ${flags.store}`;
    const result = await (flags.store === undefined ? search() : resumable(signal, again, search));
    sayHowItEnded(result);
    await deliver(flags, result, undefined);
    if (result.stopped === 'signal') {
      if (flags.store !== undefined) sayHowToGoOn(again);
      return EXIT.interrupted;
    }
    return result.converged ? EXIT.done : EXIT.notConverged;
  },
};

function optionsOf(flags: Flags): EigshOptions {
  const number = (name: string): number | undefined => numberFlag(WHERE, flags, name);
  return given({
    which: flags.which as EigshOptions['which'],
    tol: number('tol'),
    confidence: number('confidence'),
    blockSize: number('block-size'),
    maxProducts: number('max-products'),
    maxMemory: number('max-memory'),
    seed: number('seed'),
    store: flags.store as string | undefined,
    memory: flags.memory as string | undefined,
  }) as EigshOptions;
}
