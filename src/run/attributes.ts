/** Plans as attributes of an HDF5 file: names with underscores, yes and no as 1 and 0. */
import { StoreError } from '../core/errors.ts';
import type { Attributes } from '../hdf5/messages.ts';
import type { StoredPlan } from './plan.ts';

type Kind = 'number' | 'string' | 'boolean';

const KINDS: Record<keyof StoredPlan, Kind> = {
  n: 'number',
  dims: 'number',
  method: 'string',
  testMatrix: 'string',
  seed: 'number',
  blockSize: 'number',
  dtype: 'string',
  rank: 'number',
  which: 'string',
  refine: 'boolean',
  psd: 'boolean',
  powerIterations: 'number',
  innerDims: 'number',
  memory: 'number',
};

const FIELDS = Object.entries(KINDS) as [keyof StoredPlan, Kind][];
const attributeName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);

export function planAttributes(plan: StoredPlan): Attributes {
  return Object.fromEntries(
    FIELDS.map(([name, kind]) => {
      const value = plan[name];
      return [attributeName(name), kind === 'boolean' ? Number(value) : (value as number | string)];
    }),
  );
}

/** @throws StoreError naming the file when an attribute is missing or of the wrong kind. */
export function planFromAttributes(file: string, attributes: Attributes): StoredPlan {
  const read = ([name, kind]: [keyof StoredPlan, Kind]): [string, unknown] => {
    const value = attributes[attributeName(name)];
    if (typeof value !== (kind === 'string' ? 'string' : 'number')) {
      throw new StoreError(`${file}: attribute '${attributeName(name)}' is missing or no ${kind}`, { file, name });
    }
    return [name, kind === 'boolean' ? value !== 0 : value];
  };
  return Object.fromEntries(FIELDS.map(read)) as unknown as StoredPlan;
}
