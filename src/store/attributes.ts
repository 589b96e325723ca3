/** Records as attributes of an HDF5 file: names with underscores, yes and no as 1 and 0. */
import { StoreError } from '../core/errors.ts';
import type { Fields } from '../core/parse.ts';
import type { Attributes } from '../hdf5/messages.ts';

/** What a field of a record is. */
export type Kind = 'number' | 'string' | 'boolean';

/** What each field of a record is. */
export type Kinds<T> = Record<keyof T, Kind>;

/** The attribute that holds a field: `test_matrix` for testMatrix. */
export const attributeName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function toAttributes<T extends object>(kinds: Kinds<T>, record: T): Attributes {
  return Object.fromEntries(
    (Object.entries(kinds) as [keyof T & string, Kind][]).map(([name, kind]) => {
      const value = record[name];
      return [attributeName(name), kind === 'boolean' ? Number(value) : (value as number | string)];
    }),
  );
}

/** @throws StoreError naming the file for a value that the field of that name does not take. */
export function checkFields(file: string, values: object, fields: Fields): void {
  for (const [name, field] of Object.entries(fields)) {
    try {
      field.parse(values[name as keyof typeof values], attributeName(name));
    } catch (cause) {
      throw new StoreError(`${file}: ${(cause as Error).message}`, { file, name }, { cause });
    }
  }
}

/** @throws StoreError naming the file when an attribute is missing or of the wrong kind. */
export function fromAttributes<T extends object>(kinds: Kinds<T>, file: string, attributes: Attributes): T {
  const read = ([name, kind]: [string, Kind]): [string, unknown] => {
    const value = attributes[attributeName(name)];
    if (typeof value !== (kind === 'string' ? 'string' : 'number')) {
      throw new StoreError(`${file}: attribute '${attributeName(name)}' is missing or no ${kind}`, { file, name });
    }
    return [name, kind === 'boolean' ? value !== 0 : value];
  };
  return Object.fromEntries(Object.entries<Kind>(kinds).map(read)) as T;
}
