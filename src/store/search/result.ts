/** What a stored search has come to: eigenvectors in a file, everything else in a record. */
import { rm } from 'node:fs/promises';
import { choice, type Fields, integer } from '../../core/parse.ts';
import type { Completeness } from '../../eigsh/completeness.ts';
import type { EigshStatus } from '../../eigsh/iteration.ts';
import type { EigshResult } from '../../eigsh/result.ts';
import type { SearchSeconds } from '../../eigsh/stopwatch.ts';
import { BlockFile } from '../../hdf5/block-file.ts';
import type { DiskSpace } from '../../hdf5/disk-space.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import { type HdfDescription, readRecordFile, writeRecordFile } from '../../hdf5/record-file.ts';
import { saveColumns } from '../../hdf5/save.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import { makeEighResult, type RunFacts } from '../../spectrum/result.ts';
import { checkFields, fromAttributes, type Kinds, toAttributes } from '../attributes.ts';
import { certificatePath } from '../certificate.ts';
import { fileExists } from '../directory.ts';
import { checkEigenvectors, type ResultFiles } from '../eigenvectors.ts';
import { checkIdentity } from '../identity.ts';
import { recordAttributes, recordFrom, type WorkRecord } from '../record.ts';
import {
  eigenvectorsPath,
  fileIdentity,
  productPath,
  removeOtherColumns,
  resultPath,
  type SearchDirectory,
  statePath,
} from './directory.ts';

/** What a result says beside eigenvalues and residual norms. */
interface Scalars {
  stopped: EigshStatus;
  converged: boolean;
  complete: boolean;
  numConverged: number;
  numMatvecs: number;
  restarts: number;
  dims: number;
  noiseFloor: number;
  coreAsymmetry: number;
  secondsProducts: number;
  secondsOther: number;
}

const KINDS: Kinds<Scalars> = {
  stopped: 'string',
  converged: 'boolean',
  complete: 'boolean',
  numConverged: 'number',
  numMatvecs: 'number',
  restarts: 'number',
  dims: 'number',
  noiseFloor: 'number',
  coreAsymmetry: 'number',
  secondsProducts: 'number',
  secondsOther: 'number',
};

/** What of it is one of a few, or a number of something. */
const FIELDS: Fields = {
  stopped: choice(['converged', 'noise', 'maxProducts', 'signal'] satisfies EigshStatus[]),
  numConverged: integer(0),
  numMatvecs: integer(0),
  restarts: integer(0),
  dims: integer(0),
};

function completenessAttributes(completeness: Completeness | undefined): Attributes {
  if (!completeness) return {};
  const { confidence, upperBound, lowerBound, complete, productsNeeded, numMatvecs } = completeness;
  return {
    completeness_confidence: confidence,
    ...(upperBound === undefined ? {} : { completeness_upper: upperBound }),
    ...(lowerBound === undefined ? {} : { completeness_lower: lowerBound }),
    completeness_complete: complete ? 1 : 0,
    ...(productsNeeded === undefined ? {} : { completeness_products_needed: productsNeeded }),
    completeness_num_matvecs: numMatvecs,
  };
}

function completenessFrom(attributes: Attributes): Completeness | undefined {
  const {
    completeness_confidence: confidence,
    completeness_upper: upperBound,
    completeness_lower: lowerBound,
    completeness_complete: complete,
    completeness_products_needed: productsNeeded,
    completeness_num_matvecs: numMatvecs,
  } = attributes;
  if (confidence === undefined) return undefined;
  return {
    confidence: Number(confidence),
    ...(upperBound === undefined ? {} : { upperBound: Number(upperBound) }),
    ...(lowerBound === undefined ? {} : { lowerBound: Number(lowerBound) }),
    complete: Boolean(complete),
    ...(productsNeeded === undefined ? {} : { productsNeeded: Number(productsNeeded) }),
    numMatvecs: Number(numMatvecs),
  };
}

/** What can be done about a foreign result. */
const AGAIN = ', or remove result.h5 to make it again from what the search has kept';

/** More products change nothing about it. */
const isFinal = (status: EigshStatus): boolean => status === 'converged' || status === 'noise';

/** Takes a result away before the search goes on: it is there only while it belongs to where the search stands. */
export async function removeResult(directory: SearchDirectory): Promise<void> {
  await rm(certificatePath(directory), { force: true });
  await rm(resultPath(directory), { force: true });
}

