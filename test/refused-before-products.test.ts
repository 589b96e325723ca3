/** Arguments are parsed as a whole before anything else: no bad value costs a product, in code or on the command line. */
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { type EigensketchError, type LinearOperator, planSketch, seigh } from '../src/index.ts';
import { runHere } from './support/cli.ts';
import { afterAll, beforeAll, describe, expect, test } from './support/jest.ts';

const n = 40;

/** Any use of it beyond its description is an error that no test expects. */
const untouchable: LinearOperator = {
  shape: [n, n],
  dtype: 'float64',
  calibrate: () => Promise.reject(new Error('calibrated')),
  matmat: () => {
    throw new Error('multiplied');
  },
};

/** Values that are wrong for every option that is a number, a name, a flag or a function. */
const never: unknown[] = [null, Number.NaN, {}, [1], Symbol.iterator, ''];
const numbers: unknown[] = [...never, '3', true, -1, Number.POSITIVE_INFINITY];
const integers: unknown[] = [...numbers, 1.5];
const names: unknown[] = [...never, 3, true, 'nothing'];
const flags: unknown[] = [...never, 1, 'true'];

async function refusal(call: () => unknown): Promise<EigensketchError> {
  const error = await Promise.resolve()
    .then(call)
    .then(
      () => undefined,
      (reason: unknown) => reason,
    );
  expect(error).toMatchObject({ code: 'ARGUMENT' });
  return error as EigensketchError;
}

/** Every option of `seigh`, with options beside it and values that are wrong for it. */
const ofSketch: [string, object, unknown[]][] = [
  ['method', {}, names],
  ['testMatrix', {}, names],
  ['which', {}, [...names, 'SM', 'lm']],
  ['kernels', {}, [...names, 'blas']],
  ['rank', {}, [...integers, 0, n + 1]],
  ['blockSize', {}, [...integers, 0]],
  ['seed', {}, [...integers, 2 ** 53]],
  ['store', {}, [...never, 3]],
  ['memory', { store: '/nowhere' }, [null, Number.NaN, {}, -1, 0, 'much', '3 QB', true]],
  ['onProgress', {}, [...never, 3, 'print']],
  ['signal', {}, [...never, 3]],
  ['refine', {}, flags],
  ['powerIterations', {}, integers],
  ['perBatch', {}, flags],
  ['lazyVectors', {}, flags],
  ['psd', { method: 'nystrom' }, flags],
  ['innerDims', { method: 'oversampled' }, [...integers, 10]],
];

const ofGoal: [string, object, unknown[]][] = [
  ['tol', {}, [...numbers, 0, 1, 2]],
  ['confidence', { tol: 0.1 }, [...numbers, 0, 1, 2, 95]],
  ['maxDims', { tol: 0.1 }, [...integers, 0, n + 1]],
  ['tests', { tol: 0.1 }, [...integers, 0]],
  ...ofSketch
    .filter(([name]) => ['testMatrix', 'which', 'kernels', 'blockSize', 'seed', 'onProgress', 'signal'].includes(name))
    .map(([name, , values]): [string, object, unknown[]] => [name, { tol: 0.1 }, values]),
];

