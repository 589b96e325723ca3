/** Whatever stands where a library should be, the process goes on and is told why there are no native kernels. */
import { execFile, execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { candidates } from '../../src/linalg/kernels/native/candidates.ts';
import { identify } from '../../src/linalg/kernels/native/identify.ts';
import type { BlasLibrary } from '../../src/linalg/kernels/native/library.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { describeNative } from '../support/native.ts';
import { skippedTitle } from '../support/skips.ts';

const sources = new URL('../../src/', import.meta.url);
const folder = mkdtempSync(join(tmpdir(), 'eigensketch-native-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Outcome {
  pid: number;
  name?: string;
  reason?: string;
  product?: number[];
}

/** What a fresh process finds with EIGENSKETCH_BLAS set to `library`; it runs `before` first. */
async function load(library: string, { root = sources, before = '' } = {}): Promise<Outcome> {
  const program = `${before}
    const { loadNativeKernels } = await import(${JSON.stringify(new URL('linalg/kernels/native.js', root).href)});
    const { kernels, reason } = await loadNativeKernels();
    const A = { rows: 300, cols: 300, data: new Float64Array(90000).fill(1) };
    const C = await kernels?.gemm(A, A);
    console.log(JSON.stringify({ pid: process.pid, name: kernels?.name, reason, product: C && [C.data[0], C.data[89999]] }));`;
  const env = { ...process.env, NODE_OPTIONS: '', EIGENSKETCH_BLAS: library };
  const args = ['--input-type=module', '--eval', program];
  const { stdout } = await promisify(execFile)(process.execPath, args, { env });
  return JSON.parse(stdout) as Outcome;
}

describeNative('loading a native library', (native) => {
  test('EIGENSKETCH_BLAS names the library to take', async () => {
    const { name, product } = await load(native.files.join(delimiter));
    expect(name).toBe(native.name);
    expect(product).toEqual([300, 300]);
  });

  test('a file that is not there', async () => {
    const missing = join(folder, 'missing.so');
    expect((await load(missing)).reason).toMatch(`${missing}: Failed to load shared library`);
  });

  test('a text file', async () => {
    const text = join(folder, 'text.so');
    writeFileSync(text, 'not a library\n'.repeat(500));
    expect((await load(text)).reason).toMatch(`${text}: Failed to load shared library`);
  });

  const other = 'a library of something else';
  const isLinux = process.platform === 'linux';
  (isLinux ? test : test.skip)(isLinux ? other : skippedTitle(other, 'this is not Linux'), async () => {
    expect((await load('libm.so.6')).reason).toMatch('libm.so.6: has no routine sgemm_');
  });

  test('a library that is fixed on small stacks by an earlier user of koffi runs on the main thread', async () => {
    const [first] = native.files;
    const koffi = JSON.stringify(import.meta.resolve('koffi'));
    const before = `(await import(${koffi})).default.load(${JSON.stringify(first)});`;
    expect((await load(native.files.join(delimiter), { before })).product).toEqual([300, 300]);
  });
});

describe('without koffi', () => {
  test('says so', async () => {
    const home = join(folder, 'bare');
    const root = join(home, 'dist', 'src', '/');
    cpSync(sources, root, { recursive: true });
    cpSync('package.json', join(home, 'package.json'));
    const { reason } = await load('', { root: pathToFileURL(root) });
    expect(reason).toMatch(/^the optional package koffi cannot be loaded: .*koffi/);
  });
});

function hasCompiler(): boolean {
  try {
    execFileSync('cc', ['--version'], { stdio: 'ignore' });
    return true;
  } catch {
    return false;
  }
}

/** Libraries made for the purpose: every routine has the same body. */
const ROUTINES = [
  'sgemm_',
  'dgemm_',
  'sgemv_',
  'dgemv_',
  'ssyrk_',
  'dsyrk_',
  'strsm_',
  'dtrsm_',
  'dsyevd_',
  'slacpy_',
  'dlacpy_',
];

const imposters: [string, string, RegExp][] = [
  ['does nothing', '', /gives wrong matrix products/],
  ['follows a null pointer', '*(volatile int *)0 = 1;', /ended the process that tried it \(SIGSEGV\)/],
  [
    'ends the process',
    'fputs("FATAL: no companion\\n", stderr); _exit(2);',
    /ended the process that tried it \(2\): FATAL: no companion/,
  ],
  ['ends the process as if all were well', '_exit(0);', /ended the process that tried it \(no answer\)/],
];

const imposter = 'a library that has the routines but';
const compiled = process.platform === 'linux' && hasCompiler() ? describeNative : describe.skip;
compiled(compiled === describeNative ? imposter : skippedTitle(imposter, 'there is no Linux with cc'), () => {
  beforeAll(() => {
    for (const [at, [, body]] of imposters.entries()) {
      const routines = ROUTINES.map((name) => `void ${name}(void) { ${body} }`);
      const source = join(folder, `imposter${at}.c`);
      writeFileSync(source, ['#include <stdio.h>', '#include <unistd.h>', ...routines].join('\n'));
      execFileSync('cc', ['-shared', '-fPIC', '-O0', '-o', join(folder, `imposter${at}.so`), source]);
    }
  });

  test.each(imposters.map(([what, , message], at) => [what, at, message] as const))('%s', async (_, at, message) => {
    const { name, reason } = await load(join(folder, `imposter${at}.so`));
    expect(name).toBeUndefined();
    expect(reason).toMatch(message);
  });

  test('nothing is opened in this process before another one has tried it', async () => {
    const [source, library, opened] = ['opened.c', 'opened.so', 'opened.txt'].map((name) => join(folder, name));
    const onLoad = `__attribute__((constructor)) static void loaded(void) {
      FILE *file = fopen(${JSON.stringify(opened)}, "a"); fprintf(file, "%d\\n", getpid()); fclose(file); }`;
    const routines = ROUTINES.map((name) => `void ${name}(void) {}`);
    writeFileSync(source!, ['#include <stdio.h>', '#include <unistd.h>', onLoad, ...routines].join('\n'));
    execFileSync('cc', ['-shared', '-fPIC', '-o', library!, source!]);
    const { reason, pid } = await load(library!);
    expect(reason).toMatch(/gives wrong matrix products/);
    const by = readFileSync(opened!, 'utf8').trim().split('\n').map(Number);
    expect(by).toHaveLength(1);
    expect(by).not.toContain(pid);
  });
});

test.each([
  [{ openblas_get_corename: 'Prescott' }, 'native (OpenBLAS 0.3.21 for Prescott, 2 threads)'],
  [{ openblas_get_corename64_: 'Zen' }, 'native (OpenBLAS 0.3.21 for Zen, 2 threads)'],
  [{}, 'native (OpenBLAS 0.3.21, 2 threads)'],
])('the name says which processor the kernels of OpenBLAS are for, if it tells: %j', (core, name) => {
  const answers: Record<string, unknown> = {
    openblas_get_config: 'OpenBLAS 0.3.21 DYNAMIC_ARCH MAX_THREADS=64',
    openblas_get_num_threads: 2,
    ...core,
  };
  const func = (symbol: string) => {
    if (!(symbol in answers)) throw new Error(`no ${symbol}`);
    return () => answers[symbol];
  };
  expect(identify({ files: ['libopenblas.so.0'], handles: [{ func }] } as unknown as BlasLibrary)).toBe(name);
});

describe('candidates', () => {
  test('are exactly what EIGENSKETCH_BLAS names', () => {
    const named = { EIGENSKETCH_BLAS: ['/opt/libblis.so', '/opt/liblapack.so'].join(delimiter) };
    expect(candidates(named, 'linux')).toEqual([['/opt/libblis.so', '/opt/liblapack.so']]);
  });

  test.each(['linux', 'darwin', 'win32'] as const)('are the usual names on %s', (platform) => {
    const usual = candidates({ EIGENSKETCH_BLAS: '' }, platform);
    expect(usual.length).toBeGreaterThan(3);
    const inConda = candidates({ CONDA_PREFIX: join('/', 'envs', 'one') }, platform).flat();
    expect(inConda.filter((file) => file.startsWith(join('/', 'envs', 'one'))).length).toBeGreaterThan(1);
  });
});
