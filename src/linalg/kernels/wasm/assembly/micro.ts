/**
 * The micro-kernel: a tile of 4 rows x 2 vectors (4 x 4 in float64, 4 x 8 in float32) whose 8 sums stay in SIMD
 * registers. WebAssembly without relaxed SIMD has no fused multiply-add, and its engines keep one of the 16 registers
 * of x86-64 for themselves: 8 sums, 2 vectors of B, an entry of A and a product fit.
 */

/** Rows of a tile. */
export const TILE_ROWS: usize = 4;

/** Columns of a tile: two vectors. */
export function tileCols<T>(): usize {
  return 32 / sizeof<T>();
}

/** A row of the result: c (+)= alpha * (low, high). */
function storeRow<T>(c: usize, low: v128, high: v128, alpha: v128, accumulate: bool): void {
  low = v128.mul<T>(alpha, low);
  high = v128.mul<T>(alpha, high);
  if (accumulate) {
    low = v128.add<T>(v128.load(c), low);
    high = v128.add<T>(v128.load(c, 16), high);
  }
  v128.store(c, low);
  v128.store(c, high, 16);
}

/**
 * C (+)= alpha A B for one tile. `a`: depth x 4 and `b`: depth x tileCols, packed; `c`: the tile's first entry in
 * row-major memory with `rowBytes` from row to row.
 */
export function micro<T>(
  depth: usize,
  a: usize,
  b: usize,
  c: usize,
  rowBytes: usize,
  alpha: T,
  accumulate: bool,
): void {
  let low0 = v128.splat<T>(0);
  let low1 = low0;
  let low2 = low0;
  let low3 = low0;
  let high0 = low0;
  let high1 = low0;
  let high2 = low0;
  let high3 = low0;
  const end = b + depth * 32;
  while (b < end) {
    const low = v128.load(b);
    const high = v128.load(b, 16);
    const a0 = v128.load_splat<T>(a);
    low0 = v128.add<T>(low0, v128.mul<T>(a0, low));
    high0 = v128.add<T>(high0, v128.mul<T>(a0, high));
    const a1 = v128.load_splat<T>(a, sizeof<T>());
    low1 = v128.add<T>(low1, v128.mul<T>(a1, low));
    high1 = v128.add<T>(high1, v128.mul<T>(a1, high));
    const a2 = v128.load_splat<T>(a, 2 * sizeof<T>());
    low2 = v128.add<T>(low2, v128.mul<T>(a2, low));
    high2 = v128.add<T>(high2, v128.mul<T>(a2, high));
    const a3 = v128.load_splat<T>(a, 3 * sizeof<T>());
    low3 = v128.add<T>(low3, v128.mul<T>(a3, low));
    high3 = v128.add<T>(high3, v128.mul<T>(a3, high));
    a += TILE_ROWS * sizeof<T>();
    b += 32;
  }
  const factor = v128.splat<T>(alpha);
  storeRow<T>(c, low0, high0, factor, accumulate);
  storeRow<T>(c + rowBytes, low1, high1, factor, accumulate);
  storeRow<T>(c + 2 * rowBytes, low2, high2, factor, accumulate);
  storeRow<T>(c + 3 * rowBytes, low3, high3, factor, accumulate);
}
