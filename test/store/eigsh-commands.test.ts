/** `eigensketch eigsh --store`: interrupted and gone on with; what `status`, `verify` and h5py make of its directory. */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Ended, runCli, runHere } from '../support/cli.ts';
import { command } from '../support/command.ts';
import { expect, test } from '../support/jest.ts';
import { hasModule, needing, PYTHON } from '../support/programs.ts';
import { temporaryFolder } from './support.ts';

const at = temporaryFolder();
const KERNELS = { EIGENSKETCH_KERNELS: 'js' };
const run = (args: readonly string[]): Promise<Ended> => runHere(args, KERNELS);
const search = (fixture: string, k: number, store: string): string[] => [
  ...['eigsh', '--operator', `test/cli/fixtures/${fixture}.mjs`],
  ...['--k', String(k), '--store', store, '--memory', '50MB', '--json'],
];

test('Ctrl-C keeps what is measured, says how to go on, and the same command does', async () => {
  const store = at('interrupted');
  let isStopped = false;
  const stopped = await runCli(
    search('slow-harmonic', 4, store),
    (text, interrupt) => {
      if (isStopped || text.split('product').length < 8) return;
      isStopped = true;
      interrupt();
    },
    KERNELS,
  );
  expect([stopped.code, stopped.stderr]).toEqual([130, expect.stringContaining('Continue with: the same command')]);
  const status = JSON.parse((await run(['status', store, '--json'])).stdout);
  expect(status).toMatchObject({ search: { k: 4, n: 400, memory: 5e7 }, progress: { phase: 'signal' } });
  const ended = await runHere(search('slow-harmonic', 4, store), { ...KERNELS, PAUSE: '0' });
  expect(ended.code).toBe(0);
  const { eigenvalues, provenance } = JSON.parse(ended.stdout);
  for (const [i, value] of [1, -1 / 2, 1 / 3, -1 / 4].entries()) expect(eigenvalues[i]).toBeCloseTo(value, 12);
  // a probe each, in one block, and every product once
  const made = [stopped, ended].map(({ stderr }) => stderr.split('product\n').length - 2);
  expect(made[0]).toBe(status.progress.numMatvecs - 2);
  expect(made[0]! + made[1]!).toBe(provenance.numMatvecs - 2);
});

test('status and verify understand the directory; commands on sketches say what it is', async () => {
  const store = at('told');
  expect((await run([...search('harmonic', 4, store), '--max-products', '9'])).code).toBe(4);
  expect((await run(['status', store])).stdout).toMatch(
    /^search +4 pairs LM to \S+, n = 80, float64\nproducts +11, 0 restarts, \d of 4 pairs converged\nstate +stopped at max/,
  );
  const files = (await readdir(store, { recursive: true })).filter((path) => path.endsWith('.h5')).length;
  expect(files).toBeGreaterThan(5);
  expect(await run(['verify', store])).toMatchObject({
    code: 0,
    stdout: `${files} files, all as they were written, bases are orthonormal\n`,
  });
  const [name] = await readdir(join(store, 'blocks'));
  const file = join(store, 'blocks', name!);
  const bytes = await readFile(file);
  bytes[bytes.length - 9]! ^= 4;
  await writeFile(file, bytes);
  const damaged = await run(['verify', store]);
  expect([damaged.code, damaged.stdout]).toEqual([5, `${files} files, 1 damaged\n`]);
  expect(damaged.stderr).toContain(`${file}: damaged: its numbers fail their checksum`);
  for (const words of [
    ['recover', store],
    ['run', '--out', store, '--dims', '3'],
  ]) {
    const { code, stderr } = await run(words);
    expect([code, stderr]).toEqual([5, expect.stringContaining('holds a search of eigsh, not a sketch')]);
  }
});

test('report, certify and verify --operator read its directory; a search that is not converged says so everywhere', async () => {
  const store = at('reported');
  const operator = ['--operator', 'test/cli/fixtures/harmonic.mjs'];
  const begun = await run([...search('harmonic', 4, store), '--max-products', '9']);
  expect(JSON.parse(begun.stdout).outcome).toMatchObject({ converged: false, complete: false });
  const early = JSON.parse((await run(['report', store, '--format', 'json'])).stdout);
  expect(early).toMatchObject({ outcome: { converged: false }, provenance: { numMatvecs: 11 } });
  expect((await run(['report', store])).stdout).toMatch(/not converged: \d of 4 eigenpairs/);
  expect((await run(['certify', store, '--tests', '4', ...operator])).stdout).toMatch(
    /relative Frobenius error at most \S+ with probability 0.99 \(4 test products\); not converged/,
  );
  expect((await run(search('harmonic', 4, store))).code).toBe(0);
  // the certificate of the earlier result is gone with it
  const ended = JSON.parse((await run(['report', store, '--format', 'json'])).stdout);
  expect([ended.outcome.converged, ended.certificate, ended.residualNorms.length]).toEqual([true, undefined, 4]);
  const certified = JSON.parse((await run(['certify', store, '--tests', '4', ...operator, '--json'])).stdout);
  const missed = Math.sqrt(Array.from({ length: 76 }, (_, i) => (i + 5) ** -2).reduce((sum, each) => sum + each, 0));
  expect(certified.certificate.errorFrob.lower).toBeLessThanOrEqual(missed);
  expect(certified.certificate.errorFrob.upper).toBeGreaterThanOrEqual(missed);
  expect((await run(['verify', store, ...operator])).stdout).toMatch(/, and the products are the operator's\n$/);
  const other = await run(['certify', store, '--operator', 'test/cli/fixtures/zero.mjs']);
  expect([other.code, other.stderr]).toEqual([5, expect.stringContaining('another operator')]);
});

needing(hasModule('h5py'), 'python3-h5py')('h5py finds A V = V H + W B and the result', async () => {
  const [begun, ended] = [at('h5py-begun'), at('h5py-ended')];
  await run([...search('harmonic', 4, begun), '--max-products', '9']);
  await run(search('harmonic', 4, ended));
  const script = `
import h5py, json, numpy as np, sys
a = np.array([(-1) ** i / (i + 1) for i in range(80)])
with h5py.File(sys.argv[1] + '/eigsh.h5') as f:
    s = f['state']
    V = np.hstack([s['V'][name][:] for name in sorted(s['V'])])
    W, H, B = s['W'][:], s['H'][:], s['B'][:]
    relation = np.linalg.norm(a[:, None] * V - V @ H - W @ B)
with h5py.File(sys.argv[2] + '/eigsh.h5') as f:
    w, X = f['result/eigenvalues'][:], f['result/eigenvectors'][:]
    norms = np.linalg.norm(a[:, None] * X - X * w, axis=0) - f['result/residual_norms'][:]
print(json.dumps([V.shape, relation, w.tolist(), float(abs(norms).max())]))
`;
  const { stdout } = await command(PYTHON, ['-c', script, begun, ended]);
  const [shape, relation, values, difference] = JSON.parse(stdout);
  expect(shape).toEqual([80, 9]);
  expect(relation).toBeLessThan(1e-14);
  for (const [i, value] of [1, -1 / 2, 1 / 3, -1 / 4].entries()) expect(values[i]).toBeCloseTo(value, 13);
  expect(difference).toBeLessThan(1e-13);
});
