/** The options of operators of other processes, as callers give them and as the code has them. */
import {
  asRecord,
  CONTROL,
  callback,
  type Field,
  flag,
  integer,
  optional,
  type Parsed,
  refuse,
  text,
} from '../core/parse.ts';
import type { Progress } from '../core/schedule.ts';

/** Options of {@link remoteOperator}. */
export interface RemoteOptions {
  /** The program and its arguments: `['ssh', 'host', 'python3', 'serve.py']`. */
  command: readonly string[];
  /** Directory to start it in. Default: that of this process. */
  cwd?: string;
  /** Added to the environment of this process. */
  env?: Readonly<Record<string, string>>;
  /**
   * Milliseconds that the program may be silent while an answer is waited for, its start included; then it is ended and
   * the product rejected. Default: no limit.
   */
  timeout?: number;
  /** A = A^T is declared, where the program does not say so itself. */
  selfAdjoint?: boolean;
  /** x^T A x >= 0 for all x is declared, where the program does not say so itself. */
  psd?: boolean;
  /** Aborting it ends the program and rejects the products under way with the signal's reason. */
  signal?: AbortSignal;
  /** Called when the program reports how far a product is; where it fails, so does the product. */
  onProgress?: (progress: Progress) => void;
  /** Called with what the program writes to standard error (for Python: what it prints, too). */
  onOutput?: (text: string) => void;
  /** Names the operator in messages. Default: the command. */
  name?: string;
}

const isWords = (value: unknown): value is readonly string[] =>
  Array.isArray(value) && value.length > 0 && value.every((word) => typeof word === 'string');

/** A program and its arguments. */
export const command: Field<readonly string[]> = {
  kind: 'value',
  parse: (value, name) =>
    isWords(value) ? value : refuse(name, "a program and its arguments, as in ['python3', 'serve.py']", value),
};

const environment: Field<Readonly<Record<string, string>>> = {
  kind: 'value',
  parse: (value, name) => asRecord(value, name) as Readonly<Record<string, string>>,
};

type RemoteFields = {
  readonly [K in keyof Omit<Required<RemoteOptions>, 'command'>]: Field<RemoteOptions[K] | undefined>;
};

/** The options of a remote operator but its command. */
export const REMOTE_FIELDS: RemoteFields = {
  cwd: optional(text),
  env: optional(environment),
  // a timer of Node takes 31 bits
  timeout: optional(integer(1, 2 ** 31 - 1)),
  selfAdjoint: optional(flag),
  psd: optional(flag),
  signal: CONTROL.signal,
  onProgress: CONTROL.onProgress,
  onOutput: optional(callback<(text: string) => void>()),
  name: optional(text),
};

/** Options as parsed: every one is there, or undefined. */
export type ParsedRemoteOptions = Parsed<RemoteFields> & { command: readonly string[] };