describe('seigh', () => {
  test.each(ofSketch)('%s of a sketch', async (name, beside, values) => {
    for (const value of values) {
      const { message } = await refusal(() => seigh(untouchable, 5, { ...beside, [name]: value } as never));
      expect([String(value?.toString()), message]).toEqual([
        expect.anything(),
        expect.stringMatching(`^seigh: ${name} `),
      ]);
    }
  });

  test.each(ofGoal)('%s of a search for an accuracy', async (name, beside, values) => {
    for (const value of values) {
      for (const call of [
        () => seigh(untouchable, { ...beside, [name]: value } as never),
        () => seigh(untouchable, 5, { ...beside, [name]: value } as never),
      ]) {
        expect((await refusal(call)).message).toMatch(new RegExp(`^seigh: ${name} `));
      }
    }
  });

  test('every option that is documented for a sketch is in the list above', async () => {
    const { message } = await refusal(() => seigh(untouchable, 5, { zzzzzzzz: 1 } as never));
    const known = message.split('known are ')[1]!.split(', ');
    const ofHmt = ofSketch.filter(([, beside]) => !('method' in beside)).map(([name]) => name);
    expect(known.sort()).toEqual(ofHmt.sort());
  });

  test('dims, options and operator themselves', async () => {
    for (const dims of [...integers, undefined, 0, n + 1].filter((each) => typeof each !== 'object' || each === null)) {
      expect((await refusal(() => seigh(untouchable, dims as never))).message).toMatch(
        /^seigh: dims must be an integer/,
      );
    }
    for (const options of [null, 3, 'hmt', [1], new Float64Array(2)]) {
      const { message } = await refusal(() => seigh(untouchable, 5, options as never));
      expect(message).toMatch(/^seigh: options must be an object/);
    }
    for (const op of [null, undefined, {}, [[1]], 3]) {
      expect((await refusal(() => seigh(op as never, 5))).message).toMatch(/^seigh: expected a LinearOperator/);
    }
  });

  test.each<[object, string]>([
    [{ metod: 'nystrom' }, "seigh: unknown option 'metod'; did you mean 'method'?"],
    [{ power_iterations: 1 }, "seigh: unknown option 'power_iterations'; did you mean 'powerIterations'?"],
    [{ tol: 0.1, maxdims: 9 }, "seigh: unknown option 'maxdims'; did you mean 'maxDims'?"],
    [{ tests: 9 }, 'seigh: tests belongs to tol, which is not given'],
    [{ method: 'krylov', innerDims: 30 }, "seigh: innerDims belongs to method 'oversampled', got method 'krylov'"],
    [{ method: 'nystrom', refine: false }, "seigh: refine belongs to method 'hmt', got method 'nystrom'"],
    [{ memory: '1GB' }, "seigh: memory belongs to store, which is not given; got memory '1GB'"],
    [{ perBatch: true, refine: true }, 'seigh: perBatch cannot be combined with refine'],
    [{ tol: 0.1, memory: '1GB' }, "seigh: memory belongs to store, which is not given; got memory '1GB'"],
  ])('what does not belong together: %p', async (options, message) => {
    expect((await refusal(() => seigh(untouchable, 5, options as never))).message).toBe(message);
  });

  test.each<[object, string]>([
    [{ perBatch: true }, 'seigh: perBatch needs an operator that is a sum over batches (matmatByBatch)'],
    [{ perBatch: true, store: '/nowhere' }, 'seigh: perBatch cannot be combined with store'],
    [{ method: 'krylov', store: '/nowhere' }, "seigh: method 'krylov' cannot be combined with store"],
    [{ store: '/nowhere', memory: 100 }, 'seigh: memory of 100 B is too small for 40 x 5 blocks of float64'],
  ])('what cannot be done: %p', async (options, message) => {
    await expect(seigh(untouchable, 5, options as never)).rejects.toThrow(message);
    expect(existsSync('/nowhere')).toBe(false);
  });
});

test('the compiler refuses what the parser refuses: an option of another method', async () => {
  // @ts-expect-error refine belongs to hmt
  await refusal(() => seigh(untouchable, 5, { method: 'nystrom', refine: true }));
  // @ts-expect-error innerDims belongs to oversampled
  await refusal(() => seigh(untouchable, 5, { innerDims: 30 }));
  // @ts-expect-error there is no such option
  await refusal(() => seigh(untouchable, 5, { metod: 'nystrom' }));
  // @ts-expect-error a search returns all pairs
  await refusal(() => seigh(untouchable, { tol: 0.1, rank: 3 }));
  // @ts-expect-error psd belongs to nystrom
  await refusal(() => planSketch({ n, maxProducts: 9, psd: true }));
});

