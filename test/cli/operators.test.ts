/** What --operator takes: matrices in files, Python, modules; and what is said of everything else. */
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { writeArray } from '../../src/files/index.ts';
import { runHere as run, runCli } from '../support/cli.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { hasModule, needing, PYTHON, runs } from '../support/programs.ts';

let home: string;
/** The second differences of so many points: their eigenvalues have a closed form. */
const N = 12;
const LARGEST = [N, N - 1].map((j) => 2 - 2 * Math.cos((Math.PI * j) / (N + 1)));
const dense = Float64Array.from({ length: N * N }, (_, at) => {
  const apart = Math.abs(Math.floor(at / N) - (at % N));
  return apart === 0 ? 2 : apart === 1 ? -1 : 0;
});
const rowsOf = (separator: string) =>
  Array.from({ length: N }, (_, i) => [...dense.subarray(i * N, (i + 1) * N)].join(separator)).join('\n');
const makes = `{
  const matmat = ({ rows, cols, data }) => ({
    rows, cols,
    data: data.map((value, at) => 2 * value - (data[at - cols] ?? 0) - (data[at + cols] ?? 0)),
  });
  return { shape: [${N}, ${N}], dtype: 'float64', selfAdjoint: true, matmat };
}`;

const write = (name: string, text: string) => writeFile(join(home, name), text);

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'eigensketch-operators-'));
  const matrix = { shape: [N, N], data: dense };
  await writeArray(join(home, 'A.npy'), matrix);
  await writeArray(join(home, 'one.npz'), { A: matrix });
  await writeArray(join(home, 'two.npz'), { A: matrix, B: { shape: [N], data: dense.subarray(0, N) } });
  await write('A.csv', rowsOf(','));
  const lower = Array.from({ length: N }, (_, i) => `${i + 1} ${i + 1} 2${i === 0 ? '' : `\n${i + 1} ${i} -1`}`);
  await write(
    'A.mtx',
    `%%MatrixMarket matrix coordinate real symmetric\n${N} ${N} ${2 * N - 1}\n${lower.join('\n')}\n`,
  );
  await write('function.mjs', `export default () => ${makes}`);
  await write('promise.mjs', `export default async () => ${makes}`);
  await write('operator.mjs', `export default (() => ${makes})()`);
  await write('names.mjs', `export const made = (() => ${makes})();\nexport const make = () => ${makes}`);
  await write('module.cjs', `module.exports = () => ${makes}`);
  await write('names.cjs', `exports.make = () => ${makes}`);
  await write('compiled.cjs', `exports.__esModule = true; exports.default = () => ${makes}`);
  await write('typed.ts', `type N = number;\nexport default () => ${makes}\nexport const size: N = ${N};\n`);
  await write('seven.mjs', 'export default 7');
  await write('nothing.mjs', 'export default () => ({ shape: [2, 2] })');
  await write('imports.mjs', "import 'no-such-package';");
  await write('skew.csv', '1,4\n-4,1');
  await mkdir(join(home, 'folder.npy'));
  await write('weights.pt', 'x');
  await write('model.json', '{}');
});
afterAll(() => rm(home, { recursive: true, force: true }));

const eigsh = (operator: string) => [
  'eigsh',
  '--operator',
  join(home, operator),
  '--k',
  '2',
  '--which',
  'LA',
  '--json',
];

/** Compares what a command prints with the closed form; float64 throughout. */
function checkSpectrum({ code, stdout, stderr }: { code: number | null; stdout: string; stderr: string }): string {
  expect([code, stderr]).toEqual([0, expect.stringContaining('2 of 2 converged')]);
  const { eigenvalues, provenance } = JSON.parse(stdout);
  for (const [i, value] of LARGEST.entries()) expect(Math.abs(eigenvalues[i] - value)).toBeLessThan(1e-9);
  return provenance.operator;
}

