/** The options of `seigh`, and the door through which they come: parsed as a whole before anything else happens. */
import { type DType, unitRoundoff } from '../core/dtype.ts';
import { ArgumentError, UnsupportedError } from '../core/errors.ts';
import type { Memory } from '../core/memory.ts';
import {
  asRecord,
  between,
  CONTROL,
  choice,
  described,
  type Field,
  type Fields,
  integer,
  memory,
  optional,
  parseOptions,
  path,
  seed,
  show,
  withDefault,
} from '../core/parse.ts';
import type { Distribution } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import { KERNELS, type KernelsChoice } from '../linalg/kernels/choice.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkSquare } from '../linops/probes.ts';
import { TEST_MATRICES } from '../sketch/test-matrix.ts';
import { WHICH, type Which } from '../spectrum/eigenpairs.ts';
import type { FieldsOf, Known } from './method.ts';
import { METHOD_NAMES, METHODS, type Method, type MethodTable } from './methods.ts';

/** Options of every method. */
export interface SketchOptions extends Control {
  /**
   * Distribution of the test matrix: `'gaussian'` (default), `'rademacher'` (random signs) or `'sparseSign'` (signs and zeros; the first 16
   * columns, and all of an operator with less than 16 rows, are signs). None changes what certificates say.
   */
  testMatrix?: Distribution;
  /** Eigenpairs returned at most. Default: all that the method gives (nystrom: half the sketch). */
  rank?: number;
  /** Order of the result: `'LM'` largest magnitude (default), `'LA'` largest, `'SA'` smallest algebraic value first. */
  which?: Which;
  /**
   * Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB; for krylov a
   * tenth of dims: its accuracy depends on it.
   */
  blockSize?: number;
  /** 0..2^53-1; the same seed gives the same result. Default 0. */
  seed?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
  /**
   * A directory for everything of size n: made if it does not exist, continued if it does. What was measured there is not
   * measured again, so a run that was stopped or killed continues by the same call, to the same result; with `tol` the algebra
   * between the products is done again. Default: everything stays in memory.
   */
  store?: string;
  /**
   * With `store`: memory for tall blocks, in bytes or like `'2GB'`; k x k matrices come on top. Default 1 GiB. Another call
   * may continue a directory with other memory: only the order of sums depends on it.
   */
  memory?: Memory;
}

/** The options of one method alone. */
export type OwnOptions<M extends Method, R = ReturnType<MethodTable[M]['options']>> = {
  [K in keyof R]?: R[K] extends { parse(value: unknown, name: string): infer T } ? T : never;
};

/** The options of all methods but one. */
export type ForeignOptions<M extends Method> = { [N in Exclude<Method, M>]: (options: OwnOptions<N>) => void }[Exclude<
  Method,
  M
>] extends (options: infer All) => void
  ? All
  : never;

/** The method of a call and its own options. Where no method is named it is `hmt`, and options of others are refused. */
export type MethodOptions = {
  [M in Method]: OwnOptions<M> &
    (M extends 'hmt' ? { method?: M } & { [K in keyof ForeignOptions<M>]?: never } : { method: M });
}[Method];

/** Options of `seigh` by method, `'hmt'` where none is named. Each method takes its own options and those of every method. */
export type SeighOptions = SketchOptions & MethodOptions;

/** Options of the methods that know A v for their vectors: `krylov`, and `hmt` without `refine`. */
export type RitzOptions = SketchOptions &
  ((OwnOptions<'hmt'> & { method?: 'hmt'; refine?: false }) | (OwnOptions<'krylov'> & { method: 'krylov' }));

/** What to reach, and what to spend on it at most. */
export interface AccuracyOptions {
  /** Certified relative Frobenius error to reach, between 0 and 1. */
  tol: number;
  /** Probability that the certified error holds, however many certificates were made on the way. Default 0.99. */
  confidence?: number;
  /** Columns of the sketch at most. Default: n, but no more than 1000. */
  maxDims?: number;
  /**
   * Test products of each certificate. Default: 10; with `krylov` so many that basis and certificate together cost the fewest
   * products, at least 10.
   */
  tests?: number;
}

/** The methods that grow until an accuracy is certified, the default first. */
export const ADAPTIVE_METHODS = ['krylov', 'hmt'] as const;
type AdaptiveMethod = (typeof ADAPTIVE_METHODS)[number];

/**
 * The method of a search for an accuracy where the caller names none: `krylov`, which needs far fewer products, but whose residual
 * norms carry some hundred roundings; below the root of the unit roundoff `hmt`, which measures them.
 */
function adaptiveMethodFor(tol: number, dtype: DType | undefined): AdaptiveMethod {
  return dtype === undefined || tol >= Math.sqrt(unitRoundoff(dtype)) ? 'krylov' : 'hmt';
}

/**
 * Options of a search for an accuracy: what to reach, how products are made, and the method: `'krylov'`, a block Krylov basis
 * (default), or `'hmt'`, a sketch (default for a `tol` below the root of the unit roundoff: 1e-8, in float32 2.4e-4).
 */
