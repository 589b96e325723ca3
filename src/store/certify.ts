/** Certifying a stored result; its test products are kept like all others, so that it too continues where it was stopped. */
import { mkdir } from 'node:fs/promises';
import { dirname } from 'node:path';
import { apostWith } from '../apost/apost.ts';
import type { Certificate } from '../apost/certificate.ts';
import type { ApostOptions } from '../apost/options.ts';
import type { Block } from '../core/block.ts';
import { writeBlockFile } from '../hdf5/block-writer.ts';
import type { DiskSpace } from '../hdf5/disk-space.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { EighResult } from '../spectrum/result.ts';
import { checksum, keptProduct } from './blocks.ts';
import { type Certified, saveCertificate, testProductsIdentity, testProductsPath } from './certificate.ts';
import { refuseUnwritable } from './disk.ts';
import { recordAttributes, recordWork, type Worker, type WorkRecord } from './record.ts';
import { ensureTests, openTests } from './test-vectors.ts';

/** Writes products with test vectors. @param input checksum of the columns that were multiplied */
export function keepTestProducts(
  directory: Certified,
  path: string,
  input: number,
  product: Block,
  work: WorkRecord,
): Promise<void> {
  const identity = { ...testProductsIdentity(directory), input };
  return writeBlockFile(path, product, { purpose: 'test', ...identity, ...recordAttributes(work) });
}

/**
 * The operator, whose i-th product is read from the i-th file of the test products where that holds the product with the very same
 * columns, and else made and written there. A computation that is repeated so repeats no product.
 */
function keepProducts(op: LinearOperator, directory: Certified, worker: Worker): LinearOperator {
  let calls = 0;
  const matmat = async (X: Block): Promise<Block> => {
    const path = testProductsPath(directory, calls++);
    const input = checksum(X);
    const kept = await keptProduct(path, { ...testProductsIdentity(directory), input }, X);
    if (kept) return kept;
    const startedAt = performance.now();
    const Y = await op.matmat(X);
    await mkdir(dirname(path), { recursive: true });
    await keepTestProducts(directory, path, input, Y, recordWork(worker, (performance.now() - startedAt) / 1000));
    return Y;
  };
  return derive(op, { matmat, matmatByBatch: undefined, adjointMatmat: undefined });
}

/**
 * Certifies the result of a directory and keeps the certificate there.
 * @param space of multivectors in the directory
 * @throws as `apost`, StoreError.
 */
export async function certifyStored(
  directory: Certified & { plan: { seed: number; blockSize: number } },
  space: DiskSpace,
  op: LinearOperator,
  result: EighResult,
  options: ApostOptions & { tests: number },
  worker: Worker,
): Promise<Certificate> {
  await refuseUnwritable(directory.path);
  const { seed, blockSize } = directory.plan;
  const verbs = { kernels: await selectKernels(options.kernels), signal: options.signal };
  const wanted = { tests: options.tests, seed, blockSize };
  const stage = await ensureTests(directory, result, wanted, { space, verbs, worker });
  const scope = space.scope();
  try {
    const vectors = await openTests(directory, stage, scope);
    const keeping = keepProducts(op, directory, worker);
    const all = { ...options, seed, blockSize: stage.blockSize };
    const certificate = await apostWith(keeping, result, all, vectors);
    await saveCertificate(directory, certificate);
    return certificate;
  } finally {
    await scope.close();
  }
}
