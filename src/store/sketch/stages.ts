/** The steps from an operator to a result, each of which leaves files that the next one reads. */
import { ArgumentError } from '../../core/errors.ts';
import type { StoredPlan } from './plan.ts';

/** Products of the operator, block by block: blocks are independent, so shards may share them out. */
export interface MeasuredStage {
  kind: 'measured';
  /** Also the name of its folder. */
  name: string;
  /** What is multiplied: a test matrix, or the orthonormal basis that another stage has made. */
  input: 'outer' | 'inner' | { basis: string };
  /** Columns; of a basis at most so many. */
  cols: number;
}

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

/** The folder of the test products. */
export const CERTIFICATE = 'certificate';

/** The folder of the eigenpairs. */
export const RESULT = 'result';

/** Range of the sketch, multiplied and orthonormalised once more for each power iteration; the last pair is recovered from. */
function hmtStages({ dims, powerIterations }: StoredPlan): Stage[] {
  const stages: Stage[] = [{ kind: 'measured', name: 'sketch', input: 'outer', cols: dims }];
  for (let pass = 1; pass <= powerIterations + 1; pass++) {
    const prefix = pass <= powerIterations ? `power-${pass}-` : '';
    const basis = `${prefix}basis`;
    stages.push({ kind: 'derived', name: basis, makes: 'basis', from: [stages.at(-1)!.name] });
    stages.push({ kind: 'measured', name: `${prefix}product`, input: { basis }, cols: dims });
  }
  const [Q, Z] = stages.slice(-2) as [Stage, Stage];
  return [...stages, { kind: 'derived', name: RESULT, makes: 'result', from: [Q.name, Z.name] }];
}

/** The stages of a plan, in the order in which they can be done. */
export function stagesOf(plan: StoredPlan): Stage[] {
  if (plan.method === 'hmt') return hmtStages(plan);
  const outer: Stage = { kind: 'measured', name: 'sketch', input: 'outer', cols: plan.dims };
  if (plan.method === 'nystrom') return [outer, { kind: 'derived', name: RESULT, makes: 'result', from: ['sketch'] }];
  const inner: Stage = { kind: 'measured', name: 'inner', input: 'inner', cols: plan.innerDims };
  return [outer, inner, { kind: 'derived', name: RESULT, makes: 'result', from: ['sketch', 'inner'] }];
}

function refuseStage(where: string, name: string, stages: readonly Stage[], kind: Stage['kind']): never {
  const names = stages.filter((stage) => stage.kind === kind).map((stage) => stage.name);
  throw new ArgumentError(`${where}: the ${kind} stages of this run are ${names.join(', ')}, got '${name}'`, { name });
}

/** @throws ArgumentError unless the plan measures a stage of that name. */
export function measuredStageNamed(where: string, plan: StoredPlan, name: string): MeasuredStage {
  const stages = stagesOf(plan);
  const stage = stages.find((each) => each.name === name);
  return stage?.kind === 'measured' ? stage : refuseStage(where, name, stages, 'measured');
}

/** The derived stages of a plan up to the one of that name. @throws ArgumentError unless there is one. */
export function derivedStagesUpTo(where: string, plan: StoredPlan, name: string): DerivedStage[] {
  const stages = stagesOf(plan);
  const derived = stages.filter((stage) => stage.kind === 'derived');
  const last = derived.findIndex((stage) => stage.name === name);
  return last < 0 ? refuseStage(where, name, stages, 'derived') : derived.slice(0, last + 1);
}

/** Consecutive columns in one file. */
export interface ColumnRange {
  start: number;
  end: number;
}

/** How many files `cols` columns take. */
export const blockCount = (cols: number, blockSize: number): number => Math.ceil(cols / blockSize);

/** The columns of one file. */
export function blockRange(cols: number, blockSize: number, block: number): ColumnRange {
  const start = block * blockSize;
  return { start, end: Math.min(start + blockSize, cols) };
}
