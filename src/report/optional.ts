/** Packages that only figures need: imported when one is drawn, with a clear message where they are missing. */
import { UnsupportedError } from '../core/errors.ts';

/** What becomes of an import that failed: an UnsupportedError that says what to install. */
export function missing(name: string, purpose: string): (cause: unknown) => never {
  return (cause) => {
    throw new UnsupportedError(`${purpose} needs the package ${name}: npm install ${name}`, { name }, { cause });
  };
}
