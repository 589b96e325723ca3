/** The certificate of a stored sketch; its test products are kept like all others, so that it too continues where it was stopped. */
import { mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type ApostOptions, apost } from '../../apost/apost.ts';
import { CERTIFICATE_SCHEMA, type Certificate } from '../../apost/certificate.ts';
import type { Block } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import { writeBlockFile } from '../../hdf5/block-writer.ts';
import { storeError, syncDirectory } from '../../hdf5/io.ts';
import { temporaryName } from '../../hdf5/temporary.ts';
import { derive } from '../../linops/define.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import type { EighResult } from '../../spectrum/result.ts';
import { checksum, keptProduct } from '../blocks.ts';
import { recordAttributes, recordWork, type Worker } from '../record.ts';
import { blockPath, type SketchDirectory, stageFolder } from './directory.ts';
import { CERTIFICATE } from './stages.ts';

export const certificatePath = ({ path }: SketchDirectory): string => join(path, 'certificate.json');

/**
 * The operator, whose i-th product is read from the i-th file of a stage where that holds the product with the very same
 * columns, and else made and written there. A computation that is repeated so repeats no product.
 */
export function keepProducts(
  op: LinearOperator,
  directory: SketchDirectory,
  stage: string,
  worker: Worker,
): LinearOperator {
  let calls = 0;
  const matmat = async (X: Block): Promise<Block> => {
    const path = blockPath(directory, stage, calls++);
    const input = checksum(X);
    const kept = await keptProduct(path, input, X.cols);
    if (kept) return kept;
    const startedAt = performance.now();
    const Y = await op.matmat(X);
    const record = recordWork(worker, (performance.now() - startedAt) / 1000);
    await mkdir(stageFolder(directory, stage), { recursive: true });
    await writeBlockFile(path, Y, { purpose: 'test', stage, input, ...recordAttributes(record) });
    return Y;
  };
  return derive(op, { matmat, matmatByBatch: undefined, adjointMatmat: undefined });
}

/** The certificate of a directory, if it has one. @throws StoreError for one that cannot be read. */
export async function loadCertificate(directory: SketchDirectory): Promise<Certificate | undefined> {
  const file = certificatePath(directory);
  let text: string;
  try {
    text = await readFile(file, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw storeError(file, 'read', cause);
  }
  try {
    const certificate = JSON.parse(text) as Certificate;
    if (certificate.schema === CERTIFICATE_SCHEMA) return certificate;
    throw new StoreError(`${file}: schema version ${certificate.schema}, this version reads ${CERTIFICATE_SCHEMA}`, {});
  } catch (cause) {
    throw cause instanceof StoreError ? cause : new StoreError(`${file}: damaged: it is not JSON`, { file }, { cause });
  }
}

/** Whether a certificate is what these options ask for; what they leave open it may have either way. */
export function isAsAsked(
  certificate: Certificate | undefined,
  { tests, confidence }: Pick<ApostOptions, 'tests' | 'confidence'>,
): boolean {
  if (!certificate || certificate.tests !== tests) return false;
  return confidence === undefined || certificate.confidence === confidence;
}

async function saveCertificate(directory: SketchDirectory, certificate: Certificate): Promise<void> {
  const file = certificatePath(directory);
  const temporary = temporaryName(file);
  try {
    const handle = await open(temporary, 'wx');
    try {
      await handle.writeFile(`${JSON.stringify(certificate, null, 2)}\n`);
      await handle.sync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
    await syncDirectory(file);
  } catch (cause) {
    await rm(temporary, { force: true });
    throw storeError(file, 'write', cause);
  }
}

/** Certifies the result of a directory and keeps the certificate there. @throws as `apost`, StoreError. */
export async function certifyStored(
  directory: SketchDirectory,
  op: LinearOperator,
  result: EighResult,
  options: ApostOptions,
  worker: Worker,
): Promise<Certificate> {
  const keeping = keepProducts(op, directory, CERTIFICATE, worker);
  const { blockSize } = directory.plan;
  const certificate = await apost(keeping, result, { seed: directory.plan.seed, blockSize, ...options });
  await saveCertificate(directory, certificate);
  return certificate;
}
