/** What the module exports to TypeScript: heavy loops, most of them called by every thread of a team at once. */
export { panelFinish, panelProducts, panelReflector } from './panel';
export { scratchBytes } from './product';
export { rankOneVectors } from './rankone';
export { sketchRows } from './row-sketch';
export { averageUpper, mirrorUpper, scaleAll, transposeRows } from './square';
export { barrier, joinTeam } from './team';
export { manyDots, rotate, subtractScaled } from './vector';

import { csrProduct } from './csr';
import { product } from './product';
import { randomColumns } from './random';

/** {@link product} of f32 operands in f32. */
// biome-ignore format: the arguments of {@link product}
export function productF32(a: usize, aOuter: usize, aDepth: usize, b: usize, bOuter: usize, bDepth: usize, c: usize, rowBytes: usize, m: usize, n: usize, depth: usize, alpha: f32, accumulate: bool, upper: bool, packedB: usize): void {
  product<f32>(a, aOuter, aDepth, b, bOuter, bDepth, c, rowBytes, m, n, depth, alpha, accumulate, upper, packedB);
}

/** {@link product} of f64 operands in f64. */
// biome-ignore format: the arguments of {@link product}
export function productF64(a: usize, aOuter: usize, aDepth: usize, b: usize, bOuter: usize, bDepth: usize, c: usize, rowBytes: usize, m: usize, n: usize, depth: usize, alpha: f64, accumulate: bool, upper: bool, packedB: usize): void {
  product<f64>(a, aOuter, aDepth, b, bOuter, bDepth, c, rowBytes, m, n, depth, alpha, accumulate, upper, packedB);
}

/** {@link csrProduct} in f32. */
// biome-ignore format: the arguments of {@link csrProduct}
export function csrF32(indptr: usize, indices: usize, data: usize, bounds: usize, parts: i32, x: usize, y: usize, rowBytes: usize): void {
  csrProduct<f32>(indptr, indices, data, bounds, parts, x, y, rowBytes);
}

/** {@link csrProduct} in f64. */
// biome-ignore format: the arguments of {@link csrProduct}
export function csrF64(indptr: usize, indices: usize, data: usize, bounds: usize, parts: i32, x: usize, y: usize, rowBytes: usize): void {
  csrProduct<f64>(indptr, indices, data, bounds, parts, x, y, rowBytes);
}

/** {@link randomColumns} in f32. */
// biome-ignore format: the arguments of {@link randomColumns}
export function randomF32(distribution: i32, states: usize, strides: usize, chunk: usize, out: usize, rows: usize, cols: usize): void {
  randomColumns<f32>(distribution, states, strides, chunk, out, rows, cols);
}

/** {@link randomColumns} in f64. */
// biome-ignore format: the arguments of {@link randomColumns}
export function randomF64(distribution: i32, states: usize, strides: usize, chunk: usize, out: usize, rows: usize, cols: usize): void {
  randomColumns<f64>(distribution, states, strides, chunk, out, rows, cols);
}
