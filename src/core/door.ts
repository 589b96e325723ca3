/** The door of a public function: what fails behind it says once which function the caller called. */
import { EigensketchError } from './errors.ts';

function named(where: string, error: unknown): unknown {
  // an operator that names itself in its messages does so inside of other doors too
  if (error instanceof EigensketchError && !error.message.startsWith(`${where}: `)) error.where = where;
  return error;
}

function about(subject: string, error: unknown): unknown {
  if (error instanceof EigensketchError && !error.message.startsWith(`${subject}: `)) {
    // the subject belongs to the text; which function was called is for the door around to say
    error.where = undefined;
    const { message, stack } = error;
    error.message = `${subject}: ${message}`;
    if (stack !== undefined) error.stack = stack.replace(message, () => error.message);
  }
  return error;
}

const isPromise = (value: unknown): value is Promise<unknown> =>
  typeof (value as Promise<unknown> | null | undefined)?.then === 'function';

/**
 * Runs the body of a public function. An error of the library that comes out of it, at once or later, begins with `where`:
 * `seigh: dims must be ...`. Where one public function calls another, the outermost name stands, as it is the one that was called.
 */
export function atDoor<T>(where: string, body: () => T): T {
  return mapError(body, (error) => named(where, error));
}

/**
 * Runs code that knows neither the file nor the program that its numbers come from: an error of the library that comes out of it,
 * at once or later, says `subject: ` before its text. Doors leave it there.
 */
export function within<T>(subject: string, body: () => T): T {
  return mapError(body, (error) => about(subject, error));
}

function mapError<T>(body: () => T, map: (error: unknown) => unknown): T {
  let result: T;
  try {
    result = body();
  } catch (error) {
    throw map(error);
  }
  if (!isPromise(result)) return result;
  return result.catch((error: unknown) => {
    throw map(error);
  }) as T;
}
