/** How far computed products are from those of an exact symmetric operator. */
import { type Block, type Matrix, zeros } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { asymmetryNorm } from '../linalg/small.ts';
import { applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';

/**
 * Norm of the noise per unit vector seen in G^T (A G), G: n x q Gaussian (perhaps projected). With A G = exact + noise,
 * entry (i, j) less entry (j, i) is g_i^T e_j - g_j^T e_i, of variance about ||e_i||^2 + ||e_j||^2.
 */
export function noiseFromAsymmetry(compressed: Matrix, n: number): number {
  const q = compressed.rows;
  if (q < 2) return 0;
  return asymmetryNorm(compressed) / Math.sqrt(2 * q * (q - 1) * n);
}

/**
 * ||A g - (A g again)|| / ||g|| for the first column of G. The repetition is a product of its own, so it also meets
 * other roundings than the first one, which was part of a block. Costs one product.
 */
export async function noiseFromRepetition(op: LinearOperator, G: Block, AG: Block): Promise<number> {
  const g = zeros(G.rows, 1, op.dtype);
  for (let i = 0; i < G.rows; i++) g.data[i] = G.data[i * G.cols]!;
  const again = (await applyOperator(op, g)).data;
  let difference = 0;
  let length = 0;
  for (let i = 0; i < again.length; i++) difference += (again[i]! - AG.data[i * AG.cols]!) ** 2;
  for (const value of g.data) length += value ** 2;
  return length === 0 ? 0 : Math.sqrt(difference / length);
}

/** A product, the vector, and the rotation of both are each rounded once on the way to a Ritz pair. */
const ROUNDINGS = 4;

/**
 * The least noise there can be: four roundings of the largest product, and what a vector that is off length 1 adds to its
 * Rayleigh quotient, at most `lengthDefect` for a vector and its eigenvalue.
 */
export function roundingFloor(op: LinearOperator, spectralNorm: number, lengthDefect: number): number {
  return ROUNDINGS * unitRoundoff(op.dtype) * spectralNorm + lengthDefect;
}

/**
 * What float64 leaves in an eigenvalue of the k x k core V^T A V: the backward error of the eigensolver, and sums of many
 * terms, in roundings of the largest. A residual norm contains it, a bound that is quadratic in the residual does not. The
 * embedded solvers are off by several times as much as LAPACK: a test holds every provider to this.
 */
export function coreRounding(spectralNorm: number, k: number): number {
  return (16 + 20 * Math.sqrt(k)) * unitRoundoff('float64') * spectralNorm;
}
