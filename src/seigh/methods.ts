/** The methods of `seigh`: one row each. */
import { hmtMethod } from './hmt.ts';
import { krylovMethod } from './krylov.ts';
import type { MethodDescriptor } from './method.ts';
import { nystromMethod } from './nystrom.ts';
import { oversampledMethod } from './oversampled.ts';

const table = {
  hmt: hmtMethod as typeof hmtMethod,
  nystrom: nystromMethod as typeof nystromMethod,
  oversampled: oversampledMethod as typeof oversampledMethod,
  krylov: krylovMethod as typeof krylovMethod,
};

/** The descriptors by name, each with its own type. */
export type MethodTable = typeof table;

/** The name of a method. */
export type Method = keyof MethodTable;

/** The descriptor of each method. */
export const METHODS: Readonly<Record<Method, MethodDescriptor<Method>>> = table;

/** Their names, the default first. */
export const METHOD_NAMES: readonly Method[] = Object.keys(table) as Method[];

/** Those that can work in a directory. */
export const STORED_METHODS: readonly Method[] = METHOD_NAMES.filter((name) => METHODS[name].stages !== undefined);
