/** Numbers as people write them: as many digits as the bound justifies, bounds rounded away from the truth. */

/** A value and its bound at the same decimals, as `(value ± bound) · 10^exponent`; plain numbers have exponent 0. */
export interface Rounded {
  value: string;
  bound: string;
  exponent: number;
}

/** `x` rounded up to `digits` significant digits: a rounded bound must not claim more than it did. */
export function roundUp(x: number, digits = 2): number {
  if (!(x > 0) || !Number.isFinite(x)) return x;
  const exponent = Math.floor(Math.log10(x)) - digits + 1;
  // numbers are parsed from decimal text, because 10 ** -3 is not the nearest number to 0.001 everywhere
  const rounded = Number(`${Math.ceil(Number(`${x}e${-exponent}`) - 1e-9)}e${exponent}`);
  return Number.isNaN(rounded) ? Number(x.toPrecision(digits)) : rounded;
}

/** The bound with two significant digits, rounded up; the value to the same place. */
export function roundTogether(value: number, bound: number): Rounded {
  if (!(bound > 0) || !Number.isFinite(bound)) return { value: String(value), bound: String(bound), exponent: 0 };
  const magnitude = Math.floor(Math.log10(Math.max(Math.abs(value), bound)));
  const exponent = magnitude < -3 || magnitude > 4 ? magnitude : 0;
  const up = roundUp(bound);
  const place = Math.floor(Math.log10(up)) - 1 - exponent;
  const decimals = Math.min(17, Math.max(0, -place));
  // the value moves by rounding, too: at most half a unit of a place that the bound was rounded up to
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

/** An estimate as text with three significant digits. */
export function estimateText(x: number): string {
  const magnitude = Math.abs(x);
  return magnitude !== 0 && (magnitude < 1e-3 || magnitude >= 1e4) ? x.toExponential(2) : x.toPrecision(3);
}
