/** Products that are always promises. */
import type { Operator } from '../../linops/define.ts';

/** The operator with products that reject, as asynchronous functions do, where they are given what is no block. */
export function promised<T extends Operator>(op: T): T {
  const { matmat, adjointMatmat } = op;
  Object.assign(op, { matmat: async (...given: Parameters<typeof matmat>) => matmat(...given) });
  if (adjointMatmat)
    Object.assign(op, { adjointMatmat: async (Y: Parameters<typeof adjointMatmat>[0]) => adjointMatmat(Y) });
  return op;
}
