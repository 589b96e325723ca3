/** Block files are plain HDF5: other programs read them. Where a program is not installed its test is skipped by name. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { writeBlockFile } from '../../src/hdf5/index.ts';
import { command } from '../support/command.ts';
import { afterAll, beforeAll, expect } from '../support/jest.ts';
import { randomBlock } from '../support/matrices.ts';
import { hasModule, needing, PYTHON, runs } from '../support/programs.ts';

let path: string;
const block = randomBlock(20, 3, 5, 'float32');
beforeAll(async () => {
  path = join(await mkdtemp(join(tmpdir(), 'eigensketch-readers-')), 'block.h5');
  await writeBlockFile(path, block, { first_column: 12, test_matrix: 'gaussian', shift: 0.1 });
});
afterAll(() => rm(join(path, '..'), { recursive: true, force: true }));

needing(hasModule('h5py'), 'python3-h5py')('h5py reads numbers and attributes', async () => {
  const script = `
import h5py, json, sys
with h5py.File(sys.argv[1]) as file:
    block = file['block']
    print(json.dumps([list(file), block.dtype.str, block[:].tolist(), int(block.attrs['first_column']),
                      block.attrs['test_matrix'].decode(), float(block.attrs['shift'])]))
`;
  const rows = Array.from({ length: 20 }, (_, i) => Array.from(block.data.subarray(3 * i, 3 * i + 3)));
  const { stdout } = await command(PYTHON, ['-c', script, path]);
  expect(JSON.parse(stdout)).toEqual([['block'], '<f4', rows, 12, 'gaussian', 0.1]);
});

needing(runs('h5dump', '--version'), 'hdf5-tools')('h5dump reads it', async () => {
  const { stdout } = await command('h5dump', ['-d', '/block', path]);
  expect(stdout).toContain('DATASPACE  SIMPLE { ( 20, 3 ) / ( 20, 3 ) }');
  expect(stdout).toContain('DATATYPE  H5T_IEEE_F32LE');
});
