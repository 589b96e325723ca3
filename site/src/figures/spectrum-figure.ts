/** Ritz values with their bars, the band of what may be missing and, where it was computed, the truth. */
import { signedLogTicks } from '../../../src/report/ticks.ts';
import type { Snapshot, Truth } from '../spectrum.ts';
import { axes, FRAME, figure, linear, linearTicks, px, signedLog } from './svg.ts';

/** Decades on each side of zero at most. */
const DECADES = 6;
/** Half the length in pixels below which a bar is drawn so long, to be seen. */
const SHORTEST = 0.75;

export function spectrumFigure({ analysis }: Snapshot, truth: Truth | undefined): string {
  const { eigenvalues, certificate } = analysis;
  const intervals = certificate!.eigenvalueIntervals!;
  const missed = certificate!.missedEigenvalueBound!;
  const exact = truth?.eigenvalues.slice(0, Math.ceil(1.2 * eigenvalues.length)) ?? [];
  const all = [...eigenvalues, ...exact, missed, -missed, ...intervals.flatMap(({ lower, upper }) => [lower, upper])];
  const [lowest, highest] = [Math.min(...all), Math.max(...all)];
  const largest = Math.max(-lowest, highest, Number.MIN_VALUE);
  const smallest = Math.min(...eigenvalues.map(Math.abs).filter((value) => value > 0), largest);
  const exponent = Math.max(Math.floor(Math.log10(smallest)), Math.floor(Math.log10(largest)) - DECADES);
  const constant = Number(`1e${exponent}`);
  const { width, height, left, right, top, bottom } = FRAME;
  const x = linear(0, Math.max(eigenvalues.length, exact.length) + 1, left, width - right);
  const y = signedLog(1.5 * lowest, 1.5 * highest, constant, height - bottom, top);
  const spread = Math.min(6, (x(1) - x(0)) / 2.6);
  const size = Math.max(1.4, Math.min(3.2, spread));
  const bars = eigenvalues.map((value, i) => {
    const { lower, upper } = intervals[i]!;
    const at = px(x(i + 1));
    const [from, to] = [Math.max(y(lower), y(value) + SHORTEST), Math.min(y(upper), y(value) - SHORTEST)];
    const sign = value < 0 ? 'negative' : 'positive';
    return `<g class="${sign}"><line class="bar" x1="${at}" x2="${at}" y1="${px(from)}" y2="${px(to)}"/><circle cx="${at}" cy="${px(y(value))}" r="${px(size)}"/></g>`;
  });
  const marks = exact.map((value, i) => {
    const [at, up] = [x(i + 1) + spread, y(value)];
    return `<path class="truth" d="M${px(at - size)},${px(up)}h${px(2 * size)}"/>`;
  });
  const ends = [y(missed), y(-missed)];
  const band = `<rect class="band" x="${left}" width="${width - right - left}" y="${px(ends[0]!)}" height="${px(ends[1]! - ends[0]!)}"/>`;
  const xAxis = { scale: x, ticks: linearTicks(1, eigenvalues.length, 6), title: 'index, by magnitude' };
  const yAxis = { scale: y, ticks: signedLogTicks(lowest, highest, constant), title: 'eigenvalue' };
  const says = `${eigenvalues.length} Ritz values from ${Math.min(...eigenvalues).toPrecision(3)} to ${Math.max(...eigenvalues).toPrecision(3)}, each with a bar; the band in which more may be missing ends at ${missed.toPrecision(3)}. The table below has the numbers.`;
  return figure(FRAME, says, band + axes(FRAME, xAxis, yAxis) + bars.join('') + marks.join(''));
}