export type AdaptiveOptions = AccuracyOptions &
  Pick<SketchOptions, keyof Omit<SketchOptions, 'rank'>> & {
    method?: 'krylov' | 'hmt';
  };

/** The parsed options that both kinds of call share. */
interface SharedSettings {
  testMatrix: Distribution;
  which: Which;
  blockSize: number | undefined;
  seed: number;
  kernels: KernelsChoice | undefined;
  store: string | undefined;
  memory: number | undefined;
  onProgress: Control['onProgress'];
  signal: Control['signal'];
}

/** The parsed options of every method. */
export interface SketchSettings extends SharedSettings {
  rank: number | undefined;
}

/** The parsed options of a search for an accuracy. */
export interface AdaptiveSettings extends SharedSettings {
  method: AdaptiveMethod;
  tol: number;
  confidence: number;
  maxDims: number;
  tests: number | undefined;
}

const forSize = (n: number | undefined): string => (n === undefined ? '' : ` for n = ${n}`);

/** Columns of the sketch. */
export const dimsField = ({ n }: Known): Field<number> => described(integer(1, n, forSize(n)), 'columns of the sketch');

const sharedFields = (): FieldsOf<SharedSettings> => ({
  testMatrix: described(
    withDefault(choice<Distribution>(TEST_MATRICES), 'gaussian'),
    'distribution of the test matrix',
  ),
  which: described(
    withDefault(choice<Which>(WHICH), 'LM'),
    'order: largest magnitude, largest or smallest algebraic value first',
  ),
  blockSize: described(optional(integer(1)), "columns of one product (default: the operator's preference)"),
  seed: described(withDefault(seed, 0), 'seed of the random numbers'),
  kernels: described(KERNELS, 'dense kernel provider'),
  store: described(optional(path), 'directory for everything of size n'),
  memory: described(optional(memory), 'memory for tall blocks, such as 512MB or 2GiB (default 1GiB)'),
  ...(CONTROL as Pick<FieldsOf<SharedSettings>, 'onProgress' | 'signal'>),
});

/** The fields of every method's options. */
export function sketchFields({ n }: Known): FieldsOf<SketchSettings> {
  return {
    ...sharedFields(),
    rank: described(optional(integer(1, n, forSize(n))), 'eigenpairs to keep (default: all)'),
  };
}

/** Columns that a search for an accuracy may reach where the caller sets no limit. */
const USUAL_MAX_DIMS = 1000;

/** The fields of a search for an accuracy. */
export function adaptiveFields({ n }: Known): FieldsOf<Omit<AdaptiveSettings, 'method'>> & {
  method: Field<AdaptiveMethod | undefined>;
} {
  return {
    method: optional(choice<AdaptiveMethod>(ADAPTIVE_METHODS)),
    tol: described(between(0, 1), 'grow the sketch until the certified relative error is at most this'),
    confidence: described(withDefault(between(0, 1), 0.99), 'probability that the certified error holds'),
    maxDims: described(
      withDefault(integer(1, n, forSize(n)), Math.min(n ?? USUAL_MAX_DIMS, USUAL_MAX_DIMS)),
      'columns of the sketch at most',
    ),
    tests: described(optional(integer(1)), 'test products of each certificate (default: as many as pay, 10 by hmt)'),
    ...sharedFields(),
  };
}

/** The name of a method, `hmt` where none is given. */
export const methodField: Field<Method> = described(withDefault(choice<Method>(METHOD_NAMES), 'hmt'), 'method');

/** The fields of a method's own options. */
export const fieldsOfMethod = (method: Method, known: Known): Fields => METHODS[method].options(known) as Fields;

/** The fields of all methods' own options, with the methods that they belong to. */
export function ownFields(known: Known, methods: readonly Method[] = METHOD_NAMES): Fields {
  const all: Record<string, Field<unknown>> = {};
  for (const method of methods) {
    for (const [name, field] of Object.entries(fieldsOfMethod(method, known))) {
      all[name] = { ...field, help: `${field.help} (${method})` };
    }
  }
  return all;
}

/** The options of other methods than `method`, each with the one it belongs to. */
function foreignOptions(method: Method): Map<string, Method> {
  const own = Object.keys(METHODS[method].options({}));
  const others = METHOD_NAMES.flatMap((owner) =>
    Object.keys(METHODS[owner].options({})).map((name) => [name, owner] as const),
  );
  return new Map(others.filter(([name]) => !own.includes(name)));
}

type Given = Readonly<Record<string, unknown>>;

/** @throws ArgumentError for an option that another method has. */
export function refuseForeign(given: Given, method: Method): void {
  for (const [name, owner] of foreignOptions(method)) {
    if (given[name] === undefined) continue;
    throw new ArgumentError(`${name} belongs to method '${owner}', got method '${method}'`, { [name]: given[name] });
  }
}

/** The parsed options of a sketch with a given number of columns. */
export interface SketchChoices {
  method: Method;
  /** Of every method. */
  settings: SketchSettings;
  /** Of the method alone, by name. */
  own: object;
}

