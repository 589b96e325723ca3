/** How many eigenpairs are enough. */

import { atDoor } from '../core/door.ts';
import { asRecord, between, type Field, listOf, optional, refuse } from '../core/parse.ts';
import type { Certificate } from './certificate.ts';

/** The upper ends. */
const SCREE: Field<number[] | undefined> = optional(
  listOf({
    kind: 'value',
    parse(value, name) {
      const { upper } = asRecord(value, name);
      return typeof upper === 'number' ? upper : refuse(`${name}.upper`, 'a number', upper);
    },
  }),
);

/**
 * The smallest number of leading eigenpairs whose certified relative Frobenius error is at most `error`, or undefined
 * when not even all of them reach it or the certificate has no scree. The answer holds on the event `upper`.
 *
 * @param error relative Frobenius error, above 0
 * @example
 * const rank = smallestRank(cert, 0.01);
 * @throws ArgumentError for an error that is not positive.
 */
export function smallestRank(certificate: Pick<Certificate, 'scree'>, error: number): number | undefined {
  return atDoor('smallestRank', () => {
    between(0, Number.POSITIVE_INFINITY).parse(error, 'error');
    const ends = SCREE.parse(asRecord(certificate, 'certificate').scree, 'scree');
    const rank = ends?.findIndex((upper) => upper <= error) ?? -1;
    return rank < 0 ? undefined : rank;
  });
}
