/** Curves and points with their bands: densities, convergence, eigenvalues with bars. */
import type { Mark, Spec } from 'vega';
import { atDoor, within } from '../core/door.ts';
import { ArgumentError } from '../core/errors.ts';
import {
  anyText,
  asRecord,
  choice,
  type Field,
  listOf,
  optional,
  type Parsed,
  parseOptions,
  refuse,
  text,
  withDefault,
} from '../core/parse.ts';
import { drawSvg } from './draw.ts';
import { axis, FIGURE_FIELDS, type FigureOptions, frame, legend, PALETTES } from './figure-style.ts';
import { logTicks, ticked } from './ticks.ts';

/** One curve, or one set of points; all arrays have the same length. */
export interface Series {
  /** As the legend has it. */
  name: string;
  /** Horizontal positions. */
  x: ArrayLike<number>;
  /** Values. */
  y: ArrayLike<number>;
  /** Lower and upper end of a band around a curve, or of a bar through each point. */
  lower?: ArrayLike<number>;
  /** Upper ends of error bars or a band. */
  upper?: ArrayLike<number>;
  /** Default `'line'`; `'line-points'`: points with bars, joined by a line. */
  mark?: 'line' | 'points' | 'line-points';
}

/** What {@link plotSvg} draws. */
export interface Plot extends FigureOptions {
  /** Below the horizontal axis. */
  xTitle: string;
  /** Beside the vertical axis. */
  yTitle: string;
  /** Default `'linear'`. On `'log'`, 10 decades below the largest value are shown and what is not positive lies on the floor. */
  yScale?: 'linear' | 'log';
  /** What is drawn. */
  series: readonly Series[];
}

/** Decades of a logarithmic axis. */
const DECADES = 10;

interface Point {
  name: string;
  x: number;
  y: number;
  lower?: number;
  upper?: number;
}

function pointsOf({ name, x, y, lower, upper }: ParsedSeries): Point[] {
  const bars = lower === undefined && upper === undefined ? [] : [lower ?? [], upper ?? []];
  for (const values of [x, ...bars]) {
    if (values.length !== y.length) {
      throw new ArgumentError(`series '${name}' has ${y.length} y values and ${values.length} of another kind`, {
        name,
      });
    }
  }
  return Array.from(y, (value, i) => ({
    name,
    x: x[i]!,
    y: value,
    ...(lower && upper ? { lower: lower[i], upper: upper[i]! } : {}),
  })).filter((point) => [point.x, point.y, point.lower ?? 0, point.upper ?? 0].every(Number.isFinite));
}

const heights = ({ y, lower = y, upper = y }: Point): number[] => [y, lower, upper];

const range = (values: readonly number[]): [number, number] =>
  values.reduce<[number, number]>(
    ([a, b], value) => [Math.min(a, value), Math.max(b, value)],
    [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY],
  );

/** Lifts everything to the floor of a logarithmic axis. */
function lift(point: Point, floor: number): Point {
  const { lower, upper } = point;
  const bar =
    lower === undefined || upper === undefined ? {} : { lower: Math.max(lower, floor), upper: Math.max(upper, floor) };
  return { ...point, y: Math.max(point.y, floor), ...bar };
}

function marksOf(data: string, mark: ParsedSeries['mark'], hasBand: boolean): Mark[] {
  const at = { x: { scale: 'x', field: 'x' }, y: { scale: 'y', field: 'y' } };
  const band = { x: at.x, y: { scale: 'y', field: 'lower' }, y2: { scale: 'y', field: 'upper' } };
  const color = { scale: 'color', field: 'name' };
  const from = { data };
  const line: Mark = { type: 'line', from, encode: { enter: { ...at, stroke: color, strokeWidth: { value: 1.5 } } } };
  if (mark === 'line') {
    const area: Mark = {
      type: 'area',
      from,
      encode: { enter: { ...band, fill: color, fillOpacity: { value: 0.25 } } },
    };
    return hasBand ? [area, line] : [line];
  }
  const rule: Mark = { type: 'rule', from, encode: { enter: { ...band, stroke: color, strokeWidth: { value: 1.2 } } } };
  const symbol: Mark = { type: 'symbol', from, encode: { enter: { ...at, size: { value: 26 }, fill: color } } };
  return [...(mark === 'line-points' ? [line] : []), ...(hasBand ? [rule] : []), symbol];
}

