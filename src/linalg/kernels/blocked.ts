/**
 * A matrix product in plain TypeScript: operands are packed into float64 strips so that the inner loop reads memory in
 * order, and a 4 x 2 tile of sums lives in registers. Several times the speed of a triple loop, on any engine.
 */

import type { FloatArray } from '../../core/dtype.ts';
import { breathe } from '../../core/schedule.ts';

/** One operand seen as an (outer x depth) array: entry (o, d) is `data[o * outerStride + d * depthStride]`. */
export interface Operand {
  data: FloatArray;
  outerStride: number;
  depthStride: number;
}

const TILE_ROWS = 4;
const TILE_COLS = 2;
const DEPTH = 256;
const ROWS = 64;

/** Packs `outer` strips of `width` rows over `depth` entries; missing rows of the last strip become zeros. */
function pack(
  source: Operand,
  outerStart: number,
  outerCount: number,
  depthStart: number,
  depth: number,
  width: number,
  into: Float64Array,
): void {
  const { data, outerStride, depthStride } = source;
  let at = 0;
  for (let strip = 0; strip < outerCount; strip += width) {
    for (let d = 0; d < depth; d++) {
      const from = (depthStart + d) * depthStride + (outerStart + strip) * outerStride;
      for (let w = 0; w < width; w++) into[at++] = strip + w < outerCount ? data[from + w * outerStride]! : 0;
    }
  }
}

/** C[m x n] += A B over packed strips; `rows` x `cols` entries of C starting at (rowStart, colStart) are touched. */
function multiplyPacked(
  packedA: Float64Array,
  packedB: Float64Array,
  rows: number,
  cols: number,
  depth: number,
  C: FloatArray,
  offset: number,
  ldc: number,
): void {
  for (let j = 0; j < cols; j += TILE_COLS) {
    const stripB = j * depth;
    for (let i = 0; i < rows; i += TILE_ROWS) {
      let a = i * depth;
      let b = stripB;
      let c00 = 0;
      let c01 = 0;
      let c10 = 0;
      let c11 = 0;
      let c20 = 0;
      let c21 = 0;
      let c30 = 0;
      let c31 = 0;
      for (let d = 0; d < depth; d++) {
        const b0 = packedB[b]!;
        const b1 = packedB[b + 1]!;
        const a0 = packedA[a]!;
        c00 += a0 * b0;
        c01 += a0 * b1;
        const a1 = packedA[a + 1]!;
        c10 += a1 * b0;
        c11 += a1 * b1;
        const a2 = packedA[a + 2]!;
        c20 += a2 * b0;
        c21 += a2 * b1;
        const a3 = packedA[a + 3]!;
        c30 += a3 * b0;
        c31 += a3 * b1;
        a += TILE_ROWS;
        b += TILE_COLS;
      }
      const at = offset + i * ldc + j;
      const wide = j + 1 < cols;
      C[at]! += c00;
      if (wide) C[at + 1]! += c01;
      if (i + 1 < rows) {
        C[at + ldc]! += c10;
        if (wide) C[at + ldc + 1]! += c11;
      }
      if (i + 2 < rows) {
        C[at + 2 * ldc]! += c20;
        if (wide) C[at + 2 * ldc + 1]! += c21;
      }
      if (i + 3 < rows) {
        C[at + 3 * ldc]! += c30;
        if (wide) C[at + 3 * ldc + 1]! += c31;
      }
    }
  }
}

const roundUp = (value: number, to: number): number => Math.ceil(value / to) * to;

/**
 * C += A B with A given as m x depth and B as n x depth (so B is described by its columns); C is row-major m x n.
 * Sums run in float64. With `upperOnly` tiles that lie wholly below the diagonal are left alone.
 */
export async function multiplyInto(
  C: FloatArray,
  m: number,
  n: number,
  depth: number,
  A: Operand,
  B: Operand,
  upperOnly = false,
): Promise<void> {
  const packedB = new Float64Array(roundUp(n, TILE_COLS) * Math.min(DEPTH, depth));
  const packedA = new Float64Array(ROWS * Math.min(DEPTH, depth));
  for (let d = 0; d < depth; d += DEPTH) {
    const slice = Math.min(DEPTH, depth - d);
    pack(B, 0, n, d, slice, TILE_COLS, packedB);
    for (let i = 0; i < m; i += ROWS) {
      const rows = Math.min(ROWS, m - i);
      const firstCol = upperOnly ? i - (i % TILE_COLS) : 0;
      pack(A, i, rows, d, slice, TILE_ROWS, packedA);
      const stripsB = firstCol === 0 ? packedB : packedB.subarray(firstCol * slice);
      multiplyPacked(packedA, stripsB, rows, n - firstCol, slice, C, i * n + firstCol, n);
      await breathe();
    }
  }
}
