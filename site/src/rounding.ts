/** Ends of intervals in four digits, rounded away from what they bound. */

/** More than four digits round by, in proportion. */
const HALF_A_DIGIT = 5e-4;

/** A text that is at most `x`. */
export const floored = (x: number): string => (x - HALF_A_DIGIT * Math.abs(x)).toPrecision(4);

/** A text that is at least `x`. */
export const ceiled = (x: number): string => (x + HALF_A_DIGIT * Math.abs(x)).toPrecision(4);
