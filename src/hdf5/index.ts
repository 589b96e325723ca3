/**
 * Tall blocks in HDF5 files: written whole or not at all, checked when read, plain files for h5py, h5dump and MATLAB.
 *
 * @example
 * import { BlockFile, writeBlockFile } from 'eigensketch/hdf5';
 *
 * const block = { rows: 3, cols: 2, data: Float64Array.of(1, 2, 3, 4, 5, 6) };
 * await writeBlockFile('columns.h5', block, { first_column: 0, seed: 1 });
 * const file = await BlockFile.open('columns.h5');
 * const { data } = await file.readRows(1, 2); // 3, 4, 5, 6
 * await file.close();
 *
 * @module eigensketch/hdf5
 */

export type { SweepContext } from '../multivector/sweep.ts';
export type { Description } from './attributes.ts';
export { BlockFile, verifyBlockFile } from './block-file.ts';
export { BlockWriter, type PanelSource, writeBlockFile } from './block-writer.ts';
export { leastMemory, type Tall } from './budget.ts';
export { type DiskSpace, type DiskSpaceOptions, diskSpace } from './disk-space.ts';
export { type BlockShape, FORMAT_VERSION } from './head.ts';
export type { Traffic } from './io.ts';
export type { Attributes } from './messages.ts';
export { type ColumnFile, saveColumns } from './save.ts';
export { isTemporary, removeTemporaries } from './temporary.ts';
