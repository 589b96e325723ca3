/** Numbers as people write them: as many digits as the bound justifies, bounds rounded away from the truth. */

/** A value and its bound at the same decimals, as `(value ± bound) · 10^exponent`; plain numbers have exponent 0. */
export interface Rounded {
  value: string;
  bound: string;
  exponent: number;
}

/** `x` rounded up to `digits` significant digits: a rounded bound must not state more than it did. */
export function roundUp(x: number, digits = 2): number {
  if (!(x > 0) || !Number.isFinite(x)) return x;
  // by way of decimal text, because 10 ** -3 is not the nearest number to 0.001 everywhere
  const [mantissa, exponent] = x.toExponential(15).split('e') as [string, string];
  const leading = Math.ceil(Number(mantissa) * 10 ** (digits - 1) - 1e-9);
  return Number(`${leading}e${Number(exponent) - digits + 1}`);
}

/** The place of the second significant digit: -3 for 0.031. */
const secondPlace = (x: number): number => Number(x.toExponential(15).split('e')[1]) - 1;

/** The bound with two significant digits, rounded up; the value to the same place. */
export function roundTogether(value: number, bound: number): Rounded {
  if (!(bound > 0) || !Number.isFinite(bound)) return { value: String(value), bound: String(bound), exponent: 0 };
  const magnitude = Math.floor(Math.log10(Math.max(Math.abs(value), bound)));
  const exponent = magnitude < -3 || magnitude > 4 ? magnitude : 0;
  // rounding moves the value by up to half a unit of the bound's second digit; the bound must still reach the truth
  let up = roundUp(bound + 10 ** secondPlace(bound) / 2);
  // 9.9 became 10: the second digit is now worth ten times as much
  if (secondPlace(up) > secondPlace(bound)) up = roundUp(bound + 10 ** secondPlace(up) / 2);
  const place = secondPlace(up) - exponent;
  const decimals = Math.min(17, Math.max(0, -place));
  return {
    value: (value / 10 ** exponent).toFixed(decimals),
    bound: (up / 10 ** exponent).toFixed(decimals),
    exponent,
  };
}

/** A bound as text with two significant digits, rounded up: 3.1e-4, 0.042. */
export function boundText(x: number): string {
  const up = roundUp(x);
  return up !== 0 && (up < 1e-3 || up >= 1e4) ? up.toExponential(1) : String(up);
}

/** A text of three digits, or a few more, that is at least `x`. */
export const ceilingText = (x: number): string => (x > 0 ? boundText(x) : estimateText(x + 0.01 * Math.abs(x)));

/** A text of three digits, or a few more, that is at most `x`. */
export const floorText = (x: number): string => (x < 0 ? `-${boundText(-x)}` : estimateText(x - 0.01 * Math.abs(x)));

/** An estimate as text with three significant digits. */
export function estimateText(x: number): string {
  const magnitude = Math.abs(x);
  return magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e4) ? x.toExponential(2) : x.toPrecision(3);
}
