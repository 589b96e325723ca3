/** Files that would take hours or all memory if what they say were believed end in a StoreError within a second and 200 MB. */
import { execFile } from 'node:child_process';
import { cp, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { crc32 } from 'node:zlib';
import { loadHdf5 } from '../../src/hdf5/attributes.ts';
import { readRecordFile, writeRecordFile } from '../../src/hdf5/record-file.ts';
import { diagonalOperator, eigsh, seigh } from '../../src/index.ts';
import { beforeAll, expect, test } from '../support/jest.ts';
import type { Outcome } from './hostile-child.ts';
import { temporaryFolder } from './support.ts';

const at = temporaryFolder();
const CHILD = fileURLToPath(new URL('hostile-child.js', import.meta.url));
const SECONDS = 1;
const BYTES = 200e6;

/** A copy of a directory in which a record says something else. */
async function changed(from: string, file: string, changes: Record<string, number | string>): Promise<string> {
  const to = at(`${from} ${JSON.stringify(changes)}`.replaceAll('=', ''));
  await cp(at(from), to, { recursive: true });
  const { attributes, arrays } = await readRecordFile(join(to, file));
  await writeRecordFile(join(to, file), { attributes: { ...attributes, ...changes }, arrays });
  return to;
}

/** A file that is long, and holds nothing. */
async function long(path: string, head: Uint8Array, bytes: number): Promise<string> {
  const handle = await open(path, 'w');
  await handle.write(head);
  await handle.truncate(bytes);
  await handle.close();
  return path;
}

/** A folder with one file in it. */
async function folderWith(folder: string, name: string, content: string | Uint8Array): Promise<string> {
  await mkdir(at(folder), { recursive: true });
  await writeFile(at(`${folder}/${name}`), content);
  return at(folder);
}

/** 2^24 zeros, 134 MB, in a file of some kilobytes. */
async function bomb(path: string): Promise<string> {
  const h5wasm = await loadHdf5();
  const file = new h5wasm.File(path, 'w');
  const shape = [2 ** 24];
  file.create_dataset({ name: 'T', data: new Float64Array(2 ** 24), shape, chunks: [2 ** 18], compression: 9 });
  file.close();
  const bytes = await readFile(path);
  const trailer = Buffer.alloc(4);
  trailer.writeUInt32LE(crc32(bytes));
  await writeFile(path, Buffer.concat([bytes, trailer]));
  expect(bytes.length).toBeLessThan(2 ** 20);
  return path;
}

let hostile: string[];

beforeAll(async () => {
  const A = diagonalOperator(Array.from({ length: 60 }, (_, i) => 1 / (i + 1)));
  await seigh(A, 8, { store: at('sketch'), blockSize: 4 });
  await eigsh(A, 3, { store: at('search') });
  const block = await readFile(at('sketch/sketch/000000.h5'));
  const tests = { columns: 1e15, block_size: 1, seed: 0, stage: 'tests' };
  await mkdir(at('tests/tests'), { recursive: true });
  await writeRecordFile(at('tests/tests/stage.h5'), { attributes: { ...tests, columns: 0 } });
  hostile = [
    `sketch=${await changed('sketch', 'sketch.h5', { dims: 1e15 })}`,
    `sketch=${await changed('sketch', 'sketch.h5', { n: 9e15, dims: 9e15, memory: 2 ** 52 })}`,
    `sketch=${await changed('sketch', 'sketch.h5', { power_iterations: 1e9 })}`,
    `sketch=${await changed('sketch', 'sketch.h5', { block_size: 0 })}`,
    `search=${await changed('search', 'eigsh.h5', { basis_columns: 1e12 })}`,
    `search=${await changed('search', 'eigsh.h5', { k: 1e15 })}`,
    `record=${await bomb(at('bomb.h5'))}`,
    `record=${await long(at('long.h5'), block.subarray(0, 2048), 2 ** 40)}`,
    `block=${await long(at('block.h5'), block, 2 ** 40)}`,
    `certificate=${await folderWith('deep', 'certificate.json', '['.repeat(2 ** 23))}`,
    `launch=${await folderWith('list', 'launch.json', JSON.stringify({ engine: 'slurm', jobs: new Array(2 ** 20).fill(0) }))}`,
    `tests=${at('tests')}`,
  ];
  await mkdir(at('huge'));
  await long(at('huge/certificate.json'), Buffer.from('{'), 2 ** 40);
  await long(at('huge/launch.json'), Buffer.from('{'), 2 ** 40);
  hostile.push(`certificate=${at('huge')}`, `launch=${at('huge')}`);
}, 60_000);

test('each is refused within a second of computing, and none takes the memory that it names', async () => {
  const { NODE_OPTIONS: _, ...env } = process.env;
  const { stdout } = await promisify(execFile)(process.execPath, [CHILD, ...hostile], { env });
  const outcomes = stdout
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Outcome);
  expect(outcomes).toHaveLength(hostile.length);
  for (const [i, { code, message, seconds, peak }] of outcomes.entries()) {
    expect([hostile[i], message, code]).toEqual([hostile[i], expect.stringContaining('.'), 'STORE']);
    expect([hostile[i], seconds < SECONDS, peak < BYTES]).toEqual([hostile[i], true, true]);
  }
}, 60_000);
