/** Finding a routine among libraries that may or may not have it. */
import type { ForeignFunction, ForeignLibrary } from './ffi.ts';

/** The first of several symbols that one of the libraries has. */
export function findFunction(
  handles: readonly ForeignLibrary[],
  symbols: readonly string[],
  result: string,
  args: string[],
): ForeignFunction | undefined {
  for (const handle of handles) {
    for (const symbol of symbols) {
      try {
        return handle.func(symbol, result, args);
      } catch {
        // koffi has no other way to ask whether a symbol exists.
      }
    }
  }
  return undefined;
}
