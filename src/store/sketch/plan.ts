/** What a stored sketch is: every choice that its numbers depend on. It is written once and never changes. */
import type { DType } from '../../core/dtype.ts';
import { ArgumentError, StoreError } from '../../core/errors.ts';
import { choice, dtype, type Field, type Fields, integer } from '../../core/parse.ts';
import type { Distribution } from '../../core/random.ts';
import { type Budget, budgetWithin, type Tall } from '../../hdf5/budget.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import type { Sketch, StoredColumns } from '../../seigh/method.ts';
import { METHODS, type Method, STORED_METHODS } from '../../seigh/methods.ts';
import { fieldsOfMethod, type SketchCall, sketchFields } from '../../seigh/options.ts';
import type { Which } from '../../spectrum/eigenpairs.ts';
import { attributeName, checkFields, fromAttributes, type Kind, type Kinds, toAttributes } from '../attributes.ts';
import { USUAL_MEMORY } from '../directory.ts';

/** The choices that every method has. */
interface SharedPlan {
  /** Rows and columns of the operator. */
  n: number;
  /** Columns of the sketch. */
  dims: number;
  method: Method;
  testMatrix: Distribution;
  seed: number;
  /** Columns of one product and of one file. */
  blockSize: number;
  /** Element type of the tall data. */
  dtype: DType;
  /** Eigenpairs kept at most; 0 for all that the method gives. */
  rank: number;
  which: Which;
  /** Bytes of tall data in memory at a time when the directory was made: another process may take others. */
  memory: number;
}

/** The choices behind a sketch directory, kept as attributes of its `sketch.h5`. */
export interface StoredPlan extends SharedPlan {
  /** Options of the method alone, by name. */
  own: Readonly<Record<string, unknown>>;
}

const KINDS: Kinds<SharedPlan> = {
  n: 'number',
  dims: 'number',
  method: 'string',
  testMatrix: 'string',
  seed: 'number',
  blockSize: 'number',
  dtype: 'string',
  rank: 'number',
  which: 'string',
  memory: 'number',
};

/** Options of the method that a directory holds. */
function storedFields(method: Method): [string, Field<unknown>][] {
  const { inMemoryOnly = [] } = METHODS[method];
  return Object.entries(fieldsOfMethod(method, {})).filter(([name]) => !inMemoryOnly.includes(name));
}

const kindOf = ({ kind }: Field<unknown>): Kind => {
  if (kind === 'flag') return 'boolean';
  return kind === 'choice' || kind === 'text' ? 'string' : 'number';
};

const ownKinds = (fields: [string, Field<unknown>][]): Record<string, Kind> =>
  Object.fromEntries(fields.map(([name, field]) => [name, kindOf(field)]));

export function planAttributes({ own, ...shared }: StoredPlan): Attributes {
  return { ...toAttributes(KINDS, shared), ...toAttributes(ownKinds(storedFields(shared.method)), own) };
}

/** @throws StoreError naming the file when an attribute is missing or of the wrong kind. */
export function planFrom(file: string, attributes: Attributes): StoredPlan {
  const shared = fromAttributes(KINDS, file, attributes);
  const { n, dims, method } = shared;
  checkFields(file, shared, { n: integer(), method: choice(STORED_METHODS) });
  const choices = sketchFields({ n }) as unknown as Fields;
  checkFields(file, shared, {
    ...{ dims: integer(1, n), blockSize: integer(), dtype, rank: integer(0, n), memory: integer() },
    ...Object.fromEntries(['testMatrix', 'seed', 'which'].map((name) => [name, choices[name]!])),
  });
  const fields = storedFields(shared.method);
  // an option that came later has its default in directories from before
  const there = fields.filter(([name]) => attributeName(name) in attributes);
  const defaults = Object.fromEntries(fields.map(([name, field]) => [name, field.parse(undefined, name)]));
  const own = { ...defaults, ...fromAttributes(ownKinds(there), file, attributes) };
  checkFields(file, own, fieldsOfMethod(method, { n, dims }));
  const plan = { ...shared, own };
  try {
    refuseTooMany(plan);
    budgetWithin(plan.memory, tallOf(plan));
  } catch (cause) {
    throw new StoreError(`${file}: ${(cause as Error).message}`, { file }, { cause });
  }
  return plan;
}

/** Files have numbers of six digits, and stages are listed by name. */
const MOST_BLOCKS = 999_999;
const MOST_PASSES = 10_000;

/** @throws ArgumentError for a plan with more files or passes than a directory can have. */
function refuseTooMany({ method, dims, blockSize, own }: Pick<StoredPlan, 'method' | 'dims' | 'blockSize' | 'own'>) {
  const { products } = METHODS[method].cost(dims, own as never);
  if (products / dims > MOST_PASSES) {
    throw new ArgumentError(`a directory holds ${MOST_PASSES} passes at most, this takes ${products / dims}`, {});
  }
  if (storedColumns({ method, dims, own }).widest / blockSize <= MOST_BLOCKS) return;
  throw new ArgumentError(`blockSize must be larger: a stage has ${MOST_BLOCKS} files at most, got ${blockSize}`, {
    blockSize,
  });
}

/** All choices side by side, as they are compared and printed. */
export const flatPlan = ({ own, ...shared }: StoredPlan): Record<string, unknown> => ({ ...shared, ...own });

/** Columns of tall blocks on the way to a result. */
export function storedColumns({ method, dims, own }: Pick<StoredPlan, 'method' | 'dims' | 'own'>): StoredColumns {
  return METHODS[method].storedColumns!(dims, own);
}

/** The widest multivector of a plan. */
export function tallOf(plan: Pick<StoredPlan, 'method' | 'dims' | 'own' | 'n' | 'dtype'>): Tall {
  return { rows: plan.n, cols: storedColumns(plan).widest, dtype: plan.dtype };
}

/** What fits into the memory of a call. @throws ArgumentError when that is too small for one column or one panel. */
export function budgetOf({ op, n, dims, method, settings, own }: SketchCall): Budget {
  const plan = { n, dims, method, dtype: op.dtype, own: own as StoredPlan['own'] };
  return budgetWithin(settings.memory ?? USUAL_MEMORY, tallOf(plan));
}

/** The plan of a call that is measured `blockSize` columns at a time. */
export function planOf({ op, n, dims, method, settings, own }: SketchCall, blockSize: number): StoredPlan {
  const { testMatrix, seed, rank = 0, which, memory = USUAL_MEMORY } = settings;
  const stored = Object.fromEntries(storedFields(method).map(([name]) => [name, own[name as keyof typeof own]]));
  refuseTooMany({ method, dims, blockSize, own: stored });
  return { n, dims, method, testMatrix, seed, blockSize, dtype: op.dtype, rank, which, memory, own: stored };
}

/** The sketch that a plan describes, with the options of its method. */
export function sketchOf({ n, dims, rank, which, testMatrix, seed, blockSize, own }: StoredPlan): Sketch {
  return { ...own, n, dims, rank: rank === 0 ? undefined : rank, which, testMatrix, seed, blockSize };
}
