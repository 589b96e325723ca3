/** Checking every byte of a stored search for an accuracy, and that its numbers follow from each other. */
import { StoreError } from '../../core/errors.ts';
import { readRecordFile } from '../../hdf5/record-file.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { readWholeFile } from '../blocks.ts';
import { probePath } from '../directory.ts';
import { checkResult } from '../eigenvectors.ts';
import { FileCheck, type Verification, verifyCertificate } from '../file-check.ts';
import { measureProbe, refuseOtherOperator } from '../fingerprint.ts';
import { checkIdentity } from '../identity.ts';
import {
  type AccuracyDirectory,
  accuracyName,
  accuracyPath,
  accuracySpace,
  eigenvectorsPath,
  keptProducts,
  productFiles,
  resultPath,
} from './directory.ts';
import { isEnded, readResult, resultFiles } from './result.ts';

/** The probe is part of the name of the search. */
async function checkProbe(directory: AccuracyDirectory): Promise<void> {
  const { run, plan } = directory;
  const file = probePath(directory);
  if (accuracyName(plan, await readWholeFile(file)) === run) return;
  throw new StoreError(`${file} belongs to another search than ${accuracyPath(directory)}`, { file });
}

/**
 * Reads all files and holds them against their checksums and each other; nothing is thrown for a damaged one.
 * @param op with it products are made again: two of a probe and two of eigenvectors
 */
export async function verifyAccuracy(
  directory: AccuracyDirectory,
  op?: LinearOperator,
  signal?: AbortSignal,
): Promise<Verification> {
  const { n: rows, dtype } = directory.plan;
  const check = new FileCheck(signal);
  const probe = probePath(directory);
  await check.read(accuracyPath(directory), () => readRecordFile(accuracyPath(directory)));
  await check.block(probe, { rows, dtype });
  await check.chain(probe, () => checkProbe(directory));
  const { path, identity } = productFiles(directory);
  for (const index of await keptProducts(directory)) {
    const file = path(index);
    await check.block(file, { rows, dtype }, (attributes) =>
      checkIdentity(file, attributes, identity(index), ', or remove it to make it again'),
    );
  }
  const hasResult = await isEnded(directory);
  if (hasResult) {
    await check.read(resultPath(directory), () => readResult(directory));
    await check.block(eigenvectorsPath(directory), { rows, dtype });
  }
  await verifyCertificate(directory, check);
  if (op) {
    await check.chain(probe, async () =>
      refuseOtherOperator(probe, op, await readWholeFile(probe), await measureProbe(op)),
    );
  }
  if (hasResult) {
    await check.chain(eigenvectorsPath(directory), async () =>
      checkResult(resultFiles(directory), await readResult(directory), accuracySpace(directory), op),
    );
  }
  return check.verification;
}
