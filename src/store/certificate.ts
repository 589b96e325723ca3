/** The certificate of a stored result; its test products are kept like all others, so that it too continues where it was stopped. */
import { mkdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { apost } from '../apost/apost.ts';
import type { Certificate } from '../apost/certificate.ts';
import type { ApostOptions } from '../apost/options.ts';
import { readCertificate } from '../apost/read-certificate.ts';
import type { Block } from '../core/block.ts';
import { writeBlockFile } from '../hdf5/block-writer.ts';
import type { Attributes } from '../hdf5/messages.ts';
import { replaceFile } from '../hdf5/temporary.ts';
import { derive } from '../linops/define.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { EighResult } from '../spectrum/result.ts';
import { checksum, keptProduct } from './blocks.ts';
import { blockName, readJsonFile } from './directory.ts';
import { refuseUnwritable } from './disk.ts';
import { checkIdentity } from './identity.ts';
import { recordAttributes, recordWork, type Worker } from './record.ts';

/** The folder of the test products. */
export const CERTIFICATE = 'certificate';

export const certificatePath = ({ path }: Pick<Certified, 'path'>): string => join(path, 'certificate.json');

/** The file of one block of test products. */
export const testProductsPath = ({ path }: Pick<Certified, 'path'>, block: number): string =>
  join(path, CERTIFICATE, blockName(block));

/** What it says of itself. */
export const testProductsIdentity = (directory: Certified): Attributes => ({ ...ofRun(directory), stage: CERTIFICATE });

/**
 * The operator, whose i-th product is read from the i-th file of the test products where that holds the product with the very same
 * columns, and else made and written there. A computation that is repeated so repeats no product.
 */
export function keepProducts(op: LinearOperator, directory: Certified, worker: Worker): LinearOperator {
  let calls = 0;
  const matmat = async (X: Block): Promise<Block> => {
    const path = testProductsPath(directory, calls++);
    const input = checksum(X);
    const identity = { ...testProductsIdentity(directory), input };
    const kept = await keptProduct(path, identity, X);
    if (kept) return kept;
    const startedAt = performance.now();
    const Y = await op.matmat(X);
    const record = recordWork(worker, (performance.now() - startedAt) / 1000);
    await mkdir(dirname(path), { recursive: true });
    await writeBlockFile(path, Y, { purpose: 'test', ...identity, ...recordAttributes(record) });
    return Y;
  };
  return derive(op, { matmat, matmatByBatch: undefined, adjointMatmat: undefined });
}

/** What of a directory a certificate depends on. */
export interface Certified {
  path: string;
  /** Name of the run; undefined in directories from before files had it. */
  run: string | undefined;
}

const ofRun = ({ run }: Certified): Attributes => (run === undefined ? {} : { run });

/** The certificate of a directory, if it has one. @throws StoreError for one that cannot be read, or of another run. */
export async function loadCertificate(directory: Certified): Promise<Certificate | undefined> {
  const file = certificatePath(directory);
  const value = await readJsonFile(file);
  if (value === undefined) return undefined;
  const { run, ...certificate } = (value ?? {}) as Record<string, unknown>;
  const read = readCertificate(`${file}: the certificate`, certificate);
  const attributes = typeof run === 'string' ? { run } : {};
  checkIdentity(file, attributes, ofRun(directory), ', or remove it to make it again');
  return read;
}

/** Whether a certificate is what these options ask for; what they leave open it may have either way. */
export function isAsAsked(
  certificate: Certificate | undefined,
  { tests, confidence }: Pick<ApostOptions, 'tests' | 'confidence'>,
): boolean {
  if (!certificate || certificate.tests !== tests) return false;
  return confidence === undefined || certificate.confidence === confidence;
}

function saveCertificate(directory: Certified, certificate: Certificate): Promise<void> {
  const text = JSON.stringify({ ...ofRun(directory), ...certificate }, null, 2);
  return replaceFile(certificatePath(directory), (handle) => handle.writeFile(`${text}\n`));
}

/** Certifies the result of a directory and keeps the certificate there. @throws as `apost`, StoreError. */
export async function certifyStored(
  directory: Certified & { plan: { seed: number; blockSize: number } },
  op: LinearOperator,
  result: EighResult,
  options: ApostOptions,
  worker: Worker,
): Promise<Certificate> {
  await refuseUnwritable(directory.path);
  const keeping = keepProducts(op, directory, worker);
  const { blockSize } = directory.plan;
  const certificate = await apost(keeping, result, { seed: directory.plan.seed, blockSize, ...options });
  await saveCertificate(directory, certificate);
  return certificate;
}