describe('matrices', () => {
  test.each([
    ['A.npy', 'A'],
    ['one.npz', 'one'],
    ['two.npz:A', 'two:A'],
    ['A.csv', 'A'],
    ['A.mtx', 'A'],
  ])('%s, called %s in reports', async (name, called) => {
    expect(checkSpectrum(await run(eigsh(name)))).toBe(called);
  });

  needing(hasModule('h5py'), 'python3-h5py')('runs.h5:/group/A, that h5py has written', async () => {
    const { execFileSync } = await import('node:child_process');
    const script =
      'import h5py, numpy, sys; h5py.File(sys.argv[1] + "/runs.h5", "w")["group/A"] = numpy.load(sys.argv[1] + "/A.npy")';
    execFileSync(PYTHON, ['-c', script, home]);
    expect(checkSpectrum(await run(eigsh('runs.h5:/group/A')))).toBe('runs:/group/A');
  });

  test('in a directory of run, which remembers the array, and in certify as an approximation', async () => {
    const out = join(home, 'run.sketch');
    const made = await run(['run', '--operator', join(home, 'two.npz:A'), '--dims', '6', '--tests', '0', '--out', out]);
    expect([made.code, made.stdout]).toEqual([0, expect.stringContaining('two:A')]);
    const certified = await run(['certify', out, '--trust', '--tests', '5', '--quiet']);
    expect([certified.code, certified.stderr]).toEqual([0, '']);
    const itself = await run(['certify', '--operator', join(home, 'A.npy'), '--approximation', join(home, 'A.mtx')]);
    expect([itself.code, itself.stdout]).toEqual([
      0,
      expect.stringMatching(/relative Frobenius error at most \d(\.\d)?e-1[4-9] /),
    ]);
  });
});

describe('modules', () => {
  test.each([
    ...['function.mjs', 'promise.mjs', 'operator.mjs', 'names.mjs:made', 'names.mjs:make'],
    ...['module.cjs', 'names.cjs:make', 'compiled.cjs'],
  ])('%s', async (name) => {
    expect(checkSpectrum(await run(eigsh(name)))).toBe(name.replace(/\..*/, ''));
  });

  test('typed.ts, where Node reads TypeScript; elsewhere that is said', async () => {
    const ended = await runCli(eigsh('typed.ts'));
    if ((process.features as { typescript?: unknown }).typescript) checkSpectrum(ended);
    else
      expect([ended.code, ended.stderr]).toEqual([2, expect.stringMatching(/does not read \.ts files: Node 22\.18/)]);
  });
});

needing(runs('python3', '-c', 'import numpy'), 'numpy for python3')(
  'Python: module.py:name, and its errors',
  async () => {
    await write(
      'hessian.py',
      `import numpy\ndef make():\n    return 2 * numpy.eye(${N}) - numpy.eye(${N}, k=1) - numpy.eye(${N}, k=-1)\ndef breaks():\n    raise ValueError("no data today")\n`,
    );
    expect(checkSpectrum(await run(eigsh('hessian.py:make')))).toBe('hessian');
    const broken = await run(eigsh('hessian.py:breaks'));
    expect(broken.stderr).toContain('no data today');
    const unnamed = await run(eigsh('hessian.py'));
    expect([unnamed.code, unnamed.stderr]).toEqual([2, expect.stringContaining('hessian.py:make')]);
    expect((await run(eigsh('hessian.py:other'))).stderr).toContain('other');
  },
);

describe('what it is not is said', () => {
  test.each<[string, number, RegExp]>([
    ['nowhere.npy', 5, /eigensketch eigsh: there is no operator file .*nowhere\.npy$/],
    ['typd.ts', 5, /did you mean 'typed\.ts'\?/],
    ['folder.npy', 5, /folder\.npy is no file; an operator is a matrix \(A\.npy/],
    ['weights.pt', 2, /weights\.pt: an operator is a matrix \(A\.npy.*Python \(module\.py:name\).*operator\.js/],
    ['model.json', 2, /a model is given as --model .*model\.json --data x\.npy --labels y\.npy/],
    ['seven.mjs', 2, /the default export of .*seven\.mjs must be an operator or a function that returns one$/],
    ['names.mjs', 2, /the default export .* it also exports made, make: .*names\.mjs:made$/],
    ['names.mjs:other', 2, /'other' of .*names\.mjs must be an operator .* it also exports made, make/],
    ['nothing.mjs', 2, /the default export of .*nothing\.mjs returned no operator \{ shape, dtype, matmat \}/],
    ['two.npz', 5, /A.*B/],
    ['two.npz:B', 3, /has the shape \(12\); an operator has two axes/],
    ['skew.csv', 3, /not symmetric.*worst entry is \(1, 0\): -4/],
  ])('%s', async (name, code, message) => {
    const ended = await run(eigsh(name));
    expect(ended.stderr.trim()).toMatch(message);
    expect([ended.code, ended.stdout]).toEqual([code, '']);
  });

  test('a package that the module imports and that is missing is the error of the module', async () => {
    const ended = await runCli(eigsh('imports.mjs'));
    expect([ended.code, ended.stderr]).toEqual([1, expect.stringContaining('no-such-package')]);
  });
});
