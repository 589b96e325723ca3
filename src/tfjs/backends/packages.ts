/** Loading optional packages, or saying what to install. */
import { createRequire } from 'node:module';
import { UnsupportedError } from '../../core/errors.ts';

/**
 * Imports the first of `modules` that can be loaded.
 * @returns its name and what it exports
 * @throws UnsupportedError that begins with `where`, gives the first failure and ends with what to install
 */
export async function importOrExplain(
  where: string,
  modules: readonly string[],
  install: string,
): Promise<{ name: string; exports: unknown }> {
  const failures: unknown[] = [];
  for (const name of modules) {
    try {
      return { name, exports: await import(name) };
    } catch (error) {
      failures.push(error);
    }
  }
  throw new UnsupportedError(
    `${where}: ${modules.join(' or ')} could not be loaded (${(failures[0] as Error).message.split('\n')[0]}); ` +
      `run: npm install ${install}`,
    { modules },
    { cause: failures[0] },
  );
}

/** The version of an installed package, 'unknown' where it does not say. */
export function versionOf(name: string): string {
  try {
    const { version } = createRequire(import.meta.url)(`${name}/package.json`) as { version: string };
    return version;
  } catch {
    return 'unknown';
  }
}
