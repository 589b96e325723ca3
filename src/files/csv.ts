/** Operators of .csv files. */
import type { Operator } from '../linops/define.ts';
import { denseOperator } from '../linops/dense.ts';
import { lineGroups } from './lines.ts';
import { readTable } from './table.ts';

/**
 * The float64 operator of a table, which {@link readTable} describes.
 * @throws as readTable; StoreError for a file that cannot be read.
 */
export async function readCsv(path: string, memory: number): Promise<Operator> {
  return denseOperator(await readTable(path, lineGroups(path), memory));
}
