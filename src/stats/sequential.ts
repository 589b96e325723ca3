/**
 * Statements at several looks at data that grow, in the words of sequential analysis: a look is an analysis of the data so
 * far (Jennison & Turnbull 2000, "Group Sequential Methods with Applications to Clinical Trials"), and the probability of an
 * error is spent over all looks (Lan & DeMets 1983, "Discrete sequential boundaries for clinical trials").
 */

/**
 * The level at which the statements of a look hold, so that those of all looks hold together with probability `confidence`:
 * look i = 1, 2, ... spends 6 / (pi i)^2 of 1 - confidence, and these shares add up to 1.
 *
 * @param events that a look's statements rest on, with equal shares
 */
export function levelAtLook(confidence: number, look: number, events: number = 1): number {
  return 1 - ((1 - confidence) * 6) / (events * (Math.PI * look) ** 2);
}
