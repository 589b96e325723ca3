/** The door of a public function: what fails behind it says once which function the caller called. */
import { EigensketchError } from './errors.ts';

function named(where: string, error: unknown): unknown {
  // an operator that names itself in its messages does so inside of other doors too
  if (error instanceof EigensketchError && !error.message.startsWith(`${where}: `)) error.where = where;
  return error;
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as Promise<unknown> | null | undefined)?.then === 'function';

/**
 * Runs the body of a public function. An error of the library that comes out of it, at once or later, begins with `where`:
 * `seigh: dims must be ...`. Where one public function calls another, the outermost name stands, as it is the one that was called.
 */
export function atDoor<T>(where: string, body: () => T): T {
  let result: T;
  try {
    result = body();
  } catch (error) {
    throw named(where, error);
  }
  if (!isPromise(result)) return result;
  return result.catch((error: unknown) => {
    throw named(where, error);
  }) as T;
}
