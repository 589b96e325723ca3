/** Opening a directory for an operator: made where there is none, checked where there is one. */
import type { Block } from '../core/block.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { readWholeFile } from './blocks.ts';
import { probePath } from './directory.ts';
import { measureProbe, refuseOtherOperator } from './fingerprint.ts';

/** How directories of one kind are made and read. */
export interface Opening<D extends { path: string }> {
  /** @throws StoreError for a folder of anything else. */
  isThere(): Promise<boolean>;
  open(): Promise<D>;
  create(probe: Block): Promise<void>;
  /** @throws StoreError for a directory of another run. */
  check(directory: D): void;
}

/**
 * Opens a directory for products of `op`. Costs two products, which tell whether it is the operator that the directory was
 * begun with.
 * @throws StoreError for a folder of anything else, of another operator or with other choices.
 */
export async function openForOperator<D extends { path: string }>(
  op: LinearOperator,
  { isThere, open, create, check }: Opening<D>,
): Promise<D> {
  const early = (await isThere()) ? await open() : undefined;
  if (early) check(early);
  const probe = await measureProbe(op);
  if (!early) await create(probe);
  const directory = early ?? (await open());
  // another process may have been first
  check(directory);
  const file = probePath(directory);
  refuseOtherOperator(file, op, await readWholeFile(file), probe);
  return directory;
}
