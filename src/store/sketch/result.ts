/** The eigenpairs of a finished directory as the record that `seigh` returns. */
import { StoreError } from '../../core/errors.ts';
import type { Attributes } from '../../hdf5/messages.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import { METHODS } from '../../seigh/methods.ts';
import { type EighResult, makeEighResult, type SketchSeconds } from '../../spectrum/result.ts';
import { PROBES } from '../fingerprint.ts';
import { RESULT } from '../folders.ts';
import { completeBlocks, derivedColumns, readStage } from './blocks.ts';
import { spaceOf } from './derive.ts';
import { type SketchDirectory, stageFilePath } from './directory.ts';
import { makingOf } from './progress.ts';
import { stagesOf } from './stages.ts';

/** Products with single columns that a complete directory has cost, its probe included. */
async function productsSpent(directory: SketchDirectory): Promise<number> {
  let total = PROBES;
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'measured') {
      total += typeof stage.input === 'string' ? stage.cols : await derivedColumns(directory, stage.input.basis);
    }
  }
  return total;
}

/** What a result says of its eigenvectors. */
interface ResultNumbers {
  attributes: Attributes;
  values: Float64Array;
  residualNorms?: Float64Array;
}

/** @throws StoreError when numbers are missing, or are not as many as there are eigenvectors. */
export async function readNumbers(directory: SketchDirectory): Promise<ResultNumbers> {
  const { method, own } = directory.plan;
  const hasResiduals = METHODS[method].hasResidualNorms(own);
  const names = ['eigenvalues', ...(hasResiduals ? ['residual_norms'] : [])];
  const { attributes, arrays } = await readStage(directory, RESULT, names);
  const file = stageFilePath(directory, RESULT);
  for (const name of names) {
    const { length } = arrays[name]!.data;
    if (length === Number(attributes.columns)) continue;
    throw new StoreError(`${file} has ${length} ${name.replace('_', ' ')}, ${attributes.columns} vectors`, { file });
  }
  const values = arrays.eigenvalues!.data;
  return { attributes, values, ...(hasResiduals ? { residualNorms: arrays.residual_norms!.data } : {}) };
}

/**
 * Reads a result; the eigenvectors stay in their files.
 * @throws StoreError when it is missing or damaged.
 */
export async function loadResult(directory: SketchDirectory, kernels: Kernels): Promise<EighResult<SketchSeconds>> {
  const { method, dims, testMatrix, seed, blockSize } = directory.plan;
  const { attributes, values, residualNorms } = await readNumbers(directory);
  const vectors = await spaceOf(directory).open(await completeBlocks(directory, RESULT, values.length));
  const { leave_one_out_error: leaveOneOutError } = attributes;
  const pairs = {
    values,
    vectors,
    ...(residualNorms ? { residualNorms } : {}),
    ...(leaveOneOutError === undefined ? {} : { leaveOneOutError: Number(leaveOneOutError) }),
    ...(attributes.noise_floor === undefined ? {} : { noiseFloor: Number(attributes.noise_floor) }),
    ...(attributes.orthogonal_error === undefined ? {} : { orthogonalError: true }),
    ...(attributes.assumes === undefined ? {} : { assumes: String(attributes.assumes).split(' ') }),
    coreAsymmetry: Number(attributes.core_asymmetry),
  };
  const facts = {
    numMatvecs: await productsSpent(directory),
    dims,
    dropped: Number(attributes.dropped),
    method,
    testMatrix,
    seed,
    blockSize,
    ...(await makingOf(directory)),
  };
  return { ...makeEighResult(pairs, facts, kernels), kernels: String(attributes.kernels) };
}
