/** Making a square matrix symmetric in place, tile by tile so that both triangles are read and written near by. */
import { barrier, resetTickets, takeTicket } from './team';

const TILE: usize = 32;

/** Copies the upper triangle of an n x n float64 matrix onto the lower one. Called by every thread of the team. */
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
