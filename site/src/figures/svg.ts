/** Elements of SVG as text, and the scales and axes that all figures share. Colours come from the style sheet. */
import { tickTexts } from '../../../src/report/ticks.ts';

/** Where numbers are drawn. */
export type Scale = (value: number) => number;

/** The frame of a figure, in the units of its viewBox. */
export interface Frame {
  readonly width: number;
  readonly height: number;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
}

export const FRAME: Frame = { width: 460, height: 300, left: 52, right: 12, top: 14, bottom: 38 };

const ESCAPES: Readonly<Record<string, string>> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
export const escaped = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!);

/** Numbers with as many digits as are seen. */
export const px = (value: number): string => value.toFixed(1);

/** From an interval of values to one of pixels. */
export function linear(from: number, to: number, start: number, end: number): Scale {
  const factor = (end - start) / (to - from || 1);
  return (value) => start + (value - from) * factor;
}

/** Linear within `constant` of zero, logarithmic beyond. */
export function signedLog(from: number, to: number, constant: number, start: number, end: number): Scale {
  const bent = (value: number): number => Math.sign(value) * Math.log1p(Math.abs(value / constant));
  const inner = linear(bent(from), bent(to), start, end);
  return (value) => inner(bent(value));
}

/** Round numbers in `from..to`, about `count` of them. */
export function linearTicks(from: number, to: number, count = 5): number[] {
  const rough = (to - from) / count;
  if (!(rough > 0)) return [from];
  const power = 10 ** Math.floor(Math.log10(rough));
  const step = [1, 2, 5, 10].map((digit) => digit * power).find((each) => each >= rough)!;
  const first = Math.ceil(from / step - 1e-9);
  const last = Math.floor(to / step + 1e-9);
  return Array.from({ length: last - first + 1 }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** Frame lines, ticks and titles of both axes. */
export function axes(
  { width, height, left, right, top, bottom }: Frame,
  x: { scale: Scale; ticks: readonly number[]; title: string },
  y: { scale: Scale; ticks: readonly number[]; title: string },
): string {
  const [floor, end] = [height - bottom, width - right];
  const across = tickTexts(x.ticks).map((text, i) => {
    const at = px(x.scale(x.ticks[i]!));
    return `<line class="tick" x1="${at}" x2="${at}" y1="${floor}" y2="${floor + 4}"/><text class="label" x="${at}" y="${floor + 16}" text-anchor="middle">${text}</text>`;
  });
  const up = tickTexts(y.ticks).map((text, i) => {
    const at = px(y.scale(y.ticks[i]!));
    return `<line class="grid" x1="${left}" x2="${end}" y1="${at}" y2="${at}"/><text class="label" x="${left - 6}" y="${at}" dy=".35em" text-anchor="end">${text}</text>`;
  });
  return `${up.join('')}<line class="axis" x1="${left}" x2="${end}" y1="${floor}" y2="${floor}"/><line class="axis" x1="${left}" x2="${left}" y1="${top}" y2="${floor}"/>${across.join('')}
<text class="title" x="${(left + end) / 2}" y="${height - 4}" text-anchor="middle">${escaped(x.title)}</text>
<text class="title" transform="translate(11 ${(top + floor) / 2}) rotate(-90)" text-anchor="middle">${escaped(y.title)}</text>`;
}

/** A whole figure. `says` is what it shows, for those who do not see it. */
export const figure = ({ width, height }: Frame, says: string, body: string): string =>
  `<svg viewBox="0 0 ${width} ${height}" role="img" aria-label="${escaped(says)}">${body}</svg>`;

/** A line through points. */
export const polyline = (name: string, points: readonly (readonly [number, number])[]): string =>
  `<polyline class="${name}" points="${points.map(([x, y]) => `${px(x)},${px(y)}`).join(' ')}"/>`;
