/** `#store` in pages, which have no directories. */
import { UnsupportedError } from '../../core/errors.ts';
import type * as drivers from './in-node.ts';

function refuse(): never {
  throw new UnsupportedError(
    'store keeps a run in a directory of HDF5 files, and a page has none: leave it out, or run this in Node',
    { option: 'store' },
  );
}

export const storedSeigh: typeof drivers.storedSeigh = refuse;
export const storedAccuracy: typeof drivers.storedAccuracy = refuse;
export const storedEigsh: typeof drivers.storedEigsh = refuse;
