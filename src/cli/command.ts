/** What a command of the command line is: fields that say what it takes, and from them its parsing and its help. */
import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { dirname, extname } from 'node:path';
import { parseArgs } from 'node:util';
import { atDoor } from '../core/door.ts';
import { ArgumentError, EigensketchError, StoreError } from '../core/errors.ts';
import {
  described,
  type Field,
  type Fields,
  flag,
  nearest,
  optional,
  type Parsed,
  refuse,
  show,
  text,
} from '../core/parse.ts';
import { EXIT_HELP } from './exit.ts';

/** What every command is given to work with. */
export interface CommandContext {
  /** Aborted by Ctrl-C and SIGTERM. */
  signal: AbortSignal;
}

/** What a command line says. */
export interface Arguments<F extends Fields> {
  /** Every field, parsed. */
  values: Parsed<F>;
  /** Those that were given, by name, before they were parsed: for functions that parse them and have their own defaults. */
  given: Readonly<Record<string, unknown>>;
  /** Arguments that belong to no option. */
  words: readonly string[];
}

/** A command, in one file. */
export interface CommandSpec<F extends Fields> {
  name: string;
  /** Lines of usage, without the name of the program. */
  usage: readonly string[];
  /** What else a user should know. */
  about?: string;
  /** Options: `--power-iterations` for a field `powerIterations`. */
  fields: F;
  /** One-letter names of options. */
  short?: Readonly<Record<string, string>>;
  examples: readonly string[];
  /** Runs with parsed arguments and returns the exit code. */
  run(args: Arguments<F>, context: CommandContext): Promise<number>;
}

export interface Command {
  name: string;
  /** What `--help` prints: usage, options, an example. */
  help: string;
  /** Parses all arguments, then runs. @throws ArgumentError for those that are unknown, missing or out of range. */
  run(args: readonly string[], context: CommandContext): Promise<number>;
}

/** `power-iterations` of powerIterations. */
export const optionName = (field: string): string => field.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);

/** What stands for a value in the help. */
const PLACEHOLDERS: Partial<Record<Field<unknown>['kind'], string>> = {
  integer: 'N',
  number: 'X',
  choice: 'NAME',
  text: 'TEXT',
  memory: 'BYTES',
  list: 'TEXT',
};

/** A file that is written, whose name ends in one of these. */
export const fileEndingIn = (endings: readonly string[]): Field<string | undefined> =>
  optional({
    ...text,
    parse: (value, name) =>
      endings.includes(extname(text.parse(value, name)).toLowerCase())
        ? (value as string)
        : refuse(name, `a file that ends in ${endings.join(', ')}`, value),
  });

/** An option that must be given. */
export function needed<T>(field: Field<T>): Field<T> {
  return {
    ...field,
    parse(value, name) {
      if (value === undefined) throw new ArgumentError(`--${name} is needed`, { option: name });
      return field.parse(value, name);
    },
  };
}

/** Text that may be given several times. */
export const list: Field<string[]> = {
  kind: 'list',
  parse: (value) => (value as string[] | undefined) ?? [],
};

/** A file that is written at the end. */
export const outputFile: Field<string | undefined> = optional(text);

/** The options of every command that prints. */
export const json: Field<boolean | undefined> = described(optional(flag), 'print JSON instead of text');

/** Fields of which a command line can give values. */
const fromText = (fields: Fields): [string, Field<unknown>][] =>
  Object.entries(fields).filter(([, { kind }]) => kind !== 'value');

function helpLine([name, field]: [string, Field<unknown>], short: Readonly<Record<string, string>>): string {
  const letter = Object.keys(short).find((each) => short[each] === name);
  const placeholder = PLACEHOLDERS[field.kind];
  const option = `${letter ? `-${letter}, ` : ''}--${optionName(name)}${placeholder ? ` ${placeholder}` : ''}`;
  const choices = field.choices ? `: ${field.choices.join(', ')}` : '';
  const { fallback } = field;
  const isSaid = fallback === undefined || fallback === false;
  const usual = isSaid ? '' : ` (default ${fallback})`;
  return `  ${option.padEnd(23)} ${field.help ?? ''}${choices}${usual}`;
}

function helpOf<F extends Fields>({ usage, about, fields, short = {}, examples }: CommandSpec<F>): string {
  const options = fromText(fields).map((each) => helpLine(each, short));
  return `Usage: ${usage.map((line) => `eigensketch ${line}`).join('\n       ')}
${about === undefined ? '' : `\n${about}\n`}
${options.join('\n')}
  --help                  this text

Example
${examples.map((line) => `  eigensketch ${line}`).join('\n')}

${EXIT_HELP}`;
}

