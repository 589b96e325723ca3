/** Names of arrays: a path, and for files of several arrays what stands in them, as in `runs.npz:w` or `runs.h5:/A`. */
import { extname } from 'node:path';
import { UnsupportedError } from '../core/errors.ts';

/** Where an array is. */
export interface Location {
  path: string;
  /** `.npy`, in small letters. */
  extension: string;
  /** The array in the file. */
  name?: string;
}

/** @throws UnsupportedError for a file that is none of `extensions`. */
export function parseLocation(location: string, extensions: readonly string[]): Location {
  const [, path = location, name] = /^(.*\.(?:npz|h5|hdf5)):(.+)$/i.exec(location) ?? [];
  const extension = extname(path).toLowerCase();
  if (extensions.includes(extension)) return { path, extension, ...(name === undefined ? {} : { name }) };
  throw new UnsupportedError(
    `'${location}': files are known by their endings, ${extensions.join(', ')}; this one ends in '${extension}'`,
    { location },
  );
}
