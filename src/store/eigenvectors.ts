/** A file of eigenvectors and the record beside it, in directories whose results have both. */
import { StoreError } from '../core/errors.ts';
import { BlockFile } from '../hdf5/block-file.ts';
import type { DiskSpace } from '../hdf5/disk-space.ts';
import type { Attributes } from '../hdf5/messages.ts';
import type { HdfDescription } from '../hdf5/record-file.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkOrthonormal, checkPairs } from './chain.ts';
import { checkIdentity } from './identity.ts';

/** The two files, and what both say of themselves. */
export interface ResultFiles {
  eigenvectors: string;
  record: string;
  identity: Attributes;
  /** What can be done about a foreign one. */
  remedy: string;
  /** Records from before they had the checksum of the eigenvectors are accepted. */
  mayLackChecksum: boolean;
}

/** @throws StoreError naming the file unless the eigenvectors are those of the record. */
export async function checkEigenvectors(
  { eigenvectors: path, record, identity, remedy, mayLackChecksum }: ResultFiles,
  { attributes, arrays }: HdfDescription,
): Promise<void> {
  const file = await BlockFile.open(path);
  await file.close();
  checkIdentity(path, file.attributes, identity, remedy);
  const checksum = attributes.eigenvectors_crc32 ?? (mayLackChecksum ? file.checksum : undefined);
  const [pairs, norms] = [arrays.eigenvalues!.data.length, arrays.residual_norms!.data.length];
  if (file.checksum === checksum && file.cols === pairs && pairs === norms) return;
  throw new StoreError(`${path} has other eigenvectors than those of ${record}`, { path });
}

/** Orthonormal eigenvectors that belong to the record, and with an operator its own. @throws StoreError */
export async function checkResult(
  files: ResultFiles,
  record: HdfDescription,
  directorySpace: DiskSpace,
  op: LinearOperator | undefined,
): Promise<void> {
  await checkEigenvectors(files, record);
  const space = directorySpace.scope();
  try {
    const file = files.eigenvectors;
    const X = await space.open([file]);
    await checkOrthonormal(file, X, 0);
    const { eigenvalues, residual_norms } = record.arrays;
    if (op) await checkPairs(file, op, X, eigenvalues!.data, residual_norms!.data);
  } finally {
    await space.close();
  }
}
