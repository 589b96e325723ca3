/** Passes over a whole square float64 matrix, tile by tile so that an entry and its mirror image are read near by. */
import { barrier, resetTickets, shareEnd, shareStart, takeTicket } from './team';
import { scale } from './vector';

const TILE: usize = 32;

/** Copies the upper triangle of an n x n matrix onto the lower one. Called by every thread of the team. */
export function mirrorUpper(c: usize, n: usize): void {
  resetTickets();
  barrier();
  const tiles = <i32>((n + TILE - 1) / TILE);
  for (let ticket = takeTicket(); ticket < tiles; ticket = takeTicket()) {
    const rowEnd = min(n, (<usize>ticket + 1) * TILE);
    for (let left: usize = 0; left < rowEnd; left += TILE) {
      for (let i = <usize>ticket * TILE; i < rowEnd; i++) {
        const end = min(i, left + TILE);
        for (let j = left; j < end; j++) store<f64>(c + (i * n + j) * 8, load<f64>(c + (j * n + i) * 8));
      }
    }
  }
  barrier();
}

/** Replaces the upper triangle by that of (A + A^T) / 2. Returns this thread's largest magnitude; NaN stays NaN. */
export function averageUpper(a: usize, n: usize): f64 {
  resetTickets();
  barrier();
  let largest: f64 = 0;
  const tiles = <i32>((n + TILE - 1) / TILE);
  for (let ticket = takeTicket(); ticket < tiles; ticket = takeTicket()) {
    const rowEnd = min(n, (<usize>ticket + 1) * TILE);
    for (let left = <usize>ticket * TILE; left < n; left += TILE) {
      const right = min(n, left + TILE);
      for (let i = <usize>ticket * TILE; i < rowEnd; i++) {
        for (let j = max(i, left); j < right; j++) {
          const at = a + (i * n + j) * 8;
          const average = 0.5 * load<f64>(at) + 0.5 * load<f64>(a + (j * n + i) * 8);
          largest = max(largest, Math.abs(average));
          store<f64>(at, average);
        }
      }
    }
  }
  barrier();
  return largest;
}

/** A *= factor. Called by every thread of the team. */
export function scaleAll(a: usize, n: usize, factor: f64): void {
  const first = shareStart(n);
  scale(a + first * n * 8, factor, (shareEnd(n) - first) * n);
  barrier();
}

/** The transpose with rows reordered: entry (i, j) of `into` is entry (order[j], i) of `from`; both n x n. */
export function transposeRows(from: usize, n: usize, order: usize, into: usize): void {
  const end = shareEnd(n);
  for (let top = shareStart(n); top < end; top += TILE) {
    const bottom = min(end, top + TILE);
    for (let j: usize = 0; j < n; j++) {
      const row = from + <usize>load<i32>(order + j * 4) * n * 8;
      for (let i = top; i < bottom; i++) store<f64>(into + (i * n + j) * 8, load<f64>(row + i * 8));
    }
  }
  barrier();
}
