/**
 * Arguments as callers give them, turned into what the code works with. Each public function describes its options by a
 * record of fields; the command line reads the same records, so both know the same names, ranges and defaults.
 * Messages do not name the function: {@link atDoor} puts its name before them.
 */

import { host } from '#host';
import { type Block, checkBlock } from './block.ts';
import { type DType, type FloatArray, isFloatArray } from './dtype.ts';
import { editDistance } from './edit-distance.ts';
import { ArgumentError, NumericalError } from './errors.ts';
import { bytesOf } from './memory.ts';
import type { Control, Progress } from './schedule.ts';

/** How a value is written on a command line: `flag` takes none, `list` may be repeated, `value` belongs to code only. */
export type FieldKind = 'integer' | 'number' | 'choice' | 'flag' | 'text' | 'memory' | 'list' | 'value';

/** One argument: its kind, what it may be, and the check that says so. */
export interface Field<T> {
  readonly kind: FieldKind;
  /** The names that a choice may take. */
  readonly choices?: readonly string[];
  /** What the option does, in a few words, for the help of the command line. */
  readonly help?: string;
  /** What is taken where nothing is given. */
  readonly fallback?: unknown;
  /** @throws ArgumentError that names the argument, its range and what was given. */
  parse(value: unknown, name: string): T;
}

/** A record of fields by option name. */
export type Fields = Readonly<Record<string, Field<unknown>>>;

/** What parsing a record of fields gives. */
export type Parsed<F extends Fields> = { -readonly [K in keyof F]: F[K] extends Field<infer T> ? T : never };

const MOST = Number.MAX_SAFE_INTEGER;

/** A value as messages show it: short, and never failing itself. */
export function show(value: unknown): string {
  if (typeof value === 'string') return `'${value.length > 60 ? `${value.slice(0, 57)}...` : value}'`;
  if (value === null || value === undefined) return String(value);
  if (typeof value === 'function') return 'a function';
  if (Array.isArray(value)) return `an array of ${value.length}`;
  if (ArrayBuffer.isView(value))
    return `${/^[AEIO]/.test(value.constructor.name) ? 'an' : 'a'} ${value.constructor.name}`;
  return typeof value === 'object' ? 'an object' : String(value);
}

/** @throws ArgumentError `NAME must be REQUIREMENT, got VALUE`. */
export function refuse(name: string, requirement: string, value: unknown): never {
  throw new ArgumentError(`${name} must be ${requirement}, got ${show(value)}`, { [name]: value });
}

/** An integer in `lower..upper`; `context` (" for n = 83") ends the message. */
export function integer(lower: number = 1, upper: number = MOST, context: string = ''): Field<number> {
  const range = upper === MOST ? `at least ${lower}` : `in ${lower}..${upper}`;
  return {
    kind: 'integer',
    parse(value, name) {
      if (Number.isSafeInteger(value) && (value as number) >= lower && (value as number) <= upper)
        return value as number;
      throw new ArgumentError(`${name} must be an integer ${range}, got ${show(value)}${context}`, {
        [name]: value,
        lower,
        upper,
      });
    },
  };
}

/** A seed: any integer from 0 to 2^53 - 1. */
export const seed: Field<number> = integer(0);

/** A number strictly between `lower` and `upper`. */
export function between(lower: number, upper: number): Field<number> {
  return {
    kind: 'number',
    parse: (value, name) =>
      typeof value === 'number' && value > lower && value < upper
        ? value
        : refuse(name, `a number between ${lower} and ${upper}`, value),
  };
}

/** A finite number above zero. */
export const positive: Field<number> = {
  kind: 'number',
  parse: (value, name) =>
    typeof value === 'number' && value > 0 && value < Number.POSITIVE_INFINITY
      ? value
      : refuse(name, 'a positive number', value),
};

/** Any finite number. */
export const finite: Field<number> = {
  kind: 'number',
  parse: (value, name) => (Number.isFinite(value) ? (value as number) : refuse(name, 'a finite number', value)),
};

/** One of a few names. */
export function choice<T extends string>(choices: readonly T[]): Field<T> {
  return {
    kind: 'choice',
    choices,
    parse(value, name) {
      if ((choices as readonly unknown[]).includes(value)) return value as T;
      const near = typeof value === 'string' ? nearest(value, choices) : undefined;
      const hint = near === undefined ? '' : `; did you mean '${near}'?`;
      throw new ArgumentError(
        `${name} must be one of ${choices.map((each) => `'${each}'`).join(', ')}, got ${show(value)}${hint}`,
        { [name]: value },
      );
    },
  };
}

export const dtype: Field<DType> = choice<DType>(['float32', 'float64']);

/** True or false. */
export const flag: Field<boolean> = {
  kind: 'flag',
  parse: (value, name) => (typeof value === 'boolean' ? value : refuse(name, 'true or false', value)),
};

/** Text that is not empty: a path, a name. */
export const text: Field<string> = {
  kind: 'text',
  parse: (value, name) =>
    typeof value === 'string' && value !== '' ? value : refuse(name, 'a non-empty string', value),
};

/** Text that may be empty: a title. */
export const anyText: Field<string> = {
  kind: 'text',
  parse: (value, name) => (typeof value === 'string' ? value : refuse(name, 'a string', value)),
};

/** A path, made absolute at once: the working directory may change before it is used. */
export const path: Field<string> = {
  ...text,
  parse: (value, name) =>
    typeof value === 'string' && value.includes('\0')
      ? refuse(name, 'a path, in which no character is 0', value.replaceAll('\0', '\\0'))
      : host.absolutePath(text.parse(value, name)),
};