/** Powers of ten around a range, or the range itself where it is less than a decade. */
function logDomain(lowest: number, highest: number): [number, number] {
  if (highest < 10 * lowest) return [lowest / 1.05, highest * 1.05];
  return [10 ** Math.floor(Math.log10(lowest) + 1e-9), 10 ** Math.ceil(Math.log10(highest) - 1e-9)];
}

/** Numbers in any array. */
const anyNumbers: Field<ArrayLike<number>> = {
  kind: 'value',
  parse(value, name) {
    const isList = Array.isArray(value) || (ArrayBuffer.isView(value) && 'length' in value);
    if (isList && Array.prototype.every.call(value, (each) => typeof each === 'number')) {
      return value as ArrayLike<number>;
    }
    return refuse(name, 'an array of numbers', value);
  },
};

const SERIES_FIELDS = {
  name: anyText,
  x: anyNumbers,
  y: anyNumbers,
  lower: optional(anyNumbers),
  upper: optional(anyNumbers),
  mark: withDefault(choice(['line', 'points', 'line-points'] as const), 'line'),
};

type ParsedSeries = Parsed<typeof SERIES_FIELDS>;

const oneSeries: Field<ParsedSeries> = {
  kind: 'value',
  parse: (value, name) => within(name, () => parseOptions(asRecord(value, 'a series'), SERIES_FIELDS)),
};

const PLOT_FIELDS = {
  ...FIGURE_FIELDS,
  xTitle: text,
  yTitle: text,
  yScale: withDefault(choice(['linear', 'log']), 'linear'),
  series: listOf(oneSeries),
};

/**
 * A plot as SVG text.
 *
 * @throws ArgumentError for no series, no finite points, arrays of different lengths or a logarithmic axis without a
 * positive value; UnsupportedError without the package vega.
 * @example
 * const svg = await plotSvg({
 *   title: 'Convergence', xTitle: 'iteration', yTitle: 'residual', yScale: 'log',
 *   series: [{ name: 'cg', x: [0, 1, 2], y: [1, 0.1, 0.003] }],
 * });
 */
export function plotSvg(plot: Plot): Promise<string> {
  return atDoor('plotSvg', async () => {
    const { xTitle, yTitle, yScale, series, ...style } = parseOptions(plot, PLOT_FIELDS);
    const drawn = series.map(pointsOf);
    if (drawn.flat().length === 0) throw new ArgumentError('there is no finite point to draw', {});
    const [, highest] = range(drawn.flat().flatMap(heights));
    const isLog = yScale === 'log';
    if (isLog && !(highest > 0)) throw new ArgumentError('a logarithmic axis needs a positive value', { highest });
    const floor = isLog ? highest * 10 ** -DECADES : Number.NEGATIVE_INFINITY;
    const curves = drawn.map((points) => points.map((point) => lift(point, floor)));
    const data = curves.map((values, i) => ({ name: `series${i}`, values }));
    const extent = range(curves.flat().flatMap(heights));
    const domain = isLog ? logDomain(...extent) : extent;
    const spec: Spec = {
      ...frame(style, { title: '', subtitle: '' }),
      data,
      scales: [
        {
          name: 'x',
          type: 'linear',
          range: 'width',
          domain: range(curves.flat().map(({ x }) => x)),
          zero: false,
          padding: 8,
        },
        isLog
          ? { name: 'y', range: 'height', domain, type: 'log', nice: false }
          : { name: 'y', range: 'height', domain, type: 'linear', nice: true, zero: true },
        {
          name: 'color',
          type: 'ordinal',
          domain: series.map(({ name }) => name),
          range: [...PALETTES[style.theme].series],
        },
      ],
      axes: [
        { ...axis(style), scale: 'x', orient: 'bottom', title: xTitle, grid: false },
        { ...axis(style), scale: 'y', orient: 'left', title: yTitle, ...(isLog && ticked(logTicks(...domain))) },
      ],
      ...(series.length > 1
        ? { legends: [{ ...legend(style), fill: 'color', orient: 'bottom', direction: 'horizontal', columns: 3 }] }
        : {}),
      marks: series.flatMap(({ mark, lower }, i) => marksOf(`series${i}`, mark, lower !== undefined)),
    };
    return drawSvg(spec);
  });
}
