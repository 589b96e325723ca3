/** Derived stages: dense algebra on the blocks that are there, and its outcome as a folder that appears whole. */
import type { Matrix } from '../../core/block.ts';
import type { Control } from '../../core/schedule.ts';
import { type DiskSpace, diskSpace } from '../../hdf5/disk-space.ts';
import type { HdfRecord } from '../../hdf5/record-file.ts';
import type { Kernels } from '../../linalg/kernels/provider.ts';
import type { Multivector } from '../../multivector/multivector.ts';
import { orthonormalise } from '../../multivector/orthonormalise.ts';
import type { Measured, MeasuredStage } from '../../seigh/method.ts';
import { METHODS } from '../../seigh/methods.ts';
import { blockLinks, publishStage } from '../publish.ts';
import { recordAttributes, recordWork, type Worker } from '../record.ts';
import { completeBlocks, derivedColumns, readStage, stageColumns } from './blocks.ts';
import { blockIdentity, type SketchDirectory, stageFolder, stageIdentity } from './directory.ts';
import { sketchOf, tallOf } from './plan.ts';
import { blockCount, type DerivedStage, stagesOf } from './stages.ts';

/** What a derivation needs besides the directory and the stage. */
export interface Deriving extends Control {
  kernels: Kernels;
  worker: Worker;
}

/** Where multivectors of a directory live: its files, and temporary ones beside them. */
export function spaceOf({ path, plan, memory }: SketchDirectory): DiskSpace {
  return diskSpace({ ...tallOf(plan), directory: path, memory, blockSize: plan.blockSize });
}

/** What a stage is made of, to be published. */
interface Outcome {
  columns: Multivector;
  record: Pick<HdfRecord, 'arrays'> & { attributes: HdfRecord['attributes'] };
}

/** Writes a stage's files to a folder that appears whole. */
async function publish(
  directory: SketchDirectory,
  stage: DerivedStage,
  { columns, record }: Outcome,
  next: MeasuredStage | undefined,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { blockSize } = directory.plan;
  const links = next ? blockLinks(next.name, `../${next.name}`, blockCount(columns.cols, blockSize)) : [];
  await publishStage(stageFolder(directory, stage.name), {
    columns,
    blockSize,
    blockAttributes: (block) => blockIdentity(directory, stage.name, block),
    record: { ...record, attributes: { ...stageIdentity(directory, stage.name), ...record.attributes }, links },
    signal,
  });
}

const matrixArray = ({ rows, cols, data }: Matrix) => ({ shape: [rows, cols], data });
const vectorArray = (data: Float64Array) => ({ shape: [data.length], data });

/** Q = orth(Y), and T with Q = Y T, which estimates of the error need. */
async function makeBasis(Y: Multivector, space: DiskSpace, run: Deriving): Promise<Outcome> {
  const { basis, T, dropped, defect } = await orthonormalise(Y, space, run);
  return { columns: basis, record: { attributes: { dropped, defect }, arrays: { T: matrixArray(await T()) } } };
}

/** T of the first basis, where the method makes one and it has dropped no direction. */
async function readFirstT(directory: SketchDirectory): Promise<Measured['T']> {
  const basis = stagesOf(directory.plan).find((stage) => stage.kind === 'derived');
  if (basis?.kind !== 'derived' || basis.makes !== 'basis') return undefined;
  const { attributes, arrays } = await readStage(directory, basis.name, ['T']);
  const [rows, cols] = arrays.T!.shape as [number, number];
  const T = { rows, cols, data: arrays.T!.data };
  return Number(attributes.dropped) === 0 ? async () => T : undefined;
}

/** The eigenpairs by the method of the plan. */
async function makeResult(
  directory: SketchDirectory,
  inputs: Multivector[],
  space: DiskSpace,
  run: Deriving,
): Promise<Outcome> {
  const { plan } = directory;
  const recovery = { ...sketchOf(plan), kernels: run.kernels, space, signal: run.signal };
  const T = await readFirstT(directory);
  const { pairs, dropped } = await METHODS[plan.method].recover({ blocks: inputs, T }, recovery);
  const { values, vectors, residualNorms, noiseFloor, orthogonalError, leaveOneOutError, assumes, coreAsymmetry } =
    pairs;
  return {
    columns: vectors,
    record: {
      attributes: {
        dropped,
        core_asymmetry: coreAsymmetry,
        ...(noiseFloor === undefined ? {} : { noise_floor: noiseFloor }),
        ...(orthogonalError ? { orthogonal_error: 1 } : {}),
        ...(leaveOneOutError === undefined ? {} : { leave_one_out_error: leaveOneOutError }),
        ...(assumes ? { assumes: assumes.join(' ') } : {}),
      },
      arrays: {
        eigenvalues: vectorArray(values),
        ...(residualNorms ? { residual_norms: vectorArray(residualNorms) } : {}),
      },
    },
  };
}

/**
 * Makes a derived stage from the ones before it.
 * @throws StoreError that lists the blocks that are missing, or names a damaged one.
 */
export async function deriveStage(directory: SketchDirectory, stage: DerivedStage, run: Deriving): Promise<void> {
  const { signal, worker } = run;
  const stages = stagesOf(directory.plan);
  const paths: string[][] = [];
  for (const name of stage.from) {
    const from = stages.find((each) => each.name === name)!;
    const cols = from.kind === 'derived' ? await derivedColumns(directory, name) : await stageColumns(directory, from);
    paths.push(await completeBlocks(directory, name, cols));
  }
  const next = stages.find(
    (each): each is MeasuredStage =>
      each.kind === 'measured' && typeof each.input !== 'string' && each.input.basis === stage.name,
  );
  const space = spaceOf(directory).scope();
  const startedAt = performance.now();
  try {
    const inputs: Multivector[] = [];
    for (const each of paths) inputs.push(await space.open(each));
    const { columns, record } =
      stage.makes === 'basis'
        ? await makeBasis(inputs[0]!, space, run)
        : await makeResult(directory, inputs, space, run);
    const attributes = {
      ...record.attributes,
      ...recordAttributes(recordWork(worker, (performance.now() - startedAt) / 1000)),
    };
    await publish(directory, stage, { columns, record: { ...record, attributes } }, next, signal);
  } finally {
    await space.close();
  }
}
