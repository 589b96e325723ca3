/** `seigh` in a directory: each step leaves files, and what is there is not done again. */
import type { Control } from '../../core/schedule.ts';
import { selectKernels } from '../../linalg/kernels/select.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import type { Run } from '../../seigh/method.ts';
import type { SketchCall } from '../../seigh/options.ts';
import { prepareBlocks } from '../../sketch/block-size.ts';
import type { EighResult, SketchSeconds } from '../../spectrum/result.ts';
import { isDirectoryOf, refuseOtherPlan, refuseSmallMemory, SKETCH } from '../directory.ts';
import { refuseFullDisk, refuseUnwritable } from '../disk.ts';
import { openForOperator } from '../open.ts';
import { workerOf } from '../record.ts';
import { shardName, WHOLE } from '../shard.ts';
import { inTurn } from '../turn.ts';
import { costOf } from './cost.ts';
import { deriveStage } from './derive.ts';
import {
  clearDirectory,
  createDirectory,
  descriptionPath,
  type OperatorOrigin,
  openDirectory,
  type SketchDirectory,
} from './directory.ts';
import { measureStage } from './measure.ts';
import { budgetOf, flatPlan, planOf, type StoredPlan, tallOf } from './plan.ts';
import { isFinished, stageIsThere } from './progress.ts';
import { loadResult } from './result.ts';
import { stagesOf } from './stages.ts';

/** What a new directory is to be, and an existing one must be. */
export interface SketchRequest {
  plan: StoredPlan;
  /** Choices that the caller left open: an existing directory may have made them otherwise. */
  free: readonly string[];
  /** What made the operator. */
  origin: OperatorOrigin;
}

/**
 * Opens the sketch directory `path` for products of `op`.
 * @param memory for this process, in bytes; default: what the directory was made with
 * @param request makes the directory where there is none; without it there must be one
 * @throws StoreError for a folder that is no sketch, a sketch of another operator, or one with other choices; ArgumentError
 * when its blocks are too wide for the memory.
 */
export async function openSketch(
  path: string,
  op: LinearOperator,
  memory: number | undefined,
  request?: SketchRequest,
): Promise<SketchDirectory> {
  const directory = await openForOperator(op, {
    isThere: async () => request === undefined || isDirectoryOf(SKETCH, path),
    open: () => openDirectory(path, memory),
    create: (probe) => createDirectory(path, request!.plan, request!.origin, probe),
    check(directory) {
      const { plan } = directory;
      if (request) {
        const free = ['memory', ...request.free];
        refuseOtherPlan(descriptionPath(directory), flatPlan(plan), flatPlan(request.plan), free);
      }
      refuseSmallMemory(directory.memory, tallOf(plan), plan.blockSize);
    },
  });
  await clearDirectory(directory);
  return directory;
}

/**
 * The directory that is there, which is only read where it is finished.
 * @throws StoreError for a folder of anything else, and where nothing can be written and something is left to do.
 */
export async function existingSketch(path: string): Promise<SketchDirectory | undefined> {
  const existing = (await isDirectoryOf(SKETCH, path)) ? await openDirectory(path) : undefined;
  if (!existing || !(await isFinished(existing))) await refuseUnwritable(path);
  return existing;
}

/** Does what is missing, stage by stage. */
export async function finishDirectory(
  directory: SketchDirectory,
  { op, kernels, onProgress, signal }: Pick<Run, 'op' | 'kernels' | 'onProgress' | 'signal'>,
): Promise<EighResult<SketchSeconds>> {
  const worker = workerOf(op, kernels.name, shardName(WHOLE));
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'measured') {
      await measureStage(directory, stage, { op, shard: WHOLE, worker, onProgress, signal });
    } else if (!(await stageIsThere(directory, stage))) {
      await deriveStage(directory, stage, { kernels, worker, onProgress, signal });
    }
  }
  return loadResult(directory, kernels);
}

/** What a call asks for, on this machine. @throws ArgumentError when its memory is too small, before anything is calibrated. */
export async function requestOf(call: SketchCall, origin: OperatorOrigin = { operator: '' }): Promise<SketchRequest> {
  const { op, dims, settings } = call;
  const { blockColumns } = budgetOf(call);
  const blockSize = await prepareBlocks(op, dims, settings.blockSize, blockColumns);
  return { plan: planOf(call, blockSize), free: settings.blockSize === undefined ? ['blockSize'] : [], origin };
}

/**
 * The decomposition of a parsed call in its directory, which is made or continued.
 * @throws StoreError when the directory belongs to another run or operator, is damaged or cannot be written.
 */
export function storedSeigh(call: SketchCall, control: Control): Promise<EighResult<SketchSeconds>> {
  const { op, settings } = call;
  const path = settings.store!;
  return inTurn(path, control.signal, async () => {
    const existing = await existingSketch(path);
    const request = await requestOf(call);
    if (!existing) await refuseFullDisk(path, costOf(request.plan).bytes, 'make room, or take another disk');
    const kernels = await selectKernels(settings.kernels);
    const directory = await openSketch(path, op, settings.memory, request);
    return finishDirectory(directory, { op, kernels, ...control });
  });
}
