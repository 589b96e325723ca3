/** Loading optional packages, or saying what to install. */

import { findBackendFactory } from '@tensorflow/tfjs-core';
import { host } from '#host';
import { UnsupportedError } from '../../core/errors.ts';
import { type BackendName, type BackendRecord, setBackendRecord } from './record.ts';

/**
 * Imports the first of `modules` that can be loaded.
 * @returns its name and what it exports
 * @param missing what is not there without them, with which the message begins
 * @throws UnsupportedError that gives the first failure and ends with what to install
 */
export async function importOrExplain(
  missing: string,
  modules: readonly string[],
  install: string,
): Promise<{ name: string; exports: unknown }> {
  if (host.isPage) throw new UnsupportedError(`the page has to import ${modules[0]} before this call`, { modules });
  const failures: unknown[] = [];
  for (const name of modules) {
    try {
      return { name, exports: await host.importPackage(name) };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new UnsupportedError(
    `${missing}: ${modules.join(' or ')} could not be loaded (${(failures[0] as Error).message.split('\n')[0]}); ` +
      `run: npm install ${install}`,
    { modules },
    { cause: failures[0] },
  );
}

/** A package as records name it: with its version, where that can be seen. */
export function packageName(name: string): string {
  const version = host.versionOf(name);
  return version === undefined ? name : `${name} ${version}`;
}

const moduleOf = (name: BackendName): string => `@tensorflow/tfjs-backend-${name}`;

/** Loads the package of a backend that registers itself. @throws UnsupportedError where it is not installed */
export async function registerPackage(name: BackendName): Promise<void> {
  if (findBackendFactory(name) != null) return;
  await importOrExplain(`backend '${name}' is not installed`, [moduleOf(name)], moduleOf(name));
}

/** What such a backend runs on. */
export function recordPackage(name: BackendName): BackendRecord {
  const module = moduleOf(name);
  return setBackendRecord({ name, package: packageName(module), device: 'CPU' });
}
