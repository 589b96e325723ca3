/** Operators of matrices that stay in their file: each product reads it once, in row panels. */
import { asDType, type Block, type Matrix, zeroMatrix, zeros } from '../core/block.ts';
import { bytesPerEntry, type DType } from '../core/dtype.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { defineOperator, type Operator } from '../linops/define.ts';

/** Reads rows of an open file. */
export type ReadRows = (first: number, count: number) => Promise<Block>;

/** A matrix in a file. */
export interface PanelSource {
  rows: number;
  cols: number;
  /** What its rows are read as. */
  dtype: DType;
  /** Opens the file for the time of `work`. @throws StoreError when it has changed since. */
  withRows<T>(work: (read: ReadRows) => Promise<T>): Promise<T>;
}

/** A panel takes at most this much: enough for the dense kernels. */
const PANEL_BYTES = 2 ** 26;

/** Runs `visit` on all rows, panel by panel. */
async function forEachPanel(
  source: PanelSource,
  memory: number,
  visit: (panel: Block, first: number) => Promise<void>,
): Promise<void> {
  const bytes = Math.min(PANEL_BYTES, memory / 4);
  const count = Math.max(1, Math.floor(bytes / (source.cols * bytesPerEntry(source.dtype))));
  await source.withRows(async (read) => {
    for (let first = 0; first < source.rows; first += count) {
      await visit(await read(first, Math.min(count, source.rows - first)), first);
    }
  });
}

/** The whole matrix in memory. */
export async function readWhole(source: PanelSource): Promise<Block> {
  const { rows, cols, dtype } = source;
  const all = zeros(rows, cols, dtype);
  await forEachPanel(source, Number.POSITIVE_INFINITY, async (panel, first) => all.data.set(panel.data, first * cols));
  return all;
}

/**
 * The operator of the matrix, or of its transpose, with panels of at most a quarter of `memory` bytes.
 * @param name what messages of its products call it
 */
export function panelOperator(name: string, source: PanelSource, memory: number, transposed: boolean): Operator {
  const { rows, cols, dtype } = source;
  const forward = async (X: Block, out: Block = zeros(rows, X.cols, dtype)): Promise<Block> => {
    const kernels = await selectKernels();
    const right = asDType(X, 'float64') as Matrix;
    await forEachPanel(source, memory, async (panel, first) => {
      const data = out.data.subarray(first * X.cols, (first + panel.rows) * X.cols);
      await kernels.times(panel, right, { rows: panel.rows, cols: X.cols, data });
    });
    return out;
  };
  const backward = async (Y: Block): Promise<Block> => {
    const kernels = await selectKernels();
    const left = asDType(Y, dtype);
    const sum = zeroMatrix(cols, Y.cols);
    await forEachPanel(source, memory, async (panel, first) => {
      const data = left.data.subarray(first * Y.cols, (first + panel.rows) * Y.cols);
      await kernels.addGram(panel, { rows: panel.rows, cols: Y.cols, data }, sum, false);
    });
    return asDType(sum, dtype);
  };
  return defineOperator(name, {
    shape: transposed ? ([cols, rows] as const) : ([rows, cols] as const),
    dtype,
    matmat: transposed ? (X: Block) => backward(X) : (X: Block, out?: Block) => forward(X, out),
    adjointMatmat: transposed ? (Y: Block) => forward(Y) : (Y: Block) => backward(Y),
  });
}
