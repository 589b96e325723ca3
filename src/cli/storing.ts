/** Options and steps that the commands on directories share. */
import { resolve } from 'node:path';
import { ArgumentError, StoreError } from '../core/errors.ts';
import { described, type Field, type Fields, flag, optional, text } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { STORED_METHODS } from '../seigh/methods.ts';
import {
  methodField,
  ownFields,
  parseSketchCall,
  parseSketchOptions,
  type SketchCall,
  sketchFields,
} from '../seigh/options.ts';
import { refuseOtherPlan } from '../store/directory.ts';
import { refuseFullDisk } from '../store/disk.ts';
import { costOf } from '../store/sketch/cost.ts';
import { descriptionPath, type SketchDirectory } from '../store/sketch/directory.ts';
import type { StoredPlan } from '../store/sketch/plan.ts';
import { existingSketch, openSketch, requestOf } from '../store/sketch/seigh.ts';
import { json, pick } from './command.ts';
import { operatorField } from './operator-file.ts';
import {
  absolute,
  argumentsOf,
  givenSource,
  type OperatorSource,
  operatorOf,
  originOf,
  SOURCE_FIELDS,
} from './operator-source.ts';
import { QUIET } from './progress.ts';
import { rememberedSource } from './remembered.ts';
import { DIMS } from './sketching.ts';

const { store: _store, ...stored } = sketchFields({});

/** The options of a sketch in a directory, without its columns. */
const CHOICES: Fields = {
  method: { ...methodField, choices: STORED_METHODS },
  ...stored,
  ...Object.fromEntries(Object.entries(ownFields({}, STORED_METHODS)).filter(([name]) => name !== 'perBatch')),
};

/** Running what a directory remembers. */
export const TRUST: Field<boolean | undefined> = described(
  optional(flag),
  'without --operator or --model: take what the directory remembers',
);

/** What says which sketch a directory is to hold. */
export const CREATION_FIELDS: {
  readonly out: Field<string | undefined>;
  readonly dims: Field<number | undefined>;
  readonly force: Field<boolean | undefined>;
  readonly trust: Field<boolean | undefined>;
  readonly quiet: Field<boolean | undefined>;
  readonly json: Field<boolean | undefined>;
} & Fields = {
  out: described(optional(text), 'the sketch directory: made where there is none, continued where there is one'),
  ...SOURCE_FIELDS,
  operator: described(
    optional(operatorField),
    `${operatorField.help};\n${' '.repeat(26)}it or --model is needed for a new directory`,
  ),
  dims: described(DIMS, `${DIMS.help} (needed for a new directory)`),
  ...CHOICES,
  force: described(optional(flag), 'start although the disk may be too small'),
  trust: TRUST,
  quiet: QUIET,
  json,
};

type Given = Readonly<Record<string, unknown>>;

/** The directory that a command is about: `--out DIR` or the one word after its name. @throws ArgumentError */
export function directoryOf({ out }: Given, words: readonly string[]): string {
  const named = [...(typeof out === 'string' ? [out] : []), ...words];
  const [path, ...others] = named;
  if (path === undefined || path === '' || others.length > 0) {
    throw new ArgumentError(`one directory is needed, got ${named.length}`, { directories: named });
  }
  // the file of an operator may change the working directory
  return resolve(path);
}

/** What a message says where the disk is too small. */
export const FORCE = '--force starts all the same';

/** A plan in the words of the options. */
function optionsOf({ method, testMatrix, seed, blockSize, rank, which, own }: StoredPlan): Given {
  return { method, testMatrix, seed, blockSize, which, ...(rank === 0 ? {} : { rank }), ...own };
}

/** What was asked of a directory: options as `seigh` takes them, checked before the operator is loaded. */
interface Asked {
  dims: number;
  options: Given;
}

/**
 * The options that were given, completed by those of a directory that is there.
 * @throws ArgumentError for options out of range or without --dims, StoreError for another method than the directory's.
 */
export function askedOf(given: Given, path: string, existing?: SketchDirectory): Asked {
  const choices = { ...pick(given, CHOICES), store: path };
  const dims = (given.dims as number | undefined) ?? existing?.plan.dims;
  if (dims === undefined) throw new ArgumentError('--dims is needed for a new directory', { option: 'dims' });
  parseSketchOptions(choices, { dims });
  if (!existing || given.dims !== undefined) return { dims, options: choices };
  const { plan } = existing;
  refuseOtherPlan(descriptionPath(existing), plan, { method: given.method ?? plan.method } as Partial<StoredPlan>);
  return { dims, options: { ...optionsOf(plan), ...choices } };
}

/**
 * Where the operator comes from: what was given or, where that is said, what the directory remembers. Whoever can write to a
 * directory could else have any program run, or any model loaded.
 * @throws ArgumentError for none, and for one that the directory remembers and nobody has said to trust.
 */
function sourceFor(given: Given, existing: SketchDirectory | undefined): OperatorSource {
  const source = givenSource(given);
  if (source !== undefined) return source;
  const remembered = existing && rememberedSource(existing);
  if (remembered === undefined) throw new ArgumentError('--operator or --model is needed', { option: 'operator' });
  if (given.trust === true) return remembered;
  const { path, origin } = existing!;
  const { operator, problem } = origin;
  const said =
    problem === undefined
      ? `${operator}, which would be run: give --operator FILE, or --trust to run that one`
      : `the model ${operator} and the data ${problem.data}, which would be loaded (a model.json executes no code): give ` +
        '--model, --data and --labels, or --trust to load those';
  throw new ArgumentError(`${path} says that its operator is made by ${said}`, { option: 'operator', remembered });
}

/** A directory and the operator that it is measured with. */
export interface OpenedRun {
  directory: SketchDirectory;
  op: LinearOperator;
  /** What makes the operator, with paths that hold from everywhere. */
  source: OperatorSource;
}

/**
 * Opens the directory of a command with its operator, the given one or, with `--trust`, the one that it remembers, and makes it
 * where there is none. Options that are given must be those that the directory was made with.
 * @throws ArgumentError for options that are missing or out of range, before the operator is loaded; StoreError as
 * `openSketch`, and for a disk that is too small.
 */
export async function openRun(path: string, given: Given): Promise<OpenedRun> {
  const existing = await existingSketch(path);
  const asked = askedOf(given, path, existing);
  // before the file of an operator, which may change the working directory, is run
  const source = absolute(sourceFor(given, existing));
  const op = await operatorOf(source);
  const call: SketchCall = parseSketchCall(op, asked.dims, asked.options);
  const request = await requestOf(call, originOf(source));
  if (!existing && !given.force) {
    await refuseFullDisk(path, costOf(request.plan).bytes, FORCE);
  }
  const directory = await openSketch(path, op, call.settings.memory, request);
  return { op, directory, source };
}

/** The options that name the operator, as they were given, for a command line that continues. */
export function operatorAgain(given: Given): string {
  const source = givenSource(given);
  if (source !== undefined) return ['', ...argumentsOf(source)].join(' ');
  return given.trust === true ? ' --trust' : '';
}

/** Tells someone who has interrupted a run how it continues. */
export function sayHowToContinue(command: string): void {
  console.error(`\nstopped; what is measured is kept. Continue with: ${command}`);
}

/**
 * Runs `work`; when it is interrupted, says how to continue before the error goes its way.
 * @param command the command line that continues
 */
export async function resumable<T>(signal: AbortSignal, command: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) sayHowToContinue(command);
    else if (error instanceof StoreError && error.values.errno === 'ENOSPC') {
      console.error(`what is measured is kept. Make room, then continue with: ${command}`);
    }
    throw error;
  }
}