/** An amount of memory, in bytes. */
export const memory: Field<number> = {
  kind: 'memory',
  parse: (value, name) => bytesOf(value) ?? refuse(name, "a number of bytes or like '300MB' or '2GiB'", value),
};

/** An array whose entries have one field: `series[0]: ...`. */
export function listOf<T>(entry: Field<T>): Field<T[]> {
  return {
    kind: 'value',
    parse: (value, name) =>
      Array.isArray(value)
        ? value.map((each: unknown, i) => entry.parse(each, `${name}[${i}]`))
        : refuse(name, 'an array', value),
  };
}

/** A list of numbers: a typed array as it is, other arrays as float64. */
export const numbers: Field<FloatArray> = {
  kind: 'value',
  parse(value, name) {
    if (isFloatArray(value)) return value;
    if (Array.isArray(value) && value.every((each) => typeof each === 'number')) return Float64Array.from(value);
    return refuse(name, 'a Float32Array, a Float64Array or an array of numbers', value);
  },
};

/** A copy of a list of finite numbers, in float64. Its entries are checked, not its length. */
export const finiteNumbers: Field<Float64Array> = {
  kind: 'value',
  parse(value, name) {
    const copy = Float64Array.from(numbers.parse(value, name));
    const at = copy.findIndex((entry) => !Number.isFinite(entry));
    if (at >= 0) throw new NumericalError(`entry ${at} of ${name} is ${copy[at]}`, { entry: at });
    return copy;
  },
};

/** A block of any shape that its data fit. */
export const block: Field<Block> = {
  kind: 'value',
  parse: (value, name) => checkBlock(name, value, (value as Block | null)?.rows, (value as Block | null)?.cols),
};

/** A function. */
export function callback<T extends (...args: never[]) => unknown>(): Field<T> {
  return {
    kind: 'value',
    parse: (value, name) => (typeof value === 'function' ? (value as T) : refuse(name, 'a function', value)),
  };
}

const signal: Field<AbortSignal> = {
  kind: 'value',
  parse: (value, name) =>
    typeof (value as AbortSignal | null)?.throwIfAborted === 'function'
      ? (value as AbortSignal)
      : refuse(name, 'an AbortSignal', value),
};

/** The field, or undefined where the caller gives nothing. */
export function optional<T>(field: Field<T>): Field<T | undefined> {
  return { ...field, parse: (value, name) => (value === undefined ? undefined : field.parse(value, name)) };
}

/** The field with the words that say what it does. */
export function described<T>(field: Field<T>, help: string): Field<T> {
  return { ...field, help };
}

/** The field, or `fallback` where the caller gives nothing. */
export function withDefault<T>(field: Field<T>, fallback: T): Field<T> {
  return { ...field, fallback, parse: (value, name) => (value === undefined ? fallback : field.parse(value, name)) };
}

/** What every long function takes beside its own options: {@link Control}. */
export const CONTROL: {
  onProgress: Field<((progress: Progress) => unknown) | undefined>;
  signal: Field<Control['signal']>;
} = {
  onProgress: optional(callback<(progress: Progress) => unknown>()),
  signal: optional(signal),
};

/** Letters by which two names differ; a name that is the end of the other, as `products` of `maxProducts`, is next to it. */
function apartness(name: string, known: string): number {
  return name.length > 3 && known.endsWith(name) ? 1 : editDistance(name, known);
}

/** The known name that a misspelt one most likely means, if any is near. */
export function nearest(name: string, known: readonly string[]): string | undefined {
  const near = known
    .map((each) => ({ each, apart: apartness(name.toLowerCase(), each.toLowerCase()) }))
    .filter(({ apart }) => apart <= Math.max(1, Math.floor(name.length / 3)))
    .sort((a, b) => a.apart - b.apart);
  return near[0]?.each;
}

/** @throws ArgumentError unless `value` is an object with named fields; undefined counts as an empty one. */
export function asRecord(value: unknown, name: string = 'options'): Readonly<Record<string, unknown>> {
  if (value === undefined) return {};
  if (value !== null && typeof value === 'object' && !Array.isArray(value) && !ArrayBuffer.isView(value)) {
    return value as Readonly<Record<string, unknown>>;
  }
  return refuse(name, 'an object', value);
}

/** @throws ArgumentError for the first name in `given` that is not in `known`, with the nearest known one. */
export function refuseUnknown(given: Readonly<Record<string, unknown>>, known: readonly string[]): void {
  const unknown = Object.keys(given).find((name) => given[name] !== undefined && !known.includes(name));
  if (unknown === undefined) return;
  const near = nearest(unknown, known);
  const hint = near === undefined ? `known are ${known.join(', ')}` : `did you mean '${near}'?`;
  throw new ArgumentError(`unknown option '${unknown}'; ${hint}`, { option: unknown });
}

/**
 * The options of a public function: every field parsed, unknown names refused.
 * @throws ArgumentError for what is no record, an unknown name (with the nearest known one) or a value out of its range.
 */
export function parseOptions<F extends Fields>(given: unknown, fields: F): Parsed<F> {
  const record = asRecord(given);
  refuseUnknown(record, Object.keys(fields));
  return Object.fromEntries(
    Object.entries(fields).map(([name, field]) => [name, field.parse(record[name], name)]),
  ) as Parsed<F>;
}