/** Writes a result. Of one that is final nothing else is needed any more, and the basis goes. @throws StoreError */
export async function saveResult(directory: SearchDirectory, result: EigshResult, work: WorkRecord): Promise<void> {
  const { eigenvalues, eigenvectors, residualNorms, completeness, secondsByStage } = result;
  const { seed } = directory.plan;
  const path = eigenvectorsPath(directory);
  const identity = fileIdentity(directory, 'result');
  await saveColumns(eigenvectors, [{ path, cols: eigenvectors.cols, attributes: { ...identity, seed } }]);
  const vectors = await BlockFile.open(path);
  await vectors.close();
  const { products: secondsProducts, other: secondsOther } = secondsByStage;
  const scalars = { ...result, stopped: result.status, secondsProducts, secondsOther };
  await writeRecordFile(resultPath(directory), {
    attributes: {
      ...identity,
      // a search that was gone on with has had other eigenvectors before
      eigenvectors_crc32: vectors.checksum,
      ...toAttributes(KINDS, scalars),
      ...completenessAttributes(completeness),
      ...recordAttributes(work),
    },
    arrays: {
      eigenvalues: { shape: [eigenvalues.length], data: eigenvalues },
      residual_norms: { shape: [residualNorms.length], data: residualNorms },
    },
    links: [{ path: 'eigenvectors', file: 'eigenvectors.h5', target: '/block' }],
  });
  if (isFinal(result.status)) await removeBasis(directory);
}

async function removeBasis(directory: SearchDirectory): Promise<void> {
  await rm(statePath(directory), { force: true });
  await rm(productPath(directory), { force: true });
  await removeOtherColumns(directory, []);
}

/** The record of a result. @throws StoreError naming the file when it is missing, damaged or of another search. */
export async function readResult(directory: SearchDirectory): Promise<HdfDescription> {
  const file = resultPath(directory);
  const record = await readRecordFile(file, ['eigenvalues', 'residual_norms']);
  checkIdentity(file, record.attributes, fileIdentity(directory, 'result'), AGAIN);
  checkFields(file, fromAttributes(KINDS, file, record.attributes), FIELDS);
  return record;
}

/** The files of a result. */
export const resultFiles = (directory: SearchDirectory): ResultFiles => ({
  eigenvectors: eigenvectorsPath(directory),
  record: resultPath(directory),
  identity: fileIdentity(directory, 'result'),
  remedy: AGAIN,
  mayLackChecksum: true,
});

/** Reads a result; its eigenvectors stay in their file. @throws StoreError when a file is missing, damaged or foreign. */
export async function loadResult(directory: SearchDirectory, space: DiskSpace, kernels: Kernels): Promise<EigshResult> {
  const file = resultPath(directory);
  const record = await readResult(directory);
  await checkEigenvectors(resultFiles(directory), record);
  const { attributes, arrays } = record;
  const { stopped, secondsProducts, secondsOther, coreAsymmetry, numMatvecs, dims, ...facts } = fromAttributes(
    KINDS,
    file,
    attributes,
  );
  const { tol, seed, blockSize } = directory.plan;
  const residualNorms = arrays.residual_norms!.data;
  const vectors = await space.open([eigenvectorsPath(directory)]);
  const pairs = { values: arrays.eigenvalues!.data, vectors, residualNorms, coreAsymmetry };
  const { kernels: provider, backend } = recordFrom(attributes);
  const run: RunFacts<SearchSeconds> = {
    ...{ numMatvecs, dims, dropped: 0, method: 'krylov', testMatrix: 'gaussian', seed, blockSize },
    secondsByStage: { products: secondsProducts, other: secondsOther },
    ...(backend === '' ? {} : { backend }),
  };
  const completeness = completenessFrom(attributes);
  return {
    ...makeEighResult(pairs, run, kernels),
    ...facts,
    status: stopped,
    residualNorms,
    kernels: provider,
    tol,
    ...(completeness ? { completeness } : {}),
  };
}

/** Whether a search has come to a result that no product can add to. @throws StoreError for a damaged one. */
export async function isEnded(directory: SearchDirectory): Promise<boolean> {
  if (!(await fileExists(resultPath(directory)))) return false;
  const { attributes } = await readResult(directory);
  return isFinal(attributes.stopped as EigshStatus);
}

/** Takes away what of a search nothing needs that has ended: a process may have been stopped before it did. */
export async function clearEnded(directory: SearchDirectory): Promise<void> {
  // on a disk that is only read, it stays
  await removeBasis(directory).catch(() => undefined);
}