/**
 * The options of a sketch by one method.
 * @param known what is known of the operator and the sketch; what is not known is not checked
 * @throws ArgumentError for unknown names, options of another method and values out of range; UnsupportedError for what
 * cannot be combined with `store`.
 */
export function parseSketchOptions(options: unknown, known: Known, op?: LinearOperator): SketchChoices {
  const given = asRecord(options);
  const method = methodField.parse(given.method, 'method');
  refuseForeign(given, method);
  const needsTol = ['confidence', 'maxDims', 'tests'].find((name) => given[name] !== undefined);
  if (needsTol !== undefined) throw new ArgumentError(`${needsTol} belongs to tol, which is not given`, {});
  const descriptor = METHODS[method];
  const own = fieldsOfMethod(method, known);
  const fields = sketchFields(known);
  const parsed = parseOptions(given, { method: methodField, ...fields, ...own });
  const pick = (names: Fields): object =>
    Object.fromEntries(Object.keys(names).map((name) => [name, parsed[name as keyof typeof parsed]]));
  const settings = pick(fields as unknown as Fields) as SketchSettings;
  const chosen = pick(own) as Given;
  refuseMemoryAlone(settings, given);
  if (settings.store !== undefined) {
    const inMemory = descriptor.inMemoryOnly?.find((name) => chosen[name] === true);
    if (!descriptor.stages) throw new UnsupportedError(`method '${method}' cannot be combined with store`, { method });
    if (inMemory) throw new UnsupportedError(`${inMemory} cannot be combined with store`, {});
  }
  descriptor.check?.(chosen, op);
  return { method, settings, own: chosen };
}

/** @throws ArgumentError for `memory` without a directory: what is in memory takes what it needs. */
function refuseMemoryAlone({ memory, store }: SharedSettings, given: Given): void {
  if (memory === undefined || store !== undefined) return;
  throw new ArgumentError(`memory belongs to store, which is not given; got memory ${show(given.memory)}`, {});
}

/** @throws ArgumentError for options of a sketch that a search cannot honour: it certifies plain Ritz pairs of full rank. */
function refuseWithTol(given: Given, adaptive: Fields): void {
  const others = { ...ownFields({}), ...sketchFields({}), method: methodField };
  for (const name of Object.keys(others)) {
    const isOffered = name === 'method' ? ADAPTIVE_METHODS.some((method) => method === given.method) : name in adaptive;
    const isFine = given[name] === undefined || isOffered;
    if (isFine) continue;
    throw new ArgumentError(`${name} cannot be combined with tol, got ${show(given[name])}`, { [name]: given[name] });
  }
}

/** The options of a search for an accuracy. @throws ArgumentError as {@link parseSketchOptions}. */
export function parseAdaptiveOptions(options: unknown, known: Known): AdaptiveSettings {
  const given = asRecord(options);
  const fields = adaptiveFields(known) as unknown as Fields;
  refuseWithTol(given, fields);
  const parsed = parseOptions(given, fields) as unknown as AdaptiveSettings;
  refuseMemoryAlone(parsed, given);
  return { ...parsed, method: given.method === undefined ? adaptiveMethodFor(parsed.tol, known.dtype) : parsed.method };
}

/** A parsed call for a sketch of `dims` columns. */
export interface SketchCall extends SketchChoices {
  kind: 'sketch';
  op: LinearOperator;
  n: number;
  dims: number;
}

/** A parsed call for an accuracy. */
export interface AdaptiveCall {
  kind: 'adaptive';
  op: LinearOperator;
  n: number;
  /** Columns of the first sketch, where the caller says it. */
  dims: number | undefined;
  settings: AdaptiveSettings;
}

/** The parsed call for a sketch. @throws as {@link parseSketchOptions}, ShapeError for a rectangular operator. */
export function parseSketchCall(op: LinearOperator, columns: unknown, options?: unknown): SketchCall {
  const n = checkSquare(op);
  const dims = dimsField({ n }).parse(columns, 'dims');
  return { kind: 'sketch', op, n, dims, ...parseSketchOptions(options, { n, dims, psd: op.psd }, op) };
}

/**
 * The arguments of `seigh(op, dims, options)` or `seigh(op, options)`.
 * @throws ArgumentError for anything out of range, unknown or in contradiction, ShapeError for a rectangular operator.
 */
export function parseCall(op: LinearOperator, dimsOrOptions: unknown, options: unknown): SketchCall | AdaptiveCall {
  const n = checkSquare(op);
  const isOptions = typeof dimsOrOptions === 'object' && dimsOrOptions !== null;
  if (isOptions && options !== undefined) throw new ArgumentError('options were given twice, in place of dims too');
  const given = asRecord(isOptions ? dimsOrOptions : options);
  if (!isOptions && given.tol === undefined) return parseSketchCall(op, dimsOrOptions, options);
  const dims = isOptions ? undefined : dimsField({ n }).parse(dimsOrOptions, 'dims');
  return { kind: 'adaptive', op, n, dims, settings: parseAdaptiveOptions(given, { n, dtype: op.dtype }) };
}
