/** What a command of the CLI is. */
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { ArgumentError } from '../core/errors.ts';

/** What every command is given to work with. */
export interface CommandContext {
  /** Aborted by Ctrl-C. */
  signal: AbortSignal;
}

/** One command, in one file. */
export interface Command {
  /** One line for the list of commands. */
  summary: string;
  /** What `--help` prints: usage, options, an example. */
  help: string;
  /** Runs with the arguments after the command's name and returns the exit code. */
  run(args: string[], context: CommandContext): Promise<number>;
}

/** Options of a command, as `parseArgs` takes them. */
export type OptionTable = NonNullable<ParseArgsConfig['options']>;

export type Flags = Record<string, string | boolean | undefined>;

/** Options with values and positional arguments. @throws as `parseArgs` for unknown options. */
export function parse(args: string[], options: OptionTable): { flags: Flags; positionals: string[] } {
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true, strict: true });
  return { flags: values as Flags, positionals };
}

/** An option that must be there. @throws ArgumentError that names it. */
export function required(where: string, flags: Flags, name: string): string {
  const value = flags[name];
  if (typeof value === 'string') return value;
  throw new ArgumentError(`${where}: --${name} is needed`, { option: name });
}

/** A number given as an option; undefined when it is not given. @throws ArgumentError for what is no number. */
export function numberFlag(where: string, flags: Flags, name: string): number | undefined {
  const text = flags[name];
  if (typeof text !== 'string') return undefined;
  const value = Number(text);
  if (text.trim() !== '' && !Number.isNaN(value)) return value;
  throw new ArgumentError(`${where}: --${name} must be a number, got '${text}'`, { [name]: text });
}

/** A record without the fields that are undefined: options that were not given keep their defaults. */
export function given<T extends object>(options: T): { [K in keyof T]?: Exclude<T[K], undefined> } {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as {
    [K in keyof T]?: Exclude<T[K], undefined>;
  };
}
