/** Whether an operator is the one that a sketch was begun with, told from its products with two fixed random columns. */
import type { Block } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { StoreError } from '../core/errors.ts';
import { applyOperator } from '../linops/apply.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { asymmetryOf, probeBlock, refuseAsymmetry } from '../linops/probes.ts';

/** The columns that every operator is probed with. */
const PROBE_SEED = 0;

/** Products that a probe costs. */
export const PROBES = 2;

/**
 * A X for the two fixed columns X.
 * @throws NumericalError for an operator that does not declare `selfAdjoint` and is not symmetric.
 */
export async function measureProbe(op: LinearOperator): Promise<Block> {
  const X = await probeBlock(op, PROBE_SEED);
  const AX = await applyOperator(op, X);
  if (op.selfAdjoint !== true) refuseAsymmetry(op, asymmetryOf(X, AX));
  return AX;
}

/**
 * Relative distance of two products up to which they may be those of one operator: 4 sqrt(u), 1e-3 in float32 and 4e-8 in
 * float64. Backends that round differently stay far below, a few hundred u at most; other data, other parameters or
 * another loss stay above, unless they change the operator by less than that.
 */
export function fingerprintTolerance({ dtype }: Pick<LinearOperator, 'dtype'>): number {
  return 4 * Math.sqrt(unitRoundoff(dtype));
}

/** ||A X - B X||_F / ||A X||_F. */
export function probeDistance(stored: Block, measured: Block): number {
  let difference = 0;
  let length = 0;
  for (let at = 0; at < stored.data.length; at++) {
    difference += (stored.data[at]! - measured.data[at]!) ** 2;
    length += stored.data[at]! ** 2;
  }
  return difference === 0 ? 0 : Math.sqrt(difference / length);
}

/** @throws StoreError that states the measured difference when the products are not those of the same operator. */
export function refuseOtherOperator(file: string, op: LinearOperator, stored: Block, AX: Block): void {
  const difference = probeDistance(stored, AX);
  const tolerance = fingerprintTolerance(op);
  if (difference <= tolerance) return;
  throw new StoreError(
    `${file} was measured with another operator: products with the same probe differ by ` +
      `${difference.toExponential(1)} of their length, at most ${tolerance.toExponential(1)} is rounding in ${op.dtype}`,
    { file, difference, tolerance },
  );
}
