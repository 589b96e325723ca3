/** `eigensketch plan`: what a run would cost, before it. */
import { planTests } from '../apost/plan.ts';
import { ArgumentError } from '../core/errors.ts';
import { planSketch, type SketchBudget } from '../seigh/plan.ts';
import { type Command, given, numberFlag, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { planStored } from './plan-stored.ts';
import { CREATION_OPTIONS } from './storing.ts';

const WHERE = 'eigensketch plan';

export const planCommand: Command = {
  summary: 'the largest sketch within a budget; the test products that a certainty needs',
  help: `Usage: eigensketch plan --n N (--memory BYTES | --products P) [options]
       eigensketch plan --factor F --confidence C
       eigensketch plan --operator FILE --dims K [--out DIR] [options of eigensketch run]

With --dims: what eigensketch run would write, read and multiply; refused when the disk is too small.

  --n N                   rows and columns of the operator
  --memory BYTES          for tall blocks
  --products P            products with single columns
  --method M              hmt (default), nystrom or oversampled
  --power-iterations P    extra passes (hmt)
  --psd                   the operator is positive semidefinite (nystrom)
  --dtype T               float32 (default) or float64
  --factor F              wanted upper end over the estimate of a Frobenius norm, above 1
  --confidence C          of that, default 0.99
  --json                  print JSON instead of text
  --help                  this text

Example
  eigensketch plan --n 1000000 --products 400 --factor 1.3 --confidence 0.95
  eigensketch plan --operator hessian.js --dims 200 --out /scratch/hessian.sketch

${EXIT_HELP}`,
  async run(args) {
    const { flags } = parse(args, {
      ...CREATION_OPTIONS,
      n: { type: 'string' },
      products: { type: 'string' },
      psd: { type: 'boolean' },
      dtype: { type: 'string' },
      factor: { type: 'string' },
      confidence: { type: 'string' },
    });
    if (flags.dims !== undefined) return planStored(WHERE, flags);
    const number = (name: string): number | undefined => numberFlag(WHERE, flags, name);
    const [n, factor] = [number('n'), number('factor')];
    if (n === undefined && factor === undefined) throw new ArgumentError(`${WHERE}: --n or --factor is needed`);
    const confidence = number('confidence') ?? 0.99;
    const budget = {
      n,
      memory: number('memory'),
      products: number('products'),
      method: flags.method,
      powerIterations: number('power-iterations'),
      psd: flags.psd,
      dtype: flags.dtype,
    };
    const sketch = n === undefined ? undefined : planSketch(given(budget) as unknown as SketchBudget);
    const tests = factor === undefined ? undefined : { factor, confidence, tests: planTests({ factor, confidence }) };
    if (flags.json) {
      console.log(JSON.stringify(given({ sketch, tests }), null, 2));
      return EXIT.done;
    }
    if (sketch) {
      const { dims, method, rank, numMatvecs, bytes } = sketch;
      const gigabytes = (bytes / 1e9).toPrecision(3);
      console.log(
        `${dims} columns by ${method}: ${rank} eigenpairs, ${numMatvecs} products, ${gigabytes} GB of tall blocks`,
      );
    }
    if (tests) console.log(`${tests.tests} test products for a factor of ${factor} at confidence ${confidence}`);
    return EXIT.done;
  },
};
