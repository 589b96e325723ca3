/** What a stored search for an accuracy has come to: eigenvectors in a file, the certificate, everything else in a record. */
import { rm } from 'node:fs/promises';
import type { DeflatedCertificate } from '../../apost/certificate.ts';
import { StoreError } from '../../core/errors.ts';
import { choice, type Fields, integer } from '../../core/parse.ts';
import { BlockFile } from '../../hdf5/block-file.ts';
import { type HdfDescription, readRecordFile, writeRecordFile } from '../../hdf5/record-file.ts';
import { saveColumns } from '../../hdf5/save.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import type { AdaptiveResult, AdaptiveStatus } from '../../seigh/certified-search.ts';
import { makeEighResult, type RunFacts } from '../../spectrum/result.ts';
import { checkFields, fromAttributes, type Kinds, toAttributes } from '../attributes.ts';
import { certificatePath, loadCertificate, saveCertificate } from '../certificate.ts';
import { fileExists } from '../directory.ts';
import { checkEigenvectors, type ResultFiles } from '../eigenvectors.ts';
import { checkIdentity } from '../identity.ts';
import { recordAttributes, recordFrom, type WorkRecord } from '../record.ts';
import {
  type AccuracyDirectory,
  accuracySpace,
  eigenvectorsPath,
  fileIdentity,
  productsFolder,
  resultPath,
} from './directory.ts';

/** What a result says beside eigenvalues and residual norms. */
interface Scalars {
  status: AdaptiveStatus;
  converged: boolean;
  numMatvecs: number;
  dims: number;
  dropped: number;
  blockSize: number;
  coreAsymmetry: number;
  secondsSketch: number;
  secondsRecovery: number;
}

const KINDS: Kinds<Scalars> = {
  status: 'string',
  converged: 'boolean',
  numMatvecs: 'number',
  dims: 'number',
  dropped: 'number',
  blockSize: 'number',
  coreAsymmetry: 'number',
  secondsSketch: 'number',
  secondsRecovery: 'number',
};

/** What of it is one of a few, or a number of something. */
const FIELDS: Fields = {
  status: choice(['converged', 'maxDims', 'rounding'] satisfies AdaptiveStatus[]),
  numMatvecs: integer(0),
  dims: integer(0),
  dropped: integer(0),
};

/** What can be done about a foreign result. */
const AGAIN = ', or remove the directory to search from the start';

/** Whether a search has ended. */
export const isEnded = (directory: AccuracyDirectory): Promise<boolean> => fileExists(resultPath(directory));

/** Takes away what nothing needs once a search has ended: the same call reads its result. */
export async function removeProducts(directory: AccuracyDirectory): Promise<void> {
  await rm(productsFolder(directory), { recursive: true, force: true });
}

/** Writes a result, its record last: from then on the search has ended. @throws StoreError */
export async function saveResult(
  directory: AccuracyDirectory,
  result: AdaptiveResult,
  work: WorkRecord,
): Promise<void> {
  const { eigenvalues, eigenvectors, residualNorms, noiseFloor, leaveOneOutError, secondsByStage } = result;
  const path = eigenvectorsPath(directory);
  const identity = fileIdentity(directory, 'result');
  const attributes = { ...identity, purpose: 'result', seed: directory.plan.seed };
  await saveColumns(eigenvectors, [{ path, cols: eigenvectors.cols, attributes }]);
  const vectors = await BlockFile.open(path);
  await vectors.close();
  await saveCertificate(directory, result.certificate);
  const { sketch: secondsSketch, recovery: secondsRecovery } = secondsByStage;
  await writeRecordFile(resultPath(directory), {
    attributes: {
      ...identity,
      eigenvectors_crc32: vectors.checksum,
      ...toAttributes(KINDS, { ...result, secondsSketch, secondsRecovery }),
      ...(noiseFloor === undefined ? {} : { noise_floor: noiseFloor }),
      ...(leaveOneOutError === undefined ? {} : { leave_one_out_error: leaveOneOutError }),
      ...recordAttributes(work),
    },
    arrays: {
      eigenvalues: { shape: [eigenvalues.length], data: eigenvalues },
      residual_norms: { shape: [residualNorms.length], data: residualNorms },
    },
    links: [{ path: 'eigenvectors', file: 'eigenvectors.h5', target: '/block' }],
  });
}

/** The record of a result. @throws StoreError naming the file when it is missing, damaged or of another search. */
export async function readResult(directory: AccuracyDirectory): Promise<HdfDescription> {
  const file = resultPath(directory);
  if (!(await fileExists(file))) {
    throw new StoreError(`${directory.path}: the search has not ended; continue it by its command`, {
      path: directory.path,
    });
  }
  const record = await readRecordFile(file, ['eigenvalues', 'residual_norms']);
  checkIdentity(file, record.attributes, fileIdentity(directory, 'result'), AGAIN);
  checkFields(file, fromAttributes(KINDS, file, record.attributes), FIELDS);
  return record;
}

/** The files of a result. */
export const resultFiles = (directory: AccuracyDirectory): ResultFiles => ({
  eigenvectors: eigenvectorsPath(directory),
  record: resultPath(directory),
  identity: fileIdentity(directory, 'result'),
  remedy: AGAIN,
  mayLackChecksum: false,
});

/** Reads a result; its eigenvectors stay in their file. @throws StoreError when a file is missing, damaged or foreign. */
export async function loadResult(directory: AccuracyDirectory, kernels: Kernels): Promise<AdaptiveResult> {
  const record = await readResult(directory);
  await checkEigenvectors(resultFiles(directory), record);
  const certificate = (await loadCertificate(directory)) as DeflatedCertificate | undefined;
  if (!certificate) {
    const file = certificatePath(directory);
    throw new StoreError(`${file} is not there. Put it back${AGAIN}`, { file });
  }
  const { attributes, arrays } = record;
  const { status, converged, secondsSketch, secondsRecovery, coreAsymmetry, ...facts } = fromAttributes(
    KINDS,
    resultPath(directory),
    attributes,
  );
  const { noise_floor: noise, leave_one_out_error: estimate } = attributes;
  const { tol, method, testMatrix, seed } = directory.plan;
  const pairs = {
    values: arrays.eigenvalues!.data,
    vectors: await accuracySpace(directory).open([eigenvectorsPath(directory)]),
    residualNorms: arrays.residual_norms!.data,
    coreAsymmetry,
    ...(noise === undefined ? {} : { noiseFloor: Number(noise) }),
    ...(estimate === undefined ? {} : { leaveOneOutError: Number(estimate) }),
  };
  const { kernels: provider, backend } = recordFrom(attributes);
  const run: RunFacts = {
    ...{ ...facts, method, testMatrix, seed },
    secondsByStage: { sketch: secondsSketch, recovery: secondsRecovery },
    ...(backend === '' ? {} : { backend }),
  };
  return { ...makeEighResult(pairs, run, kernels), kernels: provider, converged, status, tol, certificate };
}
