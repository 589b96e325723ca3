/**
 * Matrices and arrays in files: from NumPy, SciPy, Matrix Market, spreadsheets and HDF5, and back to NumPy.
 *
 * @example
 * import { eigsh } from 'eigensketch';
 * import { readOperator, writeArray } from 'eigensketch/files';
 *
 * const A = await readOperator('graph.mtx');
 * const { eigenvalues, eigenvectors } = await eigsh(A, 10);
 * await writeArray('V.npy', eigenvectors); // numpy.load('V.npy')
 *
 * @module eigensketch/files
 */
export type { ElementName, TypedArray } from './elements.ts';
export type { FileArray } from './npy.ts';
export { readArray } from './read-array.ts';
export { type ReadOperatorOptions, readOperator } from './read-operator.ts';
export { type ArrayLikeObject, type WriteArrayOptions, writeArray } from './write-array.ts';
