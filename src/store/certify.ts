/** Certifying a stored result; its test products are kept like all others, so that it too continues where it was stopped. */
import { apostWith } from '../apost/apost.ts';
import type { Certificate } from '../apost/certificate.ts';
import type { ApostOptions } from '../apost/options.ts';
import type { DiskSpace } from '../hdf5/disk-space.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { EighResult } from '../spectrum/result.ts';
import { type Certified, saveCertificate, testProductsIdentity, testProductsPath } from './certificate.ts';
import { refuseUnwritable } from './disk.ts';
import { keepingProducts, type ProductFiles } from './kept-products.ts';
import type { Worker } from './record.ts';
import { ensureTests, openTests } from './test-vectors.ts';

/** The files of the products with test vectors. */
export const testProductFiles = (directory: Certified): ProductFiles => ({
  path: (block) => testProductsPath(directory, block),
  identity: (block) => testProductsIdentity(directory, block),
  purpose: 'test',
});

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
    const keeping = keepingProducts(op, testProductFiles(directory), worker);
    const all = { ...options, seed, blockSize: stage.blockSize };
    const certificate = await apostWith(keeping, result, all, vectors);
    await saveCertificate(directory, certificate);
    return certificate;
  } finally {
    await scope.close();
  }
}
