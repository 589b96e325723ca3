/** Products that are kept in files: a computation that is repeated reads them. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import type { Block } from '../core/block.ts';
import { writeBlockFile } from '../hdf5/block-writer.ts';
import type { Attributes } from '../hdf5/messages.ts';
import { applyOperator } from '../linops/apply.ts';
import { derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checksum, keptProduct } from './blocks.ts';
import { recordAttributes, recordWork, type Worker, type WorkRecord } from './record.ts';

/** Where products are kept, and what their files say of themselves. */
export interface ProductFiles {
  /** The file of the i-th product. */
  path(index: number): string;
  /** The run, the stage, and which product it is. */
  identity(index: number): Attributes;
  /** Of the columns that were multiplied. */
  purpose: string;
}

/** Writes the product of a number. @param input checksum of the columns that were multiplied */
export function keepProduct(
  { path, identity, purpose }: ProductFiles,
  index: number,
  input: number,
  product: Block,
  work: WorkRecord,
): Promise<void> {
  const attributes = { purpose, ...identity(index), input, ...recordAttributes(work) };
  return writeBlockFile(path(index), product, attributes);
}

/**
 * The operator, whose i-th product is read from the i-th file where that holds the product with the very same columns, and else
 * made and written there.
 */
export function keepingProducts(op: LinearOperator, files: ProductFiles, worker: Worker): LinearOperator {
  let calls = 0;
  const matmat = async (X: Block): Promise<Block> => {
    const index = calls++;
    const path = files.path(index);
    const input = checksum(X);
    const kept = await keptProduct(path, { ...files.identity(index), input }, X);
    if (kept) return kept;
    const startedAt = performance.now();
    const Y = await applyOperator(op, X);
    await mkdir(dirname(path), { recursive: true });
    await keepProduct(files, index, input, Y, recordWork(worker, (performance.now() - startedAt) / 1000));
    return Y;
  };
  return derive(op, { matmat, matmatByBatch: undefined, adjointMatmat: undefined });
}
