/** Ticks of logarithmic axes, and their labels. */
import type { Axis } from 'vega';

/** Powers of ten that an axis shows at most, and each side of one with two. */
const MOST = 9;
const MOST_A_SIDE = 5;

const SUPERSCRIPTS = '⁰¹²³⁴⁵⁶⁷⁸⁹';
const superscript = (exponent: number): string =>
  `${exponent < 0 ? '⁻' : ''}${Array.from(String(Math.abs(exponent)), (digit) => SUPERSCRIPTS[Number(digit)]).join('')}`;

/** The number nearest to digit * 10^exponent: 10 ** -3 is not the nearest to 0.001 everywhere. */
const scaled = (digit: number, exponent: number): number => Number(`${digit}e${exponent}`);

const decade = (x: number): number => Math.floor(Math.log10(x) + 1e-9);

/** Every so many of the exponents `first..last`, counted from the last. */
function thinned(first: number, last: number, most: number): number[] {
  const step = Math.max(1, Math.ceil((last - first + 1) / most));
  const exponents: number[] = [];
  for (let exponent = last; exponent >= first; exponent -= step) exponents.unshift(exponent);
  return exponents;
}

/** Powers of ten in `lowest..highest`, both positive; where there are fewer than four, also twice and five times them. */
export function logTicks(lowest: number, highest: number, most: number = MOST): number[] {
  const [first, last] = [decade(lowest), decade(highest)];
  const inside = (x: number): boolean => x >= lowest * (1 - 1e-9) && x <= highest * (1 + 1e-9);
  const powers = (exponents: readonly number[], digits: readonly number[]): number[] =>
    exponents.flatMap((exponent) => digits.map((digit) => scaled(digit, exponent))).filter(inside);
  const exponents = thinned(first, last, most);
  const isThinned = exponents.length <= last - first;
  const ticks = powers(exponents, [1]);
  return ticks.length >= Math.min(4, most) || isThinned ? ticks : powers(exponents, [1, 2, 5]);
}

/** Ticks of an axis that is linear within `constant` of zero and logarithmic beyond: the same on both sides of zero. */
export function signedLogTicks(lowest: number, highest: number, constant: number): number[] {
  const most = lowest < 0 && highest > 0 ? MOST_A_SIDE : MOST;
  const largest = Math.max(-lowest, highest);
  const magnitudes = largest > constant ? logTicks(constant, largest, most) : [];
  const beyond = magnitudes.filter((tick) => tick > constant * (1 + 1e-9));
  return [...beyond.map((tick) => -tick).reverse(), 0, ...beyond].filter((tick) => tick >= lowest && tick <= highest);
}

/** As a figure writes them: 0.05, 1, 20 where all are so, else powers of ten. */
export function tickTexts(ticks: readonly number[]): string[] {
  const parts = ticks.map((tick) => {
    const [digits, exponent] = Math.abs(tick).toExponential().split('e') as [string, string];
    return { tick, digits, exponent: Number(exponent) };
  });
  const isPlain = parts.every(({ tick, exponent }) => tick === 0 || (exponent >= -2 && exponent <= 3));
  return parts.map(({ tick, digits, exponent }) => {
    if (tick === 0) return '0';
    const sign = tick < 0 ? '−' : '';
    if (isPlain) return `${sign}${Math.abs(tick)}`;
    if (exponent === 0) return `${sign}${digits}`;
    return `${sign}${digits === '1' ? '' : `${digits}·`}10${superscript(exponent)}`;
  });
}

/** An axis with these ticks and their labels. */
export function ticked(ticks: readonly number[]): Pick<Axis, 'values' | 'encode'> {
  const texts = Object.fromEntries(tickTexts(ticks).map((text, i) => [String(ticks[i]), text]));
  return {
    values: [...ticks],
    encode: { labels: { update: { text: { signal: `(${JSON.stringify(texts)})[datum.value]` } } } },
  };
}