/** A text as its field takes it; what is no number is left for the field to refuse. */
function fromWritten({ kind }: Field<unknown>, given: string): unknown {
  if (kind !== 'integer' && kind !== 'number') return given;
  const value = Number(given);
  return given.trim() === '' || Number.isNaN(value) ? given : value;
}

/** @throws ArgumentError for an option that is unknown, lacks its value or takes none. */
function readArguments(
  args: readonly string[],
  fields: Fields,
  short: Readonly<Record<string, string>>,
): Pick<Arguments<Fields>, 'given' | 'words'> {
  const byOption = new Map(fromText(fields).map(([name, field]) => [optionName(name), { name, field }] as const));
  const letters = Object.entries(short).map(([letter, name]) => [optionName(name), letter] as const);
  const shortOf = new Map(letters);
  const options = Object.fromEntries(
    [...byOption].map(([option, { field }]) => {
      const letter = shortOf.get(option);
      const type = field.kind === 'flag' ? ('boolean' as const) : ('string' as const);
      return [option, letter === undefined ? { type } : { type, short: letter }];
    }),
  );
  const { tokens } = parseArgs({ args: [...args], options, strict: false, allowPositionals: true, tokens: true });
  const given: Record<string, unknown> = {};
  const words: string[] = [];
  for (const token of tokens) {
    if (token.kind === 'positional') words.push(token.value);
    if (token.kind !== 'option') continue;
    const known = byOption.get(token.name);
    if (!known) {
      const near = nearest(token.name, [...byOption.keys()]);
      const hint = near === undefined ? '--help lists them all' : `did you mean '--${near}'?`;
      throw new ArgumentError(`unknown option '${token.rawName}'; ${hint}`, { option: token.name });
    }
    const { name, field } = known;
    if (field.kind === 'flag') {
      if (token.value !== undefined)
        throw new ArgumentError(`--${token.name} takes no value, got '${token.value}'`, {});
      given[name] = true;
    } else if (token.value === undefined || (!token.inlineValue && token.value.startsWith('--'))) {
      throw new ArgumentError(`--${token.name} needs a value`, { option: token.name });
    } else if (field.kind === 'list') given[name] = [...((given[name] as string[] | undefined) ?? []), token.value];
    else given[name] = fromWritten(field, token.value);
  }
  return { given, words };
}

/** Names of options in a message as they are written on a command line. */
function inOptionNames(error: unknown, fields: Fields): unknown {
  if (!(error instanceof EigensketchError)) return error;
  for (const name of Object.keys(fields)) {
    if (optionName(name) !== name)
      error.message = error.message.replace(new RegExp(`\\b${name}\\b`, 'g'), optionName(name));
  }
  return error;
}

/** The command that a specification describes. */
export function defineCommand<F extends Fields>(spec: CommandSpec<F>): Command {
  const { name, fields, short = {} } = spec;
  return {
    name,
    help: helpOf(spec),
    run: (args, context) =>
      atDoor(`eigensketch ${name}`, async () => {
        try {
          const { given, words } = readArguments(args, fields, short);
          const parsed = Object.entries(fields).map(([each, field]) => [
            each,
            field.parse(given[each], optionName(each)),
          ]);
          return await spec.run({ given, words, values: Object.fromEntries(parsed) as Parsed<F> }, context);
        } catch (error) {
          throw inOptionNames(error, fields);
        }
      }),
  };
}

/** Those entries of a record whose names are those of another one. */
export function pick<T>(from: Readonly<Record<string, T>>, names: object): Record<string, T> {
  return Object.fromEntries(Object.entries(from).filter(([name]) => name in names));
}

/** @throws ArgumentError for an option that means nothing `where`. */
export function refuseGiven(given: Readonly<Record<string, unknown>>, fields: Fields, where: string): void {
  const name = Object.keys(given).find((each) => !(each in fields));
  if (name === undefined) return;
  throw new ArgumentError(`--${optionName(name)} cannot be combined with ${where}, got ${show(given[name])}`, { name });
}

/** @throws ArgumentError where words are left that belong to no option. */
export function refuseWords(words: readonly string[]): void {
  if (words.length > 0) throw new ArgumentError(`unexpected argument '${words[0]}'; options begin with --`, {});
}

/** @throws StoreError unless a file can be written there: its folder must exist. */
export async function checkOutput(path: string | undefined, option: string = 'out'): Promise<void> {
  if (path === undefined) return;
  const folder = dirname(path);
  const refuse = (reason: string): never => {
    throw new StoreError(`${option}: cannot write ${path}: ${reason}`, { path });
  };
  const found = await stat(folder).catch(() => undefined);
  if (!found?.isDirectory()) refuse(`there is no folder ${folder}`);
  if ((await stat(path).catch(() => undefined))?.isDirectory()) refuse('it is a folder');
  await access(folder, constants.W_OK).catch(() => refuse(`the folder ${folder} cannot be written to`));
}
