/** Walks over the two triangles of a square row-major matrix, in tiles so that the strided side stays in the cache. */
import type { Matrix } from '../../../core/block.ts';
import { breathe } from '../../../core/schedule.ts';

const TILE = 32;

/** Visits the tiles on and below the diagonal: rows `top..bottom`, columns from `left` for at most TILE of them. */
async function eachTile(k: number, visit: (top: number, bottom: number, left: number) => void): Promise<void> {
  for (let top = 0; top < k; top += TILE) {
    const bottom = Math.min(k, top + TILE);
    for (let left = 0; left <= top; left += TILE) visit(top, bottom, left);
    await breathe();
  }
}

/** A becomes A^T. */
export async function transposeInPlace({ rows: k, data }: Matrix): Promise<void> {
  await eachTile(k, (top, bottom, left) => {
    for (let i = top; i < bottom; i++) {
      const right = Math.min(left + TILE, i);
      for (let j = left; j < right; j++) {
        const lower = data[i * k + j]!;
        data[i * k + j] = data[j * k + i]!;
        data[j * k + i] = lower;
      }
    }
  });
}

/** Writes the lower triangle of (A + A^T) / 2 to `out`; returns whether all its entries are finite. */
export async function symmetricLower({ rows: k, data }: Matrix, out: Float64Array): Promise<boolean> {
  let finite = true;
  await eachTile(k, (top, bottom, left) => {
    for (let i = top; i < bottom; i++) {
      const right = Math.min(left + TILE, i + 1);
      for (let j = left; j < right; j++) {
        const mean = data[i * k + j]! / 2 + data[j * k + i]! / 2;
        finite &&= Number.isFinite(mean);
        out[i * k + j] = mean;
      }
    }
  });
  return finite;
}
