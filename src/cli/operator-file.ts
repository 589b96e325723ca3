/** What `--operator` takes: the file of a matrix, a Python file, or a module of JavaScript or TypeScript. One place resolves it. */
import { readdir, stat } from 'node:fs/promises';
import { basename, dirname, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ArgumentError, StoreError, UnsupportedError } from '../core/errors.ts';
import { described, type Field, nearest, text } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';

/** What {@link loadOperator} takes. */
export const operatorField: Field<string> = described(
  text,
  `a matrix: A.npy, A.npz, A.mtx, A.csv, file.h5:/A; Python: module.py:name;
${' '.repeat(26)}or a module with a default export () => LinearOperator | Promise<LinearOperator>`,
);

/** What an operator module exports, by default or by name, or returns from a function that it exports. */
export type OperatorFactory = () => LinearOperator | Promise<LinearOperator>;

/** An operator as it is named on a command line. */
interface Named {
  /** As it was given. */
  argument: string;
  path: string;
  /** `.npy`, in small letters. */
  extension: string;
  /** What stands behind the colon: an array of the file, or what the program calls the operator. */
  name: string | undefined;
}

const MODULES = ['.js', '.mjs', '.cjs', '.ts', '.mts', '.cts'];
const MATRICES = ['.npy', '.npz', '.mtx', '.csv', '.h5', '.hdf5'];

const EVERYTHING =
  'an operator is a matrix (A.npy, A.npz, A.mtx, A.csv, file.h5:/A), Python (module.py:name) or a module that exports one ' +
  '(operator.js, .mjs, .cjs, .ts)';

async function fromMatrix({ argument }: Named): Promise<LinearOperator> {
  const { readOperator } = await import('../files/read-operator.ts');
  return readOperator(argument);
}

async function fromPython({ argument, path, name }: Named): Promise<LinearOperator> {
  if (name === undefined) {
    throw new ArgumentError(
      `${argument} does not say what makes the operator: ${path}:make, for a function 'make' of it`,
      {
        file: path,
      },
    );
  }
  const { pythonOperator } = await import('../remote/python.ts');
  return pythonOperator(argument);
}

const isOperator = (value: unknown): value is LinearOperator =>
  typeof (value as LinearOperator | undefined)?.matmat === 'function' &&
  Array.isArray((value as LinearOperator | undefined)?.shape);

/** What a module exports by that name, or by default; compiled modules have their default export one step deeper. */
function exported(module: Readonly<Record<string, unknown>>, name: string | undefined): unknown {
  const whole = module.default as Readonly<Record<string, unknown>> | null | undefined;
  if (name !== undefined) return module[name] ?? whole?.[name];
  const isCompiled = typeof whole === 'object' && whole !== null && !isOperator(whole) && 'default' in whole;
  return isCompiled ? whole.default : whole;
}

/** What stands in the place of an operator, and what the module has instead. */
function refuseExport(module: Readonly<Record<string, unknown>>, { argument, path, name }: Named): never {
  const names = Object.keys(module).filter((each) => !['default', 'module.exports', '__esModule'].includes(each));
  const others = names.filter((each) => each !== name);
  const hint = others.length === 0 ? '' : `; it also exports ${others.join(', ')}: ${path}:${others[0]}`;
  const what = name === undefined ? `the default export of ${argument}` : `'${name}' of ${path}`;
  throw new ArgumentError(`${what} must be an operator or a function that returns one${hint}`, { file: path });
}

async function fromModule(named: Named): Promise<LinearOperator> {
  const { argument, path, name, extension } = named;
  const module = (await import(pathToFileURL(resolve(path)).href).catch((error: unknown) => {
    // also said of a package that it imports, where nothing is wrong with this file
    const isUnread =
      (error as { code?: string }).code === 'ERR_UNKNOWN_FILE_EXTENSION' && String(error).includes(resolve(path));
    if (!isUnread) throw error;
    throw new UnsupportedError(
      `${path}: Node ${process.version} does not read ${extension} files: Node 22.18 and newer do; or compile it to JavaScript`,
      { file: path },
      { cause: error },
    );
  })) as Readonly<Record<string, unknown>>;
  const found = await exported(module, name);
  if (isOperator(found)) return found;
  if (typeof found !== 'function') refuseExport(module, named);
  const made: unknown = await (found as OperatorFactory)();
  if (isOperator(made)) return made;
  const what = name === undefined ? `the default export of ${argument}` : argument;
  throw new ArgumentError(`${what} returned no operator { shape, dtype, matmat }`, { file: path });
}

const LOADERS = new Map([
  ...MATRICES.map((extension) => [extension, fromMatrix] as const),
  ...MODULES.map((extension) => [extension, fromModule] as const),
  ['.py', fromPython] as const,
]);

function parseName(argument: string): Named {
  const endings = [...LOADERS.keys()].map((extension) => extension.slice(1)).join('|');
  const [, path = argument, name] = new RegExp(`^(.*\\.(?:${endings})):(.+)$`, 'i').exec(argument) ?? [];
  return { argument, path, extension: extname(path).toLowerCase(), name };
}

/** @throws StoreError when there is no such file, with the nearest name of its folder */
async function checkFile({ path }: Named): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  if (found?.isFile()) return;
  if (found) throw new StoreError(`${path} is no file; ${EVERYTHING}`, { file: path });
  const others = await readdir(dirname(path)).catch(() => []);
  const near = nearest(basename(path), others);
  const hint = near === undefined ? '' : `; did you mean '${near}'?`;
  throw new StoreError(`there is no operator file ${path}${hint}`, { file: path });
}

/**
 * The operator that an argument names: a matrix in a file as `readOperator` takes it, `module.py:name` as `pythonOperator`
 * does, or a module whose default export, or the one behind a colon, is an operator or a function that returns one.
 * @throws StoreError when there is no such file, UnsupportedError for a file that is none of these, ArgumentError for a module
 * that exports no operator; what reading or running the file throws comes through.
 */
export async function loadOperator(argument: string): Promise<LinearOperator> {
  const named = parseName(argument);
  const load = LOADERS.get(named.extension);
  if (!load && named.extension === '.json') {
    throw new UnsupportedError(
      `${argument} is no operator; a model is given as --model ${argument} --data x.npy --labels y.npy`,
      { file: argument },
    );
  }
  await checkFile(named);
  if (!load) throw new UnsupportedError(`${argument}: ${EVERYTHING}`, { file: argument });
  return load(named);
}

/** What reports call the operator that an argument names: by its file, and of its array where the file has several. */
export function nameOfArgument(argument: string): string {
  const { path, extension, name } = parseName(argument);
  const file = basename(path, extname(path));
  return name !== undefined && MATRICES.includes(extension) ? `${file}:${name}` : file;
}
