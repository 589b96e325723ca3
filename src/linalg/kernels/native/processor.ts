/** The code that OpenBLAS has for this processor. */
import type { Ffi, ForeignLibrary } from './ffi.ts';
import { findFunction } from './symbols.ts';

/** Names a kind of processor, for OpenBLAS to read when it sets itself up. */
const CORE_VARIABLE = 'OPENBLAS_CORETYPE';

/** A kind of 2004, the least that has 64 bits. */
const OLDEST = 'Prescott';

/**
 * Releases up to 0.3.21 (Debian 12) take Intel processors with higher model numbers than they know for the oldest, at a quarter of
 * the rate. Told a kind that it does not know either, OpenBLAS goes by the instructions that the processor has: it is made to set
 * itself up again like that. Nothing happens where the environment names a kind.
 */
export function suitProcessor(ffi: Ffi, handles: readonly ForeignLibrary[]): void {
  const find = (name: string, result: string) => findFunction(handles, [name, `${name}64_`, `${name}_64_`], result, []);
  if (process.env[CORE_VARIABLE] !== undefined || find('openblas_get_corename', 'str')?.() !== OLDEST) return;
  const [forget, choose] = [find('gotoblas_dynamic_quit', 'void'), find('gotoblas_dynamic_init', 'void')];
  if (!forget || !choose) return;
  // of the process itself: what a worker thread writes to process.env is its own; Windows has no such routines
  const system = [ffi.load(null)];
  const set = findFunction(system, ['setenv'], 'int', ['str', 'str', 'int']);
  const unset = findFunction(system, ['unsetenv'], 'int', ['str']);
  if (!set || !unset) return;
  set(CORE_VARIABLE, 'unknown', 1);
  forget();
  choose();
  unset(CORE_VARIABLE);
}
