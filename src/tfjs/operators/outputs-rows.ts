/** The outputs of all batches as the rows of a Jacobian. */
import { memory } from '@tensorflow/tfjs-core';
import type { Block } from '../../core/block.ts';
import type { Term } from '../autodiff/objective.ts';
import { noData } from '../problem/data.ts';
import { layOut, type ParameterInfo } from '../problem/parameters.ts';
import type { Problem } from '../problem/problem.ts';
import { type OutputsMap, recordOutputs } from './outputs-map.ts';

/** A batch's derivative and its transpose. */
export type Maps = Pick<OutputsMap, 'forward' | 'transposed'>;

/** One batch's rows: those of the whole, and its outputs laid out from zero. */
export interface Rows {
  readonly first: number;
  readonly count: number;
  readonly outputs: readonly ParameterInfo[];
}

/** What the first pass found. */
export interface Found {
  readonly rows: readonly Rows[];
  /** All batches, if they are kept. */
  readonly kept: readonly Maps[] | undefined;
  readonly bytesPerColumn: number;
  readonly largestPerColumn: number;
}

/** Numbers in all of them. */
export const sizeOf = (infos: readonly ParameterInfo[]): number => infos.reduce((total, { size }) => total + size, 0);

/** A batch's rows of a block, as a view. */
export function rowsOf(Y: Block, { first, count }: Rows): Block {
  return { rows: count, cols: Y.cols, data: Y.data.subarray(first * Y.cols, (first + count) * Y.cols) as Float32Array };
}

/** Records a batch and lets go of its data. */
export function recordBatch({ where, leaves, termName }: Problem, term: Term, index: number): OutputsMap {
  try {
    return recordOutputs(term.outputs, { leaves, where, what: termName(index) });
  } finally {
    term.release();
  }
}

/** Releases both. */
export function disposeMaps({ forward, transposed }: Maps): void {
  forward.dispose();
  transposed.dispose();
}

/**
 * Records every batch once, to know its rows, and keeps those that take no more than `keepBytes` together.
 * @throws ArgumentError for data without a batch
 */
export async function findRows(problem: Problem, keepBytes: number): Promise<Found> {
  const rows: Rows[] = [];
  let kept: Maps[] | undefined = [];
  let [first, bytes, bytesPerColumn, largestPerColumn] = [0, 0, 0, 0];
  const letGo = () => {
    for (const maps of kept ?? []) disposeMaps(maps);
    kept = undefined;
  };
  try {
    for await (const term of problem.terms()) {
      const before = memory().numBytes;
      const maps = recordBatch(problem, term, rows.length);
      const names = maps.outputs.map((_, i) => `${problem.termName(rows.length)}${i === 0 ? '' : `[${i}]`}`);
      const outputs = layOut(maps.outputs, names);
      maps.release();
      bytes += memory().numBytes - before;
      bytesPerColumn = Math.max(bytesPerColumn, maps.forward.bytesPerColumn, maps.transposed.bytesPerColumn);
      const { forward, transposed } = maps;
      largestPerColumn = Math.max(largestPerColumn, forward.largestPerColumn, transposed.largestPerColumn);
      if (kept) kept.push(maps);
      else disposeMaps(maps);
      if (bytes > keepBytes) letGo();
      rows.push({ first, count: sizeOf(outputs), outputs });
      first += sizeOf(outputs);
    }
  } catch (error) {
    letGo();
    throw error;
  }
  if (rows.length === 0) throw noData(problem.where);
  return { rows, kept, bytesPerColumn, largestPerColumn };
}
