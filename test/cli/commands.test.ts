/** Commands for single numbers, singular values and solves, arrays that commands write and read, and `serve`. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { readArray, writeArray } from '../../src/files/index.ts';
import { type RemoteOperator, remoteOperator } from '../../src/remote/index.ts';
import { runHere as run } from '../support/cli.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

/** The second differences of so many points, whose spectrum has a closed form: det = N + 1. */
const N = 60;
const spectrum = Float64Array.from({ length: N }, (_, j) => 2 - 2 * Math.cos((Math.PI * (j + 1)) / (N + 1)));
const dense = Float64Array.from({ length: N * N }, (_, at) => {
  const apart = Math.abs(Math.floor(at / N) - (at % N));
  return apart === 0 ? 2 : apart === 1 ? -1 : 0;
});
const frobenius = Math.hypot(...spectrum);

let home: string;
let A: string;
const at = (name: string): string => join(home, name);
beforeAll(async () => {
  home = await mkdtemp(join(QUICK_DISK, 'eigensketch-commands-'));
  A = at('A.npy');
  await writeArray(A, { shape: [N, N], data: dense });
  await writeArray(at('wide.npy'), { shape: [2, 4], data: Float64Array.of(3, 0, 0, 0, 0, 4, 0, 0) });
  await writeArray(at('ones.npy'), { shape: [N, 1], data: new Float64Array(N).fill(1) });
});
afterAll(() => rm(home, { recursive: true, force: true }));

async function json(
  ...args: string[]
): Promise<{ code: number; said: Record<string, unknown> & { [name: string]: never } }> {
  const { code, stdout, stderr } = await run([...args, '--json', '--quiet']);
  expect(stderr).toBe('');
  return { code, said: JSON.parse(stdout) };
}

/** Numbers of a line such as '403, certified between 320 and 490'. */
const endsOf = (text: string): number[] => /between (\S+) and (\S+?)[, ]/.exec(text)!.slice(1).map(Number);

describe('one number with its interval', () => {
  // intervals hold with probability 0.98 each, at this seed all do
  test.each<[string, string[], number]>([
    ['trace', [], 2 * N],
    ['trace', ['--method', 'hutchinson', '--tol', '0.5'], 2 * N],
    ['norm', [], frobenius],
    ['norm', ['--norm', 'spectral'], spectrum[N - 1]!],
    ['logdet', ['--order', String(N)], Math.log(N + 1)],
  ])('%s %p', async (command, options, truth) => {
    const args = [command, '--operator', A, ...options];
    const { code, said } = await json(...args);
    const { lower, upper, estimate } = said as unknown as Record<string, number>;
    expect([code, lower! <= truth && truth <= upper!, lower! <= estimate! && estimate! <= upper!]).toEqual([
      0,
      true,
      true,
    ]);
    // what a person reads is rounded outwards, never inwards
    const { stdout } = await run([...args, '--quiet']);
    const [low, high] = endsOf(stdout);
    expect([low! <= lower!, high! >= upper!]).toEqual([true, true]);
    expect(stdout).toContain(command === 'logdet' ? 'not certified' : 'certified between');
  });

  test('a tol that is not reached has exit code 4', async () => {
    const { code, said } = await json('trace', '--operator', A, '--tol', '1e-9', '--max-products', '60');
    expect([code, said.converged]).toEqual([4, false]);
  });

  test.each<[string[], RegExp]>([
    [['norm', '--norm', 'spectral', '--tests', '3'], /--tests cannot be combined with --norm spectral, got 3/],
    [['norm', '--order', '3'], /--order cannot be combined with --norm frobenius/],
    [['trace', '--method', 'xtrace', '--test-matrix', 'rademacher'], /needs Gaussian vectors/],
    [['trace', '--max-products', '0'], /max-products must be an integer at least 1/],
    [['logdet', '--block-size', '3'], /unknown option '--block-size'/],
    [['density', '--out', 'd.pdf'], /out must be a file that ends in \.csv, \.json, \.svg/],
    [['svd'], /--dims is needed/],
    [['svd', '--dims', '61'], /dims must be an integer in 1\.\.60, got 61 for a 60 x 60 operator/],
    [['svd', '--dims', '2', '--left-vectors', 'U.csv'], /left-vectors must be a file that ends in \.npy/],
    [['solve'], /--rhs is needed/],
    [['solve', '--rhs', 'wide.npy'], /an array of shape|has the shape \(2, 4\), a vector is needed/],
    [
      ['solve', '--rhs', 'ones.npy', '--shift', '-1', '--preconditioner', '3'],
      /--preconditioner needs a --shift of at least 0/,
    ],
    [['eigsh', '--k', '1', '--eigenvectors', 'nowhere/V.npy'], /eigenvectors: cannot write .*: there is no folder/],
  ])('%p is refused', async (args, message) => {
    const inHome = args.map((each) => (/^(wide|ones)\.npy$/.test(each) ? at(each) : each));
    const { code, stdout, stderr } = await run([inHome[0]!, '--operator', A, ...inHome.slice(1)]);
    expect(stderr).toMatch(message);
    expect([code > 0, stdout]).toEqual([true, '']);
  });

  test('a logdet of an operator that is not positive definite is refused with exit code 3', async () => {
    await writeArray(at('minus.npy'), { shape: [2, 2], data: Float64Array.of(1, 0, 0, -1) });
    const { code, stderr } = await run(['logdet', '--operator', at('minus.npy')]);
    expect([code, stderr]).toEqual([3, expect.stringMatching(/positive/)]);
  });
});

