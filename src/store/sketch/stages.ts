/** The steps from an operator to a result, each of which leaves files that the next one reads. */
import { ArgumentError } from '../../core/errors.ts';
import type { MeasuredStage } from '../../seigh/method.ts';
import { METHODS } from '../../seigh/methods.ts';
import type { ColumnRange } from '../../sketch/measure.ts';
import { RESULT } from '../folders.ts';
import { type StoredPlan, sketchOf } from './plan.ts';

/** Dense algebra on what is there: done by one process, and there whole or not at all. */
export interface DerivedStage {
  kind: 'derived';
  name: string;
  /** An orthonormal basis of one measured stage, or the eigenpairs. */
  makes: 'basis' | 'result';
  /** Names of the stages it reads. */
  from: string[];
}

export type Stage = MeasuredStage | DerivedStage;

/** The stages of a plan, in the order in which they can be done: the steps of its method, then the eigenpairs. */
export function stagesOf(plan: StoredPlan): Stage[] {
  const { steps, recoveredFrom } = METHODS[plan.method].stages!(sketchOf(plan));
  const stages = steps.map((step): Stage => {
    if (step.kind === 'measured') return step;
    return { kind: 'derived', name: step.name, makes: 'basis', from: [step.from] };
  });
  return [...stages, { kind: 'derived', name: RESULT, makes: 'result', from: recoveredFrom }];
}

function refuseStage(name: string, stages: readonly Stage[], kind: Stage['kind']): never {
  const names = stages.filter((stage) => stage.kind === kind).map((stage) => stage.name);
  throw new ArgumentError(`the ${kind} stages of this run are ${names.join(', ')}, got '${name}'`, { name });
}

/** @throws ArgumentError unless the plan measures a stage of that name. */
export function measuredStageNamed(plan: StoredPlan, name: string): MeasuredStage {
  const stages = stagesOf(plan);
  const stage = stages.find((each) => each.name === name);
  return stage?.kind === 'measured' ? stage : refuseStage(name, stages, 'measured');
}

/** The derived stages of a plan up to the one of that name. @throws ArgumentError unless there is one. */
export function derivedStagesUpTo(plan: StoredPlan, name: string): DerivedStage[] {
  const stages = stagesOf(plan);
  const derived = stages.filter((stage) => stage.kind === 'derived');
  const last = derived.findIndex((stage) => stage.name === name);
  return last < 0 ? refuseStage(name, stages, 'derived') : derived.slice(0, last + 1);
}

/** How many files `cols` columns take. */
export const blockCount = (cols: number, blockSize: number): number => Math.ceil(cols / blockSize);

/** The columns of one file. */
export function blockRange(cols: number, blockSize: number, block: number): ColumnRange {
  const start = block * blockSize;
  return { start, end: Math.min(start + blockSize, cols) };
}
