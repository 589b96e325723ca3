/** What becomes of the loss and of the largest eigenvalue over the steps of training. */

import type { Interval } from 'eigensketch';
import { logTicks } from '../../../src/report/ticks.ts';
import { floored } from '../rounding.ts';
import { axes, FRAME, figure, linear, linearTicks, polyline, px } from './svg.ts';

/** Bounds of the largest eigenvalue at a step, with the learning rate of then. */
export interface SharpnessPoint {
  readonly step: number;
  readonly largest: Interval;
  readonly rate: number;
}

const { width, height, left, right, top, bottom } = FRAME;

/** At most so many points of a line are drawn. */
const MOST_POINTS = 600;

/** Every so many of the points, and the last. */
function thinned<T>(points: readonly T[]): readonly T[] {
  const every = Math.ceil(points.length / MOST_POINTS);
  return every <= 1 ? points : points.filter((_, i) => i % every === 0 || i === points.length - 1);
}

/** The largest eigenvalue between its bounds, against 2 / η. */
export function sharpnessFigure(points: readonly SharpnessPoint[]): string {
  const last = points.at(-1)!;
  const shown = thinned(points);
  const highest =
    1.1 * Math.max(...shown.flatMap(({ largest, rate }) => [Math.min(largest.upper, 3 * largest.estimate), 2 / rate]));
  const begin = points[0]!.step;
  const end = Math.max(last.step, begin + 10);
  const x = linear(begin, end, left, width - right);
  const y = linear(0, highest, height - bottom, top);
  const inside = (value: number): number => y(Math.min(Math.max(value, 0), highest));
  const upper = shown.map(({ step, largest }) => `${px(x(step))},${px(inside(largest.upper))}`);
  const lower = shown.map(({ step, largest }) => `${px(x(step))},${px(inside(largest.lower))}`).reverse();
  const limit = shown.flatMap(({ step, rate }, i): [number, number][] => {
    const before = shown[i - 1];
    const here: [number, number] = [x(step), y(2 / rate)];
    return before && before.rate !== rate ? [[x(step), y(2 / before.rate)], here] : [here];
  });
  const body = [
    axes(
      FRAME,
      { scale: x, ticks: linearTicks(begin, end), title: 'step' },
      { scale: y, ticks: linearTicks(0, highest), title: 'largest eigenvalue' },
    ),
    `<polygon class="range" points="${upper.concat(lower).join(' ')}"/>`,
    polyline(
      'limit',
      limit.length > 1
        ? limit
        : [
            [left, y(2 / last.rate)],
            [width - right, y(2 / last.rate)],
          ],
    ),
    polyline(
      'line',
      shown.map(({ step, largest }) => [x(step), inside(largest.estimate)]),
    ),
    `<circle class="now" cx="${px(x(last.step))}" cy="${px(inside(last.largest.estimate))}" r="3.5"/>`,
    `<text class="limit-label" x="${left + 6}" y="${px(y(2 / points[0]!.rate) - 5)}">2/η</text>`,
  ];
  const says = `The largest eigenvalue at step ${last.step} is at least ${floored(last.largest.lower)}; 2/η is ${(2 / last.rate).toPrecision(4)}.`;
  return figure(FRAME, says, body.join(''));
}

/** The loss before each step, on a logarithmic axis. `losses` has one for each step from 0 on. */
export function lossFigure(losses: readonly number[]): string {
  const shown = thinned(losses.map((loss, step) => ({ step, loss }))).filter(
    ({ loss }) => loss > 0 && Number.isFinite(loss),
  );
  const values = shown.map(({ loss }) => loss);
  const [lowest, highest] = values.length > 0 ? [0.7 * Math.min(...values), 1.4 * Math.max(...values)] : [0.1, 1];
  const end = Math.max(losses.length - 1, 1);
  const x = linear(0, end, left, width - right);
  const y = linear(Math.log10(lowest), Math.log10(highest), height - bottom, top);
  const log = (value: number): number => y(Math.log10(value));
  const body = [
    axes(
      FRAME,
      { scale: x, ticks: linearTicks(0, end), title: 'step' },
      { scale: log, ticks: logTicks(lowest, highest), title: 'loss' },
    ),
    polyline(
      'line',
      shown.map(({ step, loss }) => [x(step), log(loss)]),
    ),
  ];
  return figure(FRAME, `The loss is ${values.at(-1)?.toPrecision(4) ?? 'not computed yet'}.`, body.join(''));
}