describe('density', () => {
  test('its integral is one, its mean that of the spectrum; the table has its band', async () => {
    const out = at('d.csv');
    const { said } = await json('density', '--operator', A, '--order', '40', '--out', out);
    const { integral, moments } = said as unknown as { integral: number; moments: { lower: number; upper: number }[] };
    expect(integral).toBeCloseTo(1, 2);
    expect(moments[1]!.lower <= 2 && 2 <= moments[1]!.upper).toBe(true);
    const [head, ...rows] = (await readFile(out, 'utf8')).trim().split('\n');
    expect(head).toBe('x,density,lower,upper');
    expect(rows.length).toBe((said as unknown as { grid: number[] }).grid.length);
    for (const row of rows) {
      const [, density, lower, upper] = row.split(',').map(Number);
      expect(lower! <= density! && density! <= upper!).toBe(true);
    }
  });

  test('the shares of its histogram add up to all', async () => {
    const { stdout } = await run(['density', '--operator', A, '--order', '20', '--quiet']);
    const shares = [...stdout.matchAll(/ (\d+\.\d\d) %/g)].map(([, share]) => Number(share));
    expect(shares).toHaveLength(20);
    expect(shares.reduce((a, b) => a + b)).toBeCloseTo(100, 0);
  });

  test('a figure', async () => {
    const out = at('d.svg');
    expect((await run(['density', '--operator', A, '--order', '20', '--out', out])).code).toBe(0);
    expect(await readFile(out, 'utf8')).toMatch(/^<svg[\s\S]*spectral density|^<svg/);
  });
});

test('svd: singular values of a matrix that is not square, and its vectors in files', async () => {
  const files = { s: at('s.npy'), U: at('U.npy'), V: at('V.npy') };
  const args = ['--singular-values', files.s, '--left-vectors', files.U, '--right-vectors', files.V];
  const { said } = await json('svd', '--operator', at('wide.npy'), '--dims', '2', ...args);
  const [s, U, V] = await Promise.all(Object.values(files).map((file) => readArray(file)));
  expect((said as unknown as { singularValues: number[] }).singularValues).toEqual(Array.from(s!.data as Float64Array));
  expect([U!.shape, V!.shape]).toEqual([
    [2, 2],
    [4, 2],
  ]);
  const expected = [3, 0, 0, 0, 0, 4, 0, 0];
  for (const [place, value] of expected.entries()) {
    const [i, j] = [Math.floor(place / 4), place % 4];
    const product = [0, 1].reduce(
      (sum, c) => sum + Number(U!.data[2 * i + c]) * Number(s!.data[c]) * Number(V!.data[2 * j + c]),
      0,
    );
    expect(product).toBeCloseTo(value, 12);
  }
  const text = (await run(['svd', '--operator', at('wide.npy'), '--dims', '2', '--quiet'])).stdout;
  expect(text).toMatch(/2 singular values of a 2 x 4 operator.*\n +1 +4\.00\n +2 +3\.00/);
});

describe('solve', () => {
  // -x'' = 1: x_i = (i + 1) (N - i) / 2
  const exact = Float64Array.from({ length: N }, (_, i) => ((i + 1) * (N - i)) / 2);

  test.each([[[]], [['--method', 'cg']], [['--method', 'cg', '--preconditioner', '10']]])('%p', async (options) => {
    const solution = at('x.npy');
    const args = ['solve', '--operator', A, '--rhs', at('ones.npy'), '--tol', '1e-12', '--solution', solution];
    const { code, said } = await json(...args, ...options);
    expect([code, said.status, said.solution]).toEqual([0, 'converged', undefined]);
    const { data } = await readArray(solution);
    for (const [i, x] of exact.entries()) expect(Math.abs(Number(data[i]) / x - 1)).toBeLessThan(1e-9);
  });

  test('not converged: exit code 4, and what was reached', async () => {
    const { code, said } = await json('solve', '--operator', A, '--rhs', at('ones.npy'), '--max-iterations', '3');
    expect([code, said.status, (said as unknown as { solution: number[] }).solution.length]).toEqual([
      4,
      'maxIterations',
      N,
    ]);
  });
});