test.each<[string, object, unknown[]]>([
  ['n', { maxProducts: 9 }, [...integers, undefined, 0]],
  ['maxProducts', { n }, [...integers, 0]],
  ['memory', { n }, [null, Number.NaN, {}, -1, 0, 'much']],
  ['dtype', { n, maxProducts: 9 }, [...names, 'float16']],
  ['method', { n, maxProducts: 9 }, names],
  ['powerIterations', { n, maxProducts: 9 }, integers],
  ['refine', { n, maxProducts: 9 }, flags],
  ['psd', { n, maxProducts: 9, method: 'nystrom' }, flags],
  ['innerDims', { n, maxProducts: 90, method: 'oversampled' }, [...integers, 2]],
])('planSketch: %s', async (name, beside, values) => {
  for (const value of values) {
    const { message } = await refusal(() => planSketch({ ...beside, [name]: value } as never));
    expect(message).toMatch(new RegExp(`^planSketch: ${name} must be`));
  }
  expect((await refusal(() => planSketch({ n, maxProduct: 9 } as never))).message).toBe(
    "planSketch: unknown option 'maxProduct'; did you mean 'maxProducts'?",
  );
});

describe('commands', () => {
  let folder: string;
  let operator: string[];
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'eigensketch-refused-'));
    const file = join(folder, 'operator.mjs');
    // loading it is already too much: it would leave a file
    await writeFile(
      file,
      `import { writeFileSync } from 'node:fs';
writeFileSync(${JSON.stringify(join(folder, 'loaded'))}, '');
export default () => ({ shape: [40, 40], dtype: 'float64', selfAdjoint: true, matmat() { throw new Error('multiplied'); } });
`,
    );
    operator = ['--operator', file];
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const out = () => ['--out', join(folder, 'directory')];
  test.each<[string, () => string[], string]>([
    [
      'seigh',
      () => ['--dims', '4', '--out', '/nodir/x.json'],
      'out: cannot write /nodir/x.json: there is no folder /nodir',
    ],
    ['seigh', () => ['--dims', '4', '--out', folder], `it is a folder`],
    ['seigh', () => ['--dims', '0'], 'dims must be an integer at least 1, got 0'],
    ['seigh', () => ['--dims', '4', '--seed', 'x'], "seed must be an integer at least 0, got 'x'"],
    ['seigh', () => ['--dims', '4', '--which', 'SM'], "which must be one of 'LM', 'LA', 'SA', got 'SM'"],
    ['seigh', () => ['--dims', '4', '--psd'], "psd belongs to method 'nystrom', got method 'hmt'"],
    [
      'seigh',
      () => ['--dims', '4', '--method', 'nystrom', '--power-iterations', '1'],
      "power-iterations belongs to method 'hmt'",
    ],
    ['seigh', () => ['--tol', '2'], 'tol must be a number between 0 and 1, got 2'],
    ['seigh', () => ['--tol', '0.1', '--tests', '0'], 'tests must be an integer at least 1, got 0'],
    ['seigh', () => ['--tol', '0.1', '--max-dims', '1.5'], 'max-dims must be an integer at least 1, got 1.5'],
    ['seigh', () => ['--tol', '0.1', '--refine'], 'refine cannot be combined with tol, got true'],
    ['seigh', () => ['--dims', '4', '--sed', '1'], "unknown option '--sed'; did you mean '--seed'?"],
    ['seigh', () => ['--dims'], '--dims needs a value'],
    ['seigh', () => ['--dims', '4', '--refine=yes'], "--refine takes no value, got 'yes'"],
    ['certify', () => ['--dims', '4', '--tests', '0'], 'tests must be an integer at least 1, got 0'],
    ['certify', () => ['--dims', '4', '--confidence', '2'], 'confidence must be a number between 0 and 1, got 2'],
    ['certify', () => ['--dims', '4', '--confidence', '95'], 'confidence must be a number between 0 and 1, got 95'],
    ['certify', () => ['--dims', '4', '--lanczos-steps', '-1'], 'lanczos-steps must be an integer at least 0, got -1'],
    [
      'certify',
      () => ['--approximation', 'b.mjs', '--rank', '3'],
      '--rank cannot be combined with --approximation, got 3',
    ],
    ['run', () => ['--dims', '4', '--confidence', '2', ...out()], 'confidence must be a number between 0 and 1, got 2'],
    ['run', () => ['--dims', '4', '--method', 'krylov', ...out()], "method 'krylov' cannot be combined with store"],
    [
      'run',
      () => ['--dims', '4', '--memory', 'much', ...out()],
      "memory must be a number of bytes or like '300MB' or '2GiB'",
    ],
    ['run', () => [...out()], '--dims is needed for a new directory'],
    ['measure', () => ['--dims', '4', '--shard', '9/8', ...out()], 'shard i/m needs i in 1..m, got 9/8'],
    [
      'launch',
      () => ['--dims', '4', '--engine', 'condor', ...out()],
      "engine must be one of 'slurm', 'local', got 'condor'",
    ],
    [
      'launch',
      () => ['--dims', '4', '--engine', 'local', '--shards', '0', ...out()],
      'shards must be an integer at least 1, got 0',
    ],
    ['eigsh', () => ['--k', '0'], 'k must be an integer at least 1, got 0'],
    ['eigsh', () => ['--k', '2', '--tol', '-1'], 'tol must be a number from 0 to below 1, got -1'],
    ['eigsh', () => ['--k', '2', '--memory', '1GB'], '--memory belongs to --store'],
    ['eigsh', () => ['--k', '2', '--out', '/nodir/x.json'], 'out: cannot write /nodir/x.json'],
    ['plan', () => ['--dims', '4', '--max-products', '9'], '--max-products cannot be combined with --dims, got 9'],
  ])('%s refuses before its operator is loaded: %#', async (name, args, message) => {
    const { code, stdout, stderr } = await runHere([name, ...operator, ...args()]);
    expect(stderr).toContain(message);
    expect(stderr).toMatch(new RegExp(`^eigensketch ${name}: [^\n]*\n$`));
    expect([[2, 5].includes(code), stdout, existsSync(join(folder, 'loaded'))]).toEqual([true, '', false]);
    expect(existsSync(join(folder, 'directory'))).toBe(false);
  });

  test.each<[string[], string]>([
    [['status', 'a', 'b'], 'eigensketch status: one directory is needed, got 2'],
    [['verify', '--jsn', 'a'], "eigensketch verify: unknown option '--jsn'; did you mean '--json'?"],
    [['recover', '--stag', 'basis', 'a'], "eigensketch recover: unknown option '--stag'; did you mean '--stage'?"],
    [['report', 'a', '--rows', 'x'], "eigensketch report: rows must be an integer at least 0, got 'x'"],
    [['report', 'a', '--out', '/nodir/b.html'], 'eigensketch report: out: cannot write /nodir/b.html'],
    [
      ['plan', '--n', '1e6', '--factor', '0.5'],
      'eigensketch plan: factor must be a number between 1 and Infinity, got 0.5',
    ],
    [['sigh'], "eigensketch: there is no command 'sigh', only"],
  ])('%p', async (args, message) => {
    const { code, stderr } = await runHere(args);
    expect(stderr).toContain(message);
    expect([2, 5]).toContain(code);
  });

  test('numbers as people write them: 1e6 columns, 2GB', async () => {
    const { code, stdout } = await runHere(['plan', '--n', '1e6', '--memory', '2GB', '--json']);
    expect([code, JSON.parse(stdout).sketch.dims]).toEqual([0, 166]);
  });
});

test('the table of methods in the README is that of the descriptors', async () => {
  const { METHODS, METHOD_NAMES } = await import('../src/seigh/methods.ts');
  const readme = await readFile(resolve('README.md'), 'utf8');
  const rows = readme.split('\n').filter((line) => /^\| `'\w+'`( \(default\))? +\|/.test(line));
  const cells = rows.map((row) => row.split('|').map((cell) => cell.trim()));
  expect(cells.map(([, name]) => name!.replace(' (default)', ''))).toEqual(METHOD_NAMES.map((name) => `\`'${name}'\``));
  for (const [i, name] of METHOD_NAMES.entries()) {
    expect(cells[i]!.slice(2, 4)).toEqual([METHODS[name].products, METHODS[name].summary]);
  }
});
