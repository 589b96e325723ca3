/** Operators from files: a module whose default export makes one. */
import { basename, extname, resolve } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ArgumentError, StoreError } from '../core/errors.ts';
import type { LinearOperator } from '../linops/operator.ts';

/** What the default export of an operator file must be. */
export type OperatorFactory = () => LinearOperator | Promise<LinearOperator>;

function isMissing(error: unknown, url: string): boolean {
  const { code, url: missing } = error as { code?: string; url?: string };
  return code === 'ERR_MODULE_NOT_FOUND' && missing === url;
}

/**
 * Imports a file and calls its default export.
 * @throws StoreError when there is no such file, ArgumentError when it does not export an operator factory; errors of the
 * file itself come through.
 */
export async function loadOperator(file: string): Promise<LinearOperator> {
  const url = pathToFileURL(resolve(file)).href;
  const module = (await import(url).catch((error: unknown) => {
    throw isMissing(error, url) ? new StoreError(`there is no operator file ${file}`, { file }) : error;
  })) as { default?: unknown };
  if (typeof module.default !== 'function') {
    throw new ArgumentError(`the default export of ${file} must be a function that returns an operator`, {
      file,
    });
  }
  const operator = (await (module.default as OperatorFactory)()) as LinearOperator | undefined;
  if (typeof operator?.matmat !== 'function' || !Array.isArray(operator.shape)) {
    throw new ArgumentError(`the default export of ${file} returned no operator { shape, dtype, matmat }`, {
      file,
    });
  }
  return operator;
}

/** The name of an operator in reports: that of its file. */
export function operatorName(file: string): string {
  return basename(file, extname(file));
}
