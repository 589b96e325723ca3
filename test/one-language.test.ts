/** One word for one thing: options, results, certificates, JSON and the command line call it by the same name, in one shape. */
import { COMMANDS } from '../src/cli/commands.ts';
import { main } from '../src/cli/main.ts';
import {
  apost,
  cg,
  diagonal,
  diagonalOperator,
  eigsh,
  frobeniusNorm,
  logdet,
  planSketch,
  seigh,
  spectralDensity,
  spectralNorm,
  trace,
  traceFunction,
} from '../src/index.ts';
import { analysisOf, toJson } from '../src/report/index.ts';
import { exported, type Member, membersOf, textOf } from './support/declarations.ts';
import { beforeAll, describe, expect, jest, test } from './support/jest.ts';

const members: readonly Member[] = exported.flatMap(membersOf);

/** The words of budgets, costs and errors, with what they are wherever they stand. */
const KINDS: Readonly<Record<string, readonly string[]>> = {
  maxProducts: ['number'],
  firstProducts: ['number'],
  productsNeeded: ['number'],
  maxIterations: ['number'],
  numMatvecs: ['number'],
  tests: ['number'],
  dims: ['number'],
  maxDims: ['number'],
  runs: ['number'],
  blockSize: ['number'],
  seed: ['number'],
  tol: ['number'],
  seconds: ['number'],
  secondsByStage: ['Stages'],
  confidence: ['number'],
  certified: ['boolean', 'true', 'false'],
  converged: ['boolean'],
  looks: ['number'],
  estimate: ['number'],
  standardError: ['number'],
  likely: ['Interval', 'LikelyIntervals'],
  // an analysis is read back from files of any version
  status: ['SolveStatus', 'EigshStatus', 'AdaptiveStatus', 'string'],
  memory: ['Memory'],
  maxMemory: ['Memory'],
  store: ['string'],
  onProgress: ['((progress: Progress) => void)', '(progress: Progress) => void'],
  signal: ['AbortSignal'],
};

/** Other words for these things, which no option and no result has. */
const SYNONYMS: readonly (readonly [RegExp, string])[] = [
  [/^(num|max|n)?(products|matvecs|mults|multiplications|evaluations)$/i, 'maxProducts, numMatvecs'],
  [/^(budget|maxMatvecs|limit)$/i, 'maxProducts'],
  [/^(time|times|elapsed|duration|milliseconds|wallTime|timings?)$/i, 'seconds'],
  [/^(level|probability|significance|delta|alpha)$/i, 'confidence'],
  [/^(low|high|lo|hi|min|max|bounds|ci|interval|errorBars?|halfWidth)$/i, 'estimate, lower, upper'],
  [/^(isCertified|indicative|guaranteed|rigorous)$/i, 'certified'],
  [/^(stopped|ended|reason|outcome)$/i, 'status'],
  [/^(numTests|samplesUsed|numSamples)$/i, 'tests'],
  [/^(maxBytes|maxRam|memoryLimit|cap)$/i, 'memory'],
];

/** Words that mean something else there. */
const OTHER_MEANINGS: readonly string[] = [
  // of one random event, which statements share
  'CertificateEvent.probability',
  // why a weight of a model is not among the parameters
  'FixedWeight.reason',
  // what was asked for and how it ended, of which the status is a part
  'Analysis.outcome',
  // seconds in products
  'SearchSeconds.products',
  // as Slurm has it
  'launch --time',
];

test('there is something to look at', () => {
  for (const word of Object.keys(KINDS))
    expect([word, members.some((each) => each.word === word)]).toEqual([word, true]);
});

test('a word is of one kind wherever it stands', () => {
  const others = members.filter(({ word, type }) => KINDS[word] !== undefined && !KINDS[word].includes(type));
  expect(others.map(({ name, type }) => `${name}: ${type}`)).toEqual([]);
});

test('nothing has a second name', () => {
  const second = members.flatMap(({ name, word }) => {
    if (word in KINDS || OTHER_MEANINGS.includes(name)) return [];
    const meant = SYNONYMS.find(([synonym]) => synonym.test(word))?.[1];
    return meant === undefined ? [] : [`${name} is ${meant}`];
  });
  expect(second).toEqual([]);
});

