/** The command line: what it prints, writes and exits with. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { apost, type Certificate, diagonalOperator, seigh } from '../../src/index.ts';
import { runHere as run, runCli } from '../support/cli.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

const file = (name: string): string => `test/cli/fixtures/${name}.mjs`;
const harmonic = ['--operator', file('harmonic')];
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(QUICK_DISK, 'eigensketch-cli-'));
});
afterAll(() => rm(folder, { recursive: true, force: true }));

describe('help', () => {
  test.each([
    [],
    ...[
      'seigh',
      'eigsh',
      'certify',
      'run',
      'measure',
      'recover',
      'status',
      'verify',
      'launch',
      'report',
      'plan',
      'trace',
      'norm',
      'logdet',
      'density',
      'svd',
      'solve',
      'serve',
    ].map((name) => [name]),
  ])('%p --help: usage, an example and the exit codes', async (...words) => {
    const { code, stdout, stderr } = await run([...words, '--help']);
    expect([code, stderr]).toEqual([0, '']);
    expect(stdout).toMatch(/^Usage: eigensketch/);
    expect(stdout).toMatch(/Example\n {2}eigensketch /);
    expect(stdout).toMatch(/Exit codes/);
  });

  test('without a command: the same, as an error', async () => {
    const asked = await run(['--help']);
    expect(await run([])).toEqual({ ...asked, code: 2 });
  });

  test('--version', async () => {
    const { version } = JSON.parse(await readFile('package.json', 'utf8'));
    expect((await run(['--version'])).stdout.trim()).toBe(version);
  });
});

test('a process of its own: what it prints on both streams, and its exit code', async () => {
  const args = ['seigh', ...harmonic, '--dims', '4', '--seed', '2', '--json'];
  const env = { EIGENSKETCH_KERNELS: 'js' };
  const [apart, here] = [await runCli(args, undefined, env), await run(args, env)];
  const results = ({ stdout }: { stdout: string }): unknown => JSON.parse(stdout).eigenvalues;
  expect([apart.code, apart.stderr, results(apart)]).toEqual([0, here.stderr, results(here)]);
  for (const wrong of [['sketch'], ['seigh', ...harmonic, '--dims', '81'], ['report', 'nowhere.json']]) {
    const ended = await run(wrong);
    expect(ended.code).toBeGreaterThan(0);
    expect(await runCli(wrong)).toEqual(ended);
  }
});

describe('eigsh', () => {
  test('prints the leading eigenvalues and says how the search ended and what else there may be', async () => {
    const { code, stdout, stderr } = await run([
      'eigsh',
      ...harmonic,
      '--k',
      '3',
      '--tol',
      '1e-3',
      '--seed',
      '1',
      '--json',
    ]);
    expect(code).toBe(0);
    const { eigenvalues, provenance } = JSON.parse(stdout);
    for (const [i, value] of [1, 1 / 2, 1 / 3].entries()) expect(Math.abs(eigenvalues[i])).toBeCloseTo(value, 5);
    expect(provenance.method).toBe('krylov');
    expect(stderr).toMatch(
      /3 of 3 converged, \d+ products \(converged\)\n.*complete: nothing beyond the last pair is missing, with probability 0\.99/,
    );
  });

  test('products that are not enough: what is there, and another exit code', async () => {
    const { code, stdout } = await run(['eigsh', ...harmonic, '--k', '3', '--max-products', '5', '--json']);
    expect(code).toBe(4);
    expect(JSON.parse(stdout).eigenvalues).toHaveLength(3);
  });
});

describe('seigh', () => {
  test('prints the spectrum, says before that what it costs, and claims no error', async () => {
    const { code, stdout, stderr } = await run(['seigh', ...harmonic, '--dims', '20', '--power-iterations', '1']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/\| 1 \| (1|0\.9999\d*|1\.0*) \|/);
    expect(stdout).toContain('not certified: no test products were spent on this result');
    expect(stderr).toBe('eigensketch seigh: 20 columns by hmt: 60 products, 0.0366 MiB of tall blocks\n');
  });

  test('--json: one object, also from an asynchronous operator file', async () => {
    const { code, stdout } = await run(['seigh', '--operator', file('zero'), '--dims', '4', '--seed', '9', '--json']);
    expect(code).toBe(0);
    expect(JSON.parse(stdout)).toMatchObject({
      schema: 1,
      eigenvalues: [],
      provenance: { seed: 9, operator: 'zero', n: 80 },
    });
  });

  test('--tol reached and not reached', async () => {
    const reached = await run(['seigh', ...harmonic, '--tol', '0.3', '--block-size', '8', '--json']);
    expect(reached.code).toBe(0);
    expect(JSON.parse(reached.stdout).certificate.relativeError.upper).toBeLessThanOrEqual(0.3);
    const missed = await run(['seigh', ...harmonic, '--tol', '0.01', '--max-dims', '16', '--json']);
    expect(missed.code).toBe(4);
    expect(JSON.parse(missed.stdout).eigenvalues).toHaveLength(16);
  });
});

describe('certify, then report', () => {
  test('every format from one analysis file', async () => {
    const out = join(folder, 'analysis.json');
    const certified = await run([
      'certify',
      ...harmonic,
      '--dims',
      '20',
      '--tests',
      '10',
      '--name',
      '1/j & signs',
      '--out',
      out,
    ]);
    expect(certified.code).toBe(0);
    expect(certified.stdout).toMatch(
      /relative Frobenius error at most 0\.\d+ with probability 0\.99 \(10 test products\)/,
    );
    const starts: Record<string, RegExp> = {
      markdown: /^# Spectrum of 1\/j & signs/,
      latex: /\\caption\{Leading eigenvalues of 1\/j \\& signs/,
      csv: /^# error: relative Frobenius error/,
      json: /"summary": "relative Frobenius error/,
      html: /^<!doctype html>[\s\S]*1\/j &amp; signs/,
      svg: /^<svg /,
    };
    for (const [format, start] of Object.entries(starts)) {
      const { code, stdout, stderr } = await run(['report', out, '--format', format]);
      expect([format, code, stderr]).toEqual([format, 0, '']);
      expect(stdout).toMatch(start);
    }
    const png = join(folder, 'scree.png');
    expect((await run(['report', out, '--format', 'png', '--figure', 'scree', '--out', png])).code).toBe(0);
    expect((await readFile(png)).subarray(1, 4).toString()).toBe('PNG');
    const pdf = join(folder, 'spectrum.pdf');
    expect((await run(['report', out, '--format', 'pdf', '--out', pdf])).code).toBe(0);
    expect((await readFile(pdf)).subarray(0, 5).toString()).toBe('%PDF-');
  }, 60_000);

  test('--tests, --confidence, --lanczos-steps and --seed do what the options of apost do', async () => {
    // the operator of the fixture, by kernels that add in the same order in this process and in that of the command line
    const A = diagonalOperator(Array.from({ length: 80 }, (_, i) => (i % 2 ? -1 : 1) / (i + 1)));
    const kernels = 'js';
    const sketched = await seigh(A, 20, { seed: 5, kernels });
    const statements = async (lanczosSteps?: number): Promise<unknown> => {
      const given = lanczosSteps === undefined ? {} : { lanczosSteps };
      const { seconds: _, ...rest } = await apost(A, sketched, {
        tests: 9,
        confidence: 0.9,
        seed: 5,
        kernels,
        ...given,
      });
      return rest;
    };
    const asked = ['--dims', '20', '--seed', '5', '--tests', '9', '--confidence', '0.9'];
    const certified = async (...args: string[]): Promise<unknown> => {
      const { code, stdout } = await run(['certify', ...args, '--json'], { EIGENSKETCH_KERNELS: kernels });
      expect(code).toBe(0);
      const { seconds: _, ...rest } = JSON.parse(stdout).certificate as Certificate;
      return rest;
    };
    const [byDefault, byThree] = [await statements(), await statements(3)];
    expect(byThree).not.toEqual(byDefault);
    expect(await certified(...harmonic, ...asked)).toEqual(byDefault);
    expect(await certified(...harmonic, ...asked, '--lanczos-steps', '3')).toEqual(byThree);
    // of a directory, too
    const out = join(folder, 'stored');
    expect((await run(['run', ...harmonic, '--dims', '20', '--seed', '5', '--tests', '0', '--out', out])).code).toBe(0);
    const { numMatvecs } = byThree as Certificate;
    const stored = (await certified(
      out,
      '--trust',
      '--tests',
      '9',
      '--confidence',
      '0.9',
      '--lanczos-steps',
      '3',
    )) as Certificate;
    expect([stored.numMatvecs, stored.tests, stored.confidence]).toEqual([numMatvecs, 9, 0.9]);
  }, 60_000);

  test('another operator as the approximation', async () => {
    const { code, stdout } = await run(['certify', ...harmonic, '--approximation', file('zero'), '--tests', '5']);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^relative Frobenius error at most \d/);
  });
});

describe('plan', () => {
  test('text and --json', async () => {
    const text = await run([
      'plan',
      '--n',
      '1000000',
      '--max-products',
      '400',
      '--factor',
      '1.27',
      '--confidence',
      '0.95',
    ]);
    expect(text.stdout).toBe(
      '200 columns by hmt: 200 eigenpairs, 400 products, 2.40 GB of tall blocks\n' +
        '31 test products for a factor of 1.27 at confidence 0.95\n',
    );
    const { stdout } = await run(['plan', '--n', '1000', '--memory', '1e6', '--dtype', 'float64', '--json']);
    expect(JSON.parse(stdout).sketch.dims).toBe(41);
  });
});

describe('what goes wrong', () => {
  test.each<[string, string[], number, string]>([
    [
      'no such command',
      ['sketch'],
      2,
      "eigensketch: there is no command 'sketch', only seigh, eigsh, certify, trace, norm, logdet, density, svd, solve, run, measure, recover, ",
    ],
    ['an unknown option', ['plan', '--size', '3'], 2, "eigensketch plan: unknown option '--size'"],
    ['no operator', ['seigh', '--dims', '3'], 2, 'eigensketch seigh: --operator or --model is needed'],
    ['no dims', ['seigh', ...harmonic], 2, 'eigensketch seigh: --dims is needed'],
    [
      'dims out of range',
      ['seigh', ...harmonic, '--dims', '81'],
      2,
      'eigensketch seigh: dims must be an integer in 1..80, got 81',
    ],
    [
      'no number',
      ['seigh', ...harmonic, '--dims', 'many'],
      2,
      "eigensketch seigh: dims must be an integer at least 1, got 'many'",
    ],
    [
      'confidence',
      ['certify', ...harmonic, '--dims', '4', '--confidence', '1'],
      2,
      'eigensketch certify: confidence must be a number between 0 and 1, got 1',
    ],
    [
      'no factory',
      ['seigh', '--operator', file('seven'), '--dims', '3'],
      2,
      'must be an operator or a function that returns one',
    ],
    ['not symmetric', ['seigh', '--operator', file('skew'), '--dims', '3'], 3, 'seigh: the operator is not symmetric'],
    [
      'no analysis',
      ['report', 'nowhere.json'],
      5,
      'eigensketch report: cannot read nowhere.json: ENOENT: no such file',
    ],
    [
      'a name that would move the cursor',
      ['report', 'no\r\u001b[2Jwhere.json'],
      5,
      'eigensketch report: cannot read no\\x0d\\x1b[2Jwhere.json: ',
    ],
    [
      'two analyses',
      ['report', 'a', 'b'],
      2,
      'eigensketch report: one analysis file or sketch directory is needed, got 2',
    ],
    ['bad format', ['report', 'a', '--format', 'docx'], 2, "eigensketch report: format must be one of 'markdown'"],
    ['no budget', ['plan', '--n', '10'], 2, 'eigensketch plan: give memory, max-products or both'],
  ])('%s', async (_, args, code, message) => {
    const ended = await run(args);
    expect(ended.stderr).toContain(message);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
  });

  test('no such file', async () => {
    const { code, stdout, stderr } = await run(['seigh', '--operator', 'nowhere.mjs', '--dims', '3']);
    expect([code, stdout]).toEqual([5, '']);
    expect(stderr).toContain('there is no operator file nowhere.mjs');
  });

  test.each([
    ['ArgumentError', 2],
    ['UnsupportedError', 2],
    ['ShapeError', 3],
    ['NumericalError', 3],
    ['StoreError', 5],
    ['DeviceError', 6],
    ['RangeError', 1],
  ])('%s has exit code %d, and a stack only where it is unexpected', async (name, code) => {
    const ended = await run(['seigh', '--operator', file('throws'), '--dims', '3'], { THROWN: name });
    expect([ended.code, ended.stdout]).toEqual([code, '']);
    expect(ended.stderr).toContain(`no products: ${name}\n`);
    expect(/^ +at /m.test(ended.stderr)).toBe(code === 1);
  });

  test('an analysis of an unknown version', async () => {
    const path = join(folder, 'future.json');
    await writeFile(path, '{ "schema": 9 }');
    const { code, stderr } = await run(['report', path]);
    expect([code, stderr]).toEqual([
      5,
      'eigensketch report: the analysis has schema version 9, this version reads 1\n',
    ]);
  });

  test('Ctrl-C stops at the next block', async () => {
    let killed = false;
    const { code, stdout, stderr } = await runCli(
      ['seigh', '--operator', file('slow'), '--dims', '400', '--block-size', '4'],
      (text, kill) => {
        if (!killed && text.includes('product\n')) {
          killed = true;
          kill();
        }
      },
    );
    expect([code, stdout]).toEqual([130, '']);
    expect(stderr).toContain('interrupted');
    expect(stderr.match(/product\n/g)!.length).toBeLessThan(10);
  });
});