describe('eigenpairs in files', () => {
  const files = () => ['--eigenvalues', at('w.npy'), '--eigenvectors', at('V.npy')];

  test.each([
    ['eigsh', ['--k', '4', '--which', 'LA', '--tol', '1e-9'], [], 4],
    ['eigsh', ['--k', '4', '--which', 'LA', '--tol', '1e-9'], ['--store'], 4],
    ['seigh', ['--dims', String(N)], [], N],
    ['seigh', ['--tol', '0.5'], [], undefined],
  ] as const)('%s %p %p writes them, and certify reads them', async (command, options, store, count) => {
    const stored = store.length === 0 ? [] : ['--store', at('store.eigsh')];
    const written = await run([command, '--operator', A, ...options, ...stored, ...files()]);
    expect(written.code).toBe(0);
    const [w, V] = await Promise.all([readArray(at('w.npy')), readArray(at('V.npy'))]);
    const r = w.data.length;
    if (count !== undefined) expect(r).toBe(count);
    expect(V.shape).toEqual([N, r]);
    if (command === 'eigsh') {
      for (let i = 0; i < r; i++) expect(Number(w.data[i])).toBeCloseTo(spectrum[N - 1 - i]!, 9);
    }
    const { code, said } = await json('certify', '--operator', A, ...files(), '--tests', '10');
    const certificate = said as unknown as {
      errorFrob: { lower: number; upper: number };
      given: { orthonormalityDefect: number };
    };
    expect([code, certificate.given.orthonormalityDefect < 1e-10]).toEqual([0, true]);
    if (command === 'eigsh') {
      const error = Math.hypot(...spectrum.subarray(0, N - r));
      expect(certificate.errorFrob.lower <= error && error <= certificate.errorFrob.upper).toBe(true);
    }
    const { stdout } = await run(['certify', '--operator', A, ...files(), '--tests', '10', '--quiet']);
    expect(stdout).toMatch(
      /relative Frobenius error at most .*\nlargest residual norm .*\northonormality: .*\nat most/,
    );
  });

  test.each<[string[], RegExp]>([
    [['--eigenvalues', 'w.npy'], /--eigenvectors is needed with --eigenvalues/],
    [['--eigenvectors', 'V.npy'], /--eigenvalues is needed with --eigenvectors/],
    [['--eigenvalues', 'ones.npy', '--eigenvectors', 'wide.npy'], /got 60 and 2 x 4/],
    [['--eigenvalues', 'none.npy', '--eigenvectors', 'wide.npy'], /none\.npy/],
    [['--approximation', 'A.npy', '--eigenvalues', 'w.npy'], /--eigenvalues cannot be combined with --approximation/],
    [
      ['--eigenvalues', 'w.npy', '--eigenvectors', 'V.npy', '--dims', '3'],
      /--dims cannot be combined with --eigenvalues/,
    ],
  ])('certify %p is refused', async (args, message) => {
    const inHome = args.map((each) => (each.endsWith('.npy') ? at(each) : each));
    const { code, stdout, stderr } = await run(['certify', '--operator', A, ...inHome]);
    expect(stderr).toMatch(message);
    expect([code > 0, stdout]).toEqual([true, '']);
  });
});

test('serve is the other side of remoteOperator, also where the operator prints', async () => {
  await writeFile(
    at('prints.mjs'),
    `console.log('made'); export default () => ({ shape: [2, 2], dtype: 'float64', matmat: (X) => { console.log('product'); return X; } })`,
  );
  const command = (file: string) => [process.execPath, 'bin/eigensketch.js', 'serve', '--operator', file];
  const [served, printing] = (await Promise.all(
    [A, at('prints.mjs')].map((file) => remoteOperator({ command: command(file) })),
  )) as [RemoteOperator, RemoteOperator];
  try {
    expect([served.shape, served.dtype, served.selfAdjoint]).toEqual([[N, N], 'float64', true]);
    const e = Float64Array.from({ length: N }, (_, i) => (i === 3 ? 1 : 0));
    const { data } = await served.matmat({ rows: N, cols: 1, data: e });
    expect(Array.from(data)).toEqual(Array.from(dense.subarray(3 * N, 4 * N)));
    const X = { rows: 2, cols: 1, data: Float64Array.of(5, 6) };
    expect((await printing.matmat(X)).data).toEqual(X.data);
  } finally {
    await Promise.all([served.close(), printing.close()]);
  }
  await expect(remoteOperator({ command: command(at('nowhere.npy')) })).rejects.toThrow(/there is no operator file/);
});

test('help X is X --help, and help alone lists the commands', async () => {
  for (const words of [['trace'], []]) {
    expect(await run(['help', ...words])).toEqual(await run([...words, '--help']));
  }
  const { code, stderr } = await run(['help', 'tracee']);
  expect([code, stderr]).toEqual([2, expect.stringContaining("did you mean 'trace'?")]);
});
