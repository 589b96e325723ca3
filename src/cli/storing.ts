/** Options and steps that the commands on directories share. */
import { resolve } from 'node:path';
import { checkChoice } from '../core/checks.ts';
import { ArgumentError, StoreError } from '../core/errors.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { METHODS, prepareRun, type SeighOptions } from '../seigh/options.ts';
import type { Method } from '../spectrum/result.ts';
import { costOf, refuseFullDisk } from '../store/sketch/cost.ts';
import { isSketchDirectory, openDirectory, type SketchDirectory } from '../store/sketch/directory.ts';
import { planOf, type StoredPlan } from '../store/sketch/plan.ts';
import { openForOperator } from '../store/sketch/session.ts';
import { type Flags, given, numberFlag, type OptionTable } from './command.ts';
import { loadOperator } from './operator-file.ts';

/** What says which sketch a directory is to hold. */
export const CREATION_OPTIONS: OptionTable = {
  operator: { type: 'string' },
  dims: { type: 'string' },
  method: { type: 'string' },
  'test-matrix': { type: 'string' },
  rank: { type: 'string' },
  refine: { type: 'boolean' },
  'power-iterations': { type: 'string' },
  'block-size': { type: 'string' },
  seed: { type: 'string' },
  memory: { type: 'string' },
  out: { type: 'string' },
  force: { type: 'boolean' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

export const CREATION_HELP = `  --out DIR               the sketch directory: made where there is none, gone on with where there is one
  --operator FILE         module with a default export () => LinearOperator | Promise<LinearOperator>;
                          needed for a new directory, which remembers it
  --dims K                columns of the sketch (needed for a new directory)
  --method M              hmt (default), nystrom or oversampled
  --test-matrix T         gaussian (default) or rademacher
  --rank R                eigenpairs to keep (default: all)
  --refine                use what the second pass found outside the sketch too (hmt)
  --power-iterations P    extra passes (hmt)
  --block-size B          columns of one product and of one file
  --seed S                default 0
  --memory M              for tall blocks, such as 512MB or 2GiB (default 1GiB)
  --force                 start although the disk may be too small
  --json                  print JSON instead of text
  --help                  this text`;

/** The directory that a command is about: `--out DIR` or the one word after its name. @throws ArgumentError */
export function directoryOf(where: string, flags: Flags, positionals: readonly string[]): string {
  const named = [...(typeof flags.out === 'string' ? [flags.out] : []), ...positionals];
  const [path, ...others] = named;
  if (path === undefined || path === '' || others.length > 0) {
    throw new ArgumentError(`${where}: one directory is needed, got ${named.length}`, { directories: named });
  }
  return path;
}

/** The plan that the options describe. @throws as `seigh` does for its options. */
export async function planFor(where: string, op: LinearOperator, flags: Flags): Promise<StoredPlan> {
  const dims = numberFlag(where, flags, 'dims');
  if (dims === undefined) throw new ArgumentError(`${where}: --dims is needed for a new directory`);
  const method = checkChoice(where, '--method', (flags.method as Method | undefined) ?? 'hmt', METHODS);
  const options = given({
    testMatrix: flags['test-matrix'],
    rank: numberFlag(where, flags, 'rank'),
    refine: flags.refine,
    powerIterations: numberFlag(where, flags, 'power-iterations'),
    blockSize: numberFlag(where, flags, 'block-size'),
    seed: numberFlag(where, flags, 'seed'),
    store: '.',
    memory: flags.memory,
  }) as SeighOptions;
  const run = await prepareRun(op, dims, method, options);
  return planOf(where, run, method, options);
}

/** A directory and the operator that it is measured with. */
export interface OpenedRun {
  directory: SketchDirectory;
  op: LinearOperator;
}

/**
 * Opens the directory of a command with its operator, the given one or the one that the directory remembers, and makes it
 * where there is none. Where --dims is given, the options must be those that the directory was made with.
 * @throws ArgumentError for options that are missing, StoreError as `openForOperator`, and for a disk that is too small.
 */
export async function openRun(where: string, path: string, flags: Flags): Promise<OpenedRun> {
  const isThere = await isSketchDirectory(where, path);
  const remembered = isThere ? (await openDirectory(where, path)).origin.operator : '';
  const file = typeof flags.operator === 'string' ? flags.operator : remembered;
  if (file === '') throw new ArgumentError(`${where}: --operator is needed`, { option: 'operator' });
  const op = await loadOperator(where, file);
  if (isThere && flags.dims === undefined) return { op, directory: await openForOperator(where, path, op) };
  const plan = await planFor(where, op, flags);
  if (!isThere && !flags.force) await refuseFullDisk(where, path, costOf(plan));
  const free = flags['block-size'] === undefined ? (['blockSize'] as const) : [];
  return { op, directory: await openForOperator(where, path, op, { plan, free, operator: resolve(file) }) };
}

/** Tells someone who has interrupted a run how it continues. */
export function sayHowToGoOn(command: string): void {
  console.error(`\nstopped; what is measured is kept. Go on with: ${command}`);
}

/**
 * Runs `work`; when it is interrupted, says how to go on before the error goes its way.
 * @param command the command line that continues
 */
export async function resumable<T>(signal: AbortSignal, command: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (signal.aborted) sayHowToGoOn(command);
    else if (error instanceof StoreError && error.values.errno === 'ENOSPC') {
      console.error(`what is measured is kept. Make room, then go on with: ${command}`);
    }
    throw error;
  }
}
