/** Tangents in place where there is a BLAS: no page has one, and none loads them. */
import { currentBackend } from '../../../backends/current.ts';
import type { ConvolutionTangents } from './in-place.ts';
import type { Axis } from './window.ts';

let loaded: typeof import('./in-place.ts') | undefined;

/** Loads them if the backend in use, which is prepared, has a BLAS. */
export async function prepareInPlace(): Promise<void> {
  if (currentBackend().usesBlas) loaded = await import('./in-place.ts');
}

/** The tangents for these windows; undefined where there is no such heap or no BLAS. */
export function inPlaceTangents(axes: readonly Axis[]): ConvolutionTangents | undefined {
  return loaded?.inPlaceTangents(axes);
}
