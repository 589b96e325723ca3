/** Arguments of the public functions of this room, as fields. */
import { dtype, type Field, integer, parseOptions, refuse } from '../core/parse.ts';
import type { BlockShape } from './head.ts';
import { noTraffic, type Traffic } from './io.ts';
import type { Attributes } from './messages.ts';

/** Rows, columns and element type; fields beside them are left to others. */
export const shapeField: Field<BlockShape> = {
  kind: 'value',
  parse(value, name) {
    if (value === null || typeof value !== 'object') return refuse(name, '{ rows, cols, dtype }', value);
    const { rows, cols, dtype: type } = value as Readonly<Record<string, unknown>>;
    return parseOptions({ rows, cols, dtype: type }, { rows: integer(0), cols: integer(0), dtype });
  },
};

/** Numbers and texts by name. */
export const attributesField: Field<Attributes> = {
  kind: 'value',
  parse(value, name) {
    const isRecord = value !== null && typeof value === 'object' && !Array.isArray(value);
    if (!isRecord || !Object.values(value).every((each) => typeof each === 'number' || typeof each === 'string')) {
      return refuse(name, 'a record of numbers and strings', value);
    }
    return value as Attributes;
  },
};

/** Counters of what goes through files: those of the caller, else fresh ones. */
export const trafficField: Field<Traffic> = {
  kind: 'value',
  parse(value = noTraffic(), name) {
    const traffic = value as Partial<Traffic> | null;
    return typeof traffic?.bytesRead === 'number' && typeof traffic.bytesWritten === 'number'
      ? (traffic as Traffic)
      : refuse(name, '{ bytesRead, bytesWritten }', value);
  },
};
