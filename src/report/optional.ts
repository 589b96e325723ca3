/** Packages that only figures need: imported when one is drawn, with a clear message where they are missing. */
import { UnsupportedError } from '../core/errors.ts';

/** @throws UnsupportedError that says what to install. */
export async function optionalPackage<T>(load: () => Promise<T>, name: string, purpose: string): Promise<T> {
  try {
    return await load();
  } catch (error) {
    throw new UnsupportedError(`${purpose} needs the package ${name}: npm install ${name}`, { name }, { cause: error });
  }
}
