/** Test vectors and their products in several processes: of results without residual norms, and where others lie there. */
import { readdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockFile } from '../../src/hdf5/index.ts';
import { readRecordFile, writeRecordFile } from '../../src/hdf5/record-file.ts';
import { runHere } from '../support/cli.ts';
import { afterEach, beforeAll, describe, expect, test } from '../support/jest.ts';
import { numbersOf, temporaryFolder } from './support.ts';

const at = temporaryFolder();
const operator = ['--operator', 'test/cli/fixtures/harmonic.mjs'];
const sketch = [...operator, '--dims', '16', '--block-size', '4', '--seed', '5'];

async function step(...args: string[]): Promise<string> {
  const { code, stdout, stderr } = await runHere(args, { EIGENSKETCH_KERNELS: 'js' });
  expect([code, stderr]).toEqual([0, '']);
  return stdout;
}

/** Certifies by two shards. */
async function certifyByShards(directory: string): Promise<void> {
  await step('recover', directory, '--stage', 'tests', '--tests', '8', '--shards', '2');
  for (const shard of ['2/2', '1/2']) {
    await step('measure', directory, ...operator, '--stage', 'certificate', '--shard', shard);
  }
  await step('certify', directory, ...operator, '--tests', '8');
}

describe.each([
  ['nystrom', ['--method', 'nystrom'], 0],
  ['hmt', [], 1],
] as const)('%s', (method, options, freed) => {
  const [whole, parts] = [`${method}-whole`, `${method}-parts`];

  beforeAll(async () => {
    await step('run', ...sketch, ...options, '--tests', '8', '--out', at(whole));
    await step('run', ...sketch, ...options, '--tests', '0', '--out', at(parts));
  });

  test('two shards make the certificate of one process', async () => {
    await certifyByShards(at(parts));
    expect(await numbersOf(at(parts))).toEqual(await numbersOf(at(whole)));
    const { attributes } = await readRecordFile(join(at(parts), 'tests/stage.h5'));
    expect([attributes.freed, attributes.columns]).toEqual([freed, 8]);
    // a combination of leading vectors is kept only where they were seen
    expect((await readdir(join(at(parts), 'tests'))).includes('leading.h5')).toBe(freed === 1);
    expect(await step('verify', at(parts), ...operator)).toContain("the products are the operator's");
  });

  test('vectors of another number, and their products, are not taken for those that are wanted', async () => {
    await step('recover', at(parts), '--stage', 'tests', '--tests', '6', '--shards', '3');
    const { stages } = JSON.parse(await step('status', at(parts), '--json'));
    expect(stages.at(-1)).toMatchObject({ blocks: 3, missing: [0, 1, 2] });
    await certifyByShards(at(parts));
    expect(await numbersOf(at(parts))).toMatchObject(await numbersOf(at(whole)));
  });

  test('vectors of other eigenpairs of the same run are made again', async () => {
    const file = join(at(parts), 'tests/stage.h5');
    const { attributes, arrays } = await readRecordFile(file, freed ? ['squares'] : []);
    const kept = { ...attributes, result: 'f'.repeat(16) };
    await writeRecordFile(file, { attributes: kept, arrays });
    await step('certify', at(parts), ...operator, '--tests', '8');
    expect((await readRecordFile(file)).attributes.result).toBe(attributes.result);
    expect(await numbersOf(at(parts))).toMatchObject(await numbersOf(at(whole)));
  });
});

test('how far many vectors are from orthonormal: an estimate with its number of vectors, or a bound without', async () => {
  const [directory, matrix] = [at('many'), at('A.mtx')];
  const entries = Array.from({ length: 200 }, (_, i) => `${i + 1} ${i + 1} ${1 / (i + 1)}`);
  const header = '%%MatrixMarket matrix coordinate real symmetric\n200 200 200';
  await writeFile(matrix, `${header}\n${entries.join('\n')}\n`);
  const own = ['--operator', matrix];
  await step('run', ...own, '--dims', '110', '--block-size', '55', '--seed', '5', '--tests', '4', '--out', directory);
  const file = join(directory, 'tests/stage.h5');
  const { attributes, arrays } = await readRecordFile(file, ['squares']);
  expect(attributes.probes).toBe(50);
  const certify = async (seen: Record<string, number>) => {
    const { probes: _, ...others } = attributes;
    await writeRecordFile(file, { attributes: { ...others, ...seen }, arrays });
    return runHere(['certify', directory, ...own, '--tests', '4', '--json'], { EIGENSKETCH_KERNELS: 'js' });
  };
  const bound = async (seen: Record<string, number>): Promise<number> =>
    JSON.parse((await certify(seen)).stdout).certificate.missedEigenvalueBound;
  const none = await bound({ defect: 0 });
  const first = await bound({ defect: 1e3 });
  // as much is added for a bound, and the factor of an estimate of 50 vectors beside it (at 0.99, SciPy)
  expect((await bound({ defect: 1e3, probes: 50 })) / first).toBeCloseTo(1.5985, 3);
  expect(none).toBeLessThan(1e-2 * first);
  for (const probes of [0, 2.5]) {
    expect(await certify({ probes })).toMatchObject({
      code: 5,
      stderr: expect.stringContaining(`from ${probes} vectors`),
    });
  }
}, 60_000);

describe('a shard of the products', () => {
  const { open } = BlockFile;
  afterEach(() => {
    BlockFile.open = open;
  });

  test('opens each block of test vectors once, and none of those whose products are there but to know them again', async () => {
    const directory = at('opened');
    await step('run', ...sketch, '--tests', '0', '--out', directory);
    await step('recover', directory, '--stage', 'tests', '--tests', '8', '--shards', '4');
    const opened: string[] = [];
    BlockFile.open = (path, traffic) => {
      if (path.includes('/tests/0')) opened.push(path.slice(-9));
      return open.call(BlockFile, path, traffic);
    };
    // the command's own account of what is missing opens those whose products are there
    await step('measure', directory, ...operator, '--stage', 'certificate', '--shard', '1/2');
    expect(opened).toEqual(['000000.h5', '000002.h5', '000000.h5', '000002.h5']);
  });
});
