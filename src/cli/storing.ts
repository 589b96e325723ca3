/** Options and steps that the commands on directories share. */
import { resolve } from 'node:path';
import { ArgumentError, StoreError } from '../core/errors.ts';
import { described, type Field, type Fields, flag, optional, text } from '../core/parse.ts';
import { METHODS, STORED_METHODS } from '../seigh/methods.ts';
import { methodField, ownFields, sketchFields } from '../seigh/options.ts';
import { json } from './command.ts';
import { operatorField } from './operator-file.ts';
import { argumentsOf, givenSource, SOURCE_FIELDS } from './operator-source.ts';
import { QUIET } from './progress.ts';
import { DIMS } from './sketching.ts';

const { store: _store, ...stored } = sketchFields({});

/** The options of a sketch in a directory, without its columns. */
export const SKETCH_CHOICES: Fields = {
  method: { ...methodField, choices: STORED_METHODS },
  ...stored,
  ...Object.fromEntries(
    STORED_METHODS.flatMap((method) =>
      Object.entries(ownFields({}, [method])).filter(([name]) => !METHODS[method].inMemoryOnly?.includes(name)),
    ),
  ),
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
  ...SKETCH_CHOICES,
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
