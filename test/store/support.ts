/** Sketch directories of tests, and what is compared of them. */
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { BlockFile } from '../../src/hdf5/index.ts';
import { readRecordFile } from '../../src/hdf5/record-file.ts';
import { diagonalOperator, type LinearOperator } from '../../src/index.ts';
import { afterAll, beforeAll } from '../support/jest.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';

/** diag(1, -1/2^1.5, 1/3^1.5, ...): of both signs, and no two eigenvalues alike in magnitude. */
export function alternating(n: number): LinearOperator {
  return diagonalOperator(Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / (i + 1) ** 1.5));
}

/** A folder of the tests of one file, gone afterwards; returns paths in it. */
export function temporaryFolder(): (name: string) => string {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(QUICK_DISK, 'eigensketch-run-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));
  return (name) => join(folder, name);
}

/** An operator that counts its products and can be told to fail or abort at one. */
export function counting(
  op: LinearOperator,
  at: (products: number) => void = () => {},
): { counter: { blocks: number; columns: number }; op: LinearOperator } {
  const counter = { blocks: 0, columns: 0 };
  const matmat: LinearOperator['matmat'] = (X) => {
    counter.blocks++;
    counter.columns += X.cols;
    at(counter.blocks);
    return op.matmat(X);
  };
  return { counter, op: { ...op, matmat } as LinearOperator };
}

/** Every number of a directory, file by file: the data of blocks, arrays of results, the certificate's statements. */
export async function numbersOf(directory: string): Promise<Record<string, string>> {
  const numbers: Record<string, string> = {};
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    const path = join(entry.parentPath, entry.name);
    const name = path.slice(directory.length + 1);
    if (/\d{6}\.h5$/.test(name) || name === 'probe.h5') {
      const file = await BlockFile.open(path);
      const { data } = await file.readRows(0, file.rows);
      numbers[name] = Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
      await file.close();
    } else if (name === 'result/stage.h5') {
      const { arrays, attributes } = await readRecordFile(path, ['eigenvalues']);
      const { method, refine } = (await readRecordFile(join(directory, 'sketch.h5'))).attributes;
      const known = method === 'hmt' && refine === 0 ? await readRecordFile(path, ['residual_norms']) : undefined;
      const norms = known?.arrays.residual_norms?.data ?? [];
      numbers[name] = [...arrays.eigenvalues!.data, ...norms, attributes.dropped].join();
    } else if (name === 'certificate.json') {
      const { seconds: _, ...certificate } = JSON.parse(await readFile(path, 'utf8'));
      numbers[name] = JSON.stringify(certificate);
    }
  }
  return numbers;
}
