/** Opening a sketch directory for an operator: made where there is none, checked where there is one. */
import type { LinearOperator } from '../../linops/operator.ts';
import { measureProbe, refuseOtherOperator } from '../fingerprint.ts';
import { readWholeFile } from './blocks.ts';
import {
  createDirectory,
  descriptionPath,
  isSketchDirectory,
  openDirectory,
  probePath,
  type SketchDirectory,
} from './directory.ts';
import { checkSamePlan, type StoredPlan } from './plan.ts';

/** What a new directory is to be. */
export interface Wanted {
  plan: StoredPlan;
  /** Choices of the plan that were made for this machine and that an existing directory may have made otherwise. */
  free: readonly (keyof StoredPlan)[];
  /** File that the operator was made by, or empty. */
  operator: string;
}

/**
 * Opens `path` for products of `op`. Costs two products, which tell whether it is the operator that the directory was
 * begun with.
 * @param wanted makes the directory where there is none, and must agree with it where there is one
 * @throws StoreError for a folder that is no sketch, a sketch of another operator, or one with other choices.
 */
export async function openForOperator(
  where: string,
  path: string,
  op: LinearOperator,
  wanted?: Wanted,
): Promise<SketchDirectory> {
  const isThere = wanted === undefined || (await isSketchDirectory(where, path));
  const early = isThere ? await openDirectory(where, path) : undefined;
  if (early && wanted) checkSamePlan(where, descriptionPath(early), early.plan, wanted.plan, wanted.free);
  const probe = await measureProbe(op);
  if (!early) await createDirectory(path, wanted!.plan, wanted!.operator, probe);
  const directory = early ?? (await openDirectory(where, path));
  // another process may have been first
  if (wanted) checkSamePlan(where, descriptionPath(directory), directory.plan, wanted.plan, wanted.free);
  const file = probePath(directory);
  refuseOtherOperator(where, file, op, await readWholeFile(file), probe);
  return directory;
}
