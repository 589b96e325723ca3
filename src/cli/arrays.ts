/** Arrays of numbers that commands read from .npy and .npz files and write to .npy files. */
import type { Block } from '../core/block.ts';
import type { FloatArray } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { described, type Field } from '../core/parse.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { checkOutput, fileEndingIn, optionName } from './command.ts';

/** A .npy file that is written at the end. */
export const npyFile: Field<string | undefined> = fileEndingIn(['.npy']);

/** Where eigenpairs are written. */
export const PAIRS_FIELDS: Readonly<Record<'eigenvalues' | 'eigenvectors', Field<string | undefined>>> = {
  eigenvalues: described(npyFile, 'write eigenvalues to this .npy file'),
  eigenvectors: described(npyFile, 'write eigenvectors to this .npy file, one a column'),
};

type Given = Readonly<Record<string, unknown>>;

/** @throws StoreError unless the files that options of these names give can be written */
export async function checkArrays(given: Given, names: readonly string[]): Promise<void> {
  for (const name of names) await checkOutput(given[name] as string | undefined, optionName(name));
}

/** Writes those arrays whose names have a file among the options. */
export async function writeArrays(
  given: Given,
  arrays: Readonly<Record<string, FloatArray | Multivector>>,
): Promise<void> {
  const asked = Object.entries(arrays).filter(([name]) => typeof given[name] === 'string');
  if (asked.length === 0) return;
  const { writeArray } = await import('../files/write-array.ts');
  for (const [name, array] of asked) await writeArray(given[name] as string, array);
}

async function readFloats(path: string): Promise<{ shape: readonly number[]; data: FloatArray }> {
  const { readArray } = await import('../files/read-array.ts');
  const { toFloats } = await import('../files/elements.ts');
  const { shape, data } = await readArray(path);
  return { shape, data: toFloats(path, data) };
}

/** A vector: one axis, or a single row or column. @throws ShapeError for another array, and what `readArray` throws */
export async function readVector(path: string): Promise<FloatArray> {
  const { shape, data } = await readFloats(path);
  if (shape.filter((length) => length !== 1).length <= 1) return data;
  throw new ShapeError(`${path}: the array has the shape (${shape.join(', ')}), a vector is needed`, { shape });
}

/** Columns: two axes, or one vector. @throws ShapeError for another array, and what `readArray` throws */
export async function readColumns(path: string): Promise<Block> {
  const { shape, data } = await readFloats(path);
  const [rows, cols = 1] = shape;
  if (rows !== undefined && shape.length <= 2) return { rows, cols, data };
  throw new ShapeError(`${path}: the array has the shape (${shape.join(', ')}), a matrix is needed`, { shape });
}

/** The arrays of {@link PAIRS_FIELDS}. */
export const pairsOf = ({
  eigenvalues,
  eigenvectors,
}: {
  eigenvalues: Float64Array;
  eigenvectors: Multivector;
}): Record<'eigenvalues' | 'eigenvectors', FloatArray | Multivector> => ({ eigenvalues, eigenvectors });
