/** What a stored search has come to: eigenvectors in a file, everything else in a record. */
import { rm } from 'node:fs/promises';
import type { Completeness } from '../../eigsh/completeness.ts';
import type { EigshStatus } from '../../eigsh/iteration.ts';
import type { EigshResult } from '../../eigsh/result.ts';
import type { SearchSeconds } from '../../eigsh/stopwatch.ts';
import type { DiskSpace } from '../../hdf5/disk-space.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import { readRecordFile, writeRecordFile } from '../../hdf5/record-file.ts';
import { saveColumns } from '../../hdf5/save.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import { makeEighResult, type RunFacts } from '../../spectrum/result.ts';
import { fromAttributes, type Kinds, toAttributes } from '../attributes.ts';
import { fileExists } from '../directory.ts';
import { recordAttributes, recordFrom, type WorkRecord } from '../record.ts';
import {
  eigenvectorsPath,
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

/** More products change nothing about it. */
const isFinal = (status: EigshStatus): boolean => status === 'converged' || status === 'noise';

/** Takes a result away before the search goes on: it is there only while it belongs to where the search stands. */
export const removeResult = (directory: SearchDirectory): Promise<void> => rm(resultPath(directory), { force: true });

/** Writes a result. Of one that is final nothing else is needed any more, and the basis goes. @throws StoreError */
export async function saveResult(directory: SearchDirectory, result: EigshResult, work: WorkRecord): Promise<void> {
  const { eigenvalues, eigenvectors, residualNorms, completeness, secondsByStage } = result;
  const { seed } = directory.plan;
  const path = eigenvectorsPath(directory);
  await saveColumns(eigenvectors, [{ path, cols: eigenvectors.cols, attributes: { stage: 'result', seed } }]);
  const { products: secondsProducts, other: secondsOther } = secondsByStage;
  const scalars = { ...result, stopped: result.status, secondsProducts, secondsOther };
  await writeRecordFile(resultPath(directory), {
    attributes: { ...toAttributes(KINDS, scalars), ...completenessAttributes(completeness), ...recordAttributes(work) },
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

/** Reads a result; its eigenvectors stay in their file. @throws StoreError when a file is missing or damaged. */
export async function loadResult(directory: SearchDirectory, space: DiskSpace, kernels: Kernels): Promise<EigshResult> {
  const file = resultPath(directory);
  const { attributes, arrays } = await readRecordFile(file, ['eigenvalues', 'residual_norms']);
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

/** The result of a search that no product can add to, if it has come to one. @throws StoreError for a damaged one. */
export async function finalResult(
  directory: SearchDirectory,
  space: DiskSpace,
  kernels: Kernels,
): Promise<EigshResult | undefined> {
  if (!(await fileExists(resultPath(directory)))) return undefined;
  const result = await loadResult(directory, space, kernels);
  if (!isFinal(result.status)) {
    await space.release(result.eigenvectors);
    return undefined;
  }
  // a process may have ended between the two
  await removeBasis(directory);
  return result;
}
