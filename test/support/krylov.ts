/** Krylov spaces spelled out, for what iterative solvers promise about them. */
import type { Block } from '../../src/core/block.ts';
import { multiply } from './matrices.ts';

const dot = (x: readonly number[], y: readonly number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

/** A v for one vector. */
export function apply(A: Block, v: readonly number[]): number[] {
  return Array.from(multiply(A, { rows: v.length, cols: 1, data: Float64Array.from(v) }).data);
}

/** Orthonormal vectors with the span of the given ones: Gram-Schmidt, twice; dependent ones (to 1e-10) give none. */
export function orthonormalVectors(vectors: readonly (readonly number[])[]): number[][] {
  const basis: number[][] = [];
  for (const vector of vectors) {
    let v = [...vector];
    for (let sweep = 0; sweep < 2; sweep++) {
      for (const q of basis) {
        const overlap = dot(q, v);
        v = v.map((value, i) => value - overlap * q[i]!);
      }
    }
    const length = Math.hypot(...v);
    if (length > 1e-10 * Math.hypot(...vector)) basis.push(v.map((value) => value / length));
  }
  return basis;
}

/** An orthonormal basis of span(b, A b, ..., A^(k-1) b), built vector by vector. */
export function krylovBasis(A: Block, b: readonly number[], k: number): number[][] {
  let basis = orthonormalVectors([b]);
  while (basis.length < k) basis = orthonormalVectors([...basis, apply(A, basis.at(-1)!)]);
  return basis;
}

/** The part of v in the span of orthonormal vectors. */
export function projected(v: readonly number[], basis: readonly (readonly number[])[]): number[] {
  const out = v.map(() => 0);
  for (const q of basis) {
    const overlap = dot(q, v);
    for (let i = 0; i < out.length; i++) out[i]! += overlap * q[i]!;
  }
  return out;
}