describe('intervals', () => {
  test('are of one type, and it has exactly estimate, lower and upper', () => {
    const interval = exported.find(({ name }) => name === 'Interval')!;
    expect(membersOf(interval).map(({ word }) => word)).toEqual(['estimate', 'lower', 'upper']);
    // nobody declares ends of his own, in a type written out neither
    const own = exported
      .filter((each) => each.name !== 'Interval' && /\b(lower|upper)\??: number\b/.test(textOf(each)))
      .map(({ name }) => name);
    expect(own).toEqual([]);
  });

  test('what is an estimate itself says beside it whether it is certified, and at which confidence', () => {
    const estimates = exported.filter((each) =>
      /^(export )?(declare )?interface \w+ extends .*\bInterval\b/.test(textOf(each)),
    );
    expect(estimates.map(({ name }) => name).sort()).toEqual(['NormResult', 'TraceFunctionResult', 'TraceResult']);
    for (const each of estimates) {
      expect(membersOf(each).map(({ word }) => word)).toEqual(expect.arrayContaining(['certified', 'confidence']));
    }
  });
});

describe('JSON', () => {
  const A = diagonalOperator([5, 4, 3, 2, 1]);
  const records: Record<string, unknown> = {};
  beforeAll(async () => {
    const sketch = await seigh(A, 3);
    const certificate = await apost(A, sketch, { tests: 4 });
    Object.assign(records, {
      seigh: sketch,
      certificate,
      analysis: JSON.parse(toJson(analysisOf({ operator: 'A', result: sketch, certificate }))) as unknown,
      adaptive: await seigh(A, { tol: 0.5 }),
      eigsh: await eigsh(A, 2),
      trace: await trace(A, { maxProducts: 12 }),
      xtrace: await trace(A, { method: 'xtrace', maxProducts: 6 }),
      diagonal: await diagonal(A, { maxProducts: 6 }),
      frobeniusNorm: await frobeniusNorm(A, { tests: 4 }),
      spectralNorm: await spectralNorm(A, { order: 3 }),
      logdet: await logdet(A, { order: 3 }),
      traceFunction: await traceFunction(A, Math.exp, { order: 3 }),
      density: await spectralDensity(A, { order: 3, grid: 4 }),
      solve: await cg(A, [1, 1, 1, 1, 1]),
      plan: planSketch({ n: 5, maxProducts: 4 }),
    });
  });

  /** Every record within a value, with its path. */
  function recordsIn(value: unknown, path: string): [string, Record<string, unknown>][] {
    if (value === null || typeof value !== 'object') return [];
    const inner = Object.entries(value).flatMap(([name, each]) => recordsIn(each, `${path}.${name}`));
    return Array.isArray(value) ? inner : [[path, value as Record<string, unknown>], ...inner];
  }

  test('records have the words and kinds of the types, and every pair of ends its estimate', () => {
    const wrong: string[] = [];
    let intervals = 0;
    for (const [path, record] of recordsIn(JSON.parse(JSON.stringify(records)), '')) {
      for (const name of ['seconds', 'numMatvecs', 'confidence', 'tests', 'estimate']) {
        if (name in record && typeof record[name] !== 'number') wrong.push(`${path}.${name}`);
      }
      if (typeof record.lower !== 'number' && typeof record.upper !== 'number') continue;
      intervals++;
      const isBare = Object.keys(record).sort().join() === 'estimate,lower,upper';
      const isResult =
        typeof record.estimate === 'number' && typeof record.certified === 'boolean' && 'confidence' in record;
      if (!isBare && !isResult) wrong.push(path);
      if (
        !(
          (record.lower as number) <= (record.estimate as number) &&
          (record.estimate as number) <= (record.upper as number)
        )
      )
        wrong.push(`${path}: ${JSON.stringify(record)}`);
    }
    expect(wrong).toEqual([]);
    expect(intervals).toBeGreaterThan(20);
  });

  test('stages of a decomposition add up to its seconds', () => {
    for (const name of ['seigh', 'adaptive', 'eigsh']) {
      const { seconds, secondsByStage } = records[name] as { seconds: number; secondsByStage: Record<string, number> };
      const total = Object.values(secondsByStage).reduce((sum, each) => sum + each, 0);
      expect(total).toBeCloseTo(seconds, 9);
    }
  });
});

test('the command line has no second name either', async () => {
  const words = new Set(members.map(({ word }) => word));
  const second: string[] = [];
  for (const command of COMMANDS.keys()) {
    const said = jest.spyOn(console, 'log').mockImplementation(() => {});
    await main([command, '--help']);
    const help = said.mock.calls.join('\n');
    said.mockRestore();
    expect(help).toContain('--help');
    for (const [, option] of help.matchAll(/^ {2}(?:-\w, )?--([a-z0-9-]+)/gm)) {
      const word = option!.replace(/-([a-z])/g, (_, letter: string) => letter.toUpperCase());
      if (words.has(word) && word in KINDS) continue;
      const name = `${command} --${option}`;
      if (!OTHER_MEANINGS.includes(name) && SYNONYMS.some(([synonym]) => synonym.test(word))) second.push(name);
    }
  }
  expect(second).toEqual([]);
});
