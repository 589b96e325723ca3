/** What a team can be asked to run. Arguments are plain records, because they are posted to workers. */
import { type CsrProduct, multiplyCsr } from './csr.ts';
import { type EighArguments, eigh } from './eigh/program.ts';
import { multiply, multiplySymmetric, type Product } from './product.ts';
import { type ColumnCombination, type ColumnProjection, combineColumns, projectColumn } from './projection.ts';
import { type RandomColumns, randomColumns } from './random.ts';
import { type RowSketchPart, sketchRows } from './sketch-rows.ts';
import { type Solve, solve } from './solve.ts';
import type { Thread } from './thread.ts';

/** Arguments by program. */
export interface ProgramArguments {
  multiply: Product;
  multiplySymmetric: Product;
  solve: Solve;
  multiplyCsr: CsrProduct;
  projectColumn: ColumnProjection;
  combineColumns: ColumnCombination;
  randomColumns: RandomColumns;
  sketchRows: RowSketchPart;
  eigh: EighArguments;
}

export type ProgramName = keyof ProgramArguments;

/** One program with its arguments. */
export type Call = { [Name in ProgramName]: { program: Name; args: ProgramArguments[Name] } }[ProgramName];

/** Runs this thread's part of a call. */
export function runCall(thread: Thread, call: Call): void {
  switch (call.program) {
    case 'multiply':
      multiply(thread, call.args);
      break;
    case 'multiplySymmetric':
      multiplySymmetric(thread, call.args);
      break;
    case 'solve':
      solve(thread, call.args);
      break;
    case 'multiplyCsr':
      multiplyCsr(thread, call.args);
      break;
    case 'projectColumn':
      projectColumn(thread, call.args);
      break;
    case 'combineColumns':
      combineColumns(thread, call.args);
      break;
    case 'randomColumns':
      randomColumns(thread, call.args);
      break;
    case 'sketchRows':
      sketchRows(thread, call.args);
      break;
    case 'eigh':
      eigh(thread, call.args);
      break;
  }
}
