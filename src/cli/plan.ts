/** `eigensketch plan`: what a run would cost, before it. */
import { ArgumentError } from '../core/errors.ts';
import { between, described, optional, withDefault } from '../core/parse.ts';
import { ownFields } from '../seigh/options.ts';
import { BUDGET_FIELDS, planSketch, type SketchBudget } from '../seigh/plan.ts';
import { type Command, defineCommand, pick, refuseGiven, refuseWords } from './command.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE } from './operator-source.ts';
import { CREATION_FIELDS } from './storing.ts';

const PLAN_FIELDS = { ...BUDGET_FIELDS, n: optional(BUDGET_FIELDS.n), ...ownFields({}) };
const TESTS_FIELDS = {
  factor: described(
    optional(between(1, Number.POSITIVE_INFINITY)),
    'wanted upper end over the estimate of a Frobenius norm, above 1',
  ),
  confidence: described(withDefault(between(0, 1), 0.99), 'of that'),
};

export const planCommand: Command = defineCommand({
  name: 'plan',
  usage: [
    'plan --n N (--memory BYTES | --max-products P) [options]',
    'plan --factor F --confidence C',
    'plan --operator FILE --dims K [--out DIR] [options of eigensketch run]',
    `plan ${MODEL_USAGE} --dims K [--out DIR] [options]`,
  ],
  about: 'With --dims: what eigensketch run would write, read and multiply; refused when the disk is too small.',
  fields: { ...CREATION_FIELDS, ...PLAN_FIELDS, ...TESTS_FIELDS },
  examples: [
    'plan --n 1e6 --max-products 400 --factor 1.3 --confidence 0.95',
    'plan --operator hessian.js --dims 200 --out /scratch/hessian.sketch',
  ],
  async run({ given, values, words }) {
    refuseWords(words);
    if (given.dims !== undefined) {
      refuseGiven(given, CREATION_FIELDS, '--dims');
      return (await import('./directories/plan.ts')).planStored(given);
    }
    const { json } = CREATION_FIELDS;
    refuseGiven(given, { ...PLAN_FIELDS, ...TESTS_FIELDS, json }, 'a plan without --dims');
    const { n, factor, confidence } = values as { n?: number; factor?: number; confidence: number };
    if (n === undefined && factor === undefined) throw new ArgumentError('--n or --factor is needed');
    const sketch = n === undefined ? undefined : planSketch(pick(given, PLAN_FIELDS) as unknown as SketchBudget);
    const { planTests } = await import('../apost/plan.ts');
    const tests = factor === undefined ? undefined : { factor, confidence, tests: planTests({ factor, confidence }) };
    if (given.json) {
      console.log(JSON.stringify({ sketch, tests }, null, 2));
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
});
