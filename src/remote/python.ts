/** Operators made in Python: the one-file server that this package ships, and the command that starts it. */
import { statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { atDoor } from '../core/door.ts';
import { StoreError, UnsupportedError } from '../core/errors.ts';
import { type Field, parseOptions, refuse } from '../core/parse.ts';
import { connectOperator, type RemoteOperator } from './operator.ts';
import { command, REMOTE_FIELDS, type RemoteOptions } from './options.ts';

const WHERE = 'pythonOperator';

/** Options of {@link pythonOperator}. */
export interface PythonOptions extends Omit<RemoteOptions, 'command'> {
  /** The interpreter, or a command that ends in one: `['srun', '-n1', 'python3']`. Default `'python3'`. */
  python?: string | readonly string[];
  /** Arguments of the function that makes the operator, as JSON. Default: none. */
  args?: readonly unknown[];
}

const interpreter: Field<readonly string[]> = {
  kind: 'value',
  parse(value = 'python3', name) {
    return command.parse(typeof value === 'string' ? [value] : value, name);
  },
};

const jsonValues: Field<readonly unknown[]> = {
  kind: 'value',
  parse: (value = [], name) => (Array.isArray(value) ? value : refuse(name, 'an array of JSON values', value)),
};

/**
 * Path of `eigensketch_server.py`, which needs numpy only. A Python program that calls its `serve(operator)` is a command
 * for `remoteOperator`; copy it, or put its directory on `PYTHONPATH`.
 */
export const pythonServer: string = fileURLToPath(
  // compiled files are in dist/src/remote, and the compiler leaves this one where it is
  new URL('../../../src/remote/eigensketch_server.py', import.meta.url),
);

/**
 * The operator that a Python function makes, served by a Python process.
 *
 * `target` names a file and what it defines: `'hessian.py:make'`. `make(...args)` returns anything with a `shape` and a
 * product `@` with blocks of columns: a NumPy array, a SciPy sparse matrix or LinearOperator, a curvlinops operator, a torch
 * tensor, a JAX array, a function of a block with an attribute `shape`, or an `Operator` of eigensketch_server.py.
 *
 * @example
 * const H = await pythonOperator('hessian.py:make', { args: ['model.pt'] });
 * const sketch = await seigh(H, 200);
 * const cert = await apost(H, sketch);
 * await H.close();
 * @throws as `remoteOperator`: UnsupportedError without Python 3.8, numpy or a module that the file imports,
 * StoreError when there is no such file, ArgumentError when it does not make an operator.
 */
export async function pythonOperator(target: string, options: PythonOptions = {}): Promise<RemoteOperator> {
  const parsed = atDoor(WHERE, () => {
    const [, file, attribute] = /^(.+\.py):([A-Za-z_]\w*)$/.exec(String(target)) ?? [];
    if (file === undefined || attribute === undefined) refuse('target', "like 'file.py:name'", target);
    const { python, args, ...rest } = parseOptions(options, {
      ...REMOTE_FIELDS,
      python: interpreter,
      args: jsonValues,
    });
    const path = resolve(rest.cwd ?? '.', file);
    // with a command before it the file may be on another machine
    if (python.length === 1 && !statSync(path, { throwIfNoEntry: false })?.isFile()) {
      throw new StoreError(`there is no file ${path}`, { file: path });
    }
    const parameters = args.length === 0 ? [] : ['--args', JSON.stringify(args)];
    return { ...rest, name: rest.name ?? target, command: [...python, pythonServer, target, ...parameters] };
  });
  return connectOperator(WHERE, parsed).catch((error: Error) => {
    if ((error.cause as NodeJS.ErrnoException | undefined)?.code !== 'ENOENT') throw error;
    throw new UnsupportedError(
      `${error.message}. Install Python 3.8 or newer with numpy, or give the path of one as \`python\``,
      { command: parsed.command },
      { cause: error },
    );
  });
}
