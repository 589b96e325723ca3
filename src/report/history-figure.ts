/** The figure of leading eigenvalues over training, or over anything else that is counted. */
import { atDoor } from '../core/door.ts';
import { ArgumentError } from '../core/errors.ts';
import {
  asRecord,
  choice,
  type Field,
  finite,
  integer,
  listOf,
  parseOptions,
  text,
  withDefault,
} from '../core/parse.ts';
import type { Analysis } from './analysis.ts';
import { checkAnalysis } from './check.ts';
import { FIGURE_FIELDS, type FigureOptions, VISIBLE_BAR } from './figure-style.ts';
import { plotSvg, type Series } from './plot.ts';
import { type EigenvalueRow, eigenvalueRows } from './rows.ts';

/** The spectrum at one point of time. */
export interface HistoryPoint {
  /** Step, epoch, or whatever the horizontal axis counts. */
  at: number;
  /** The spectrum there. */
  analysis: Analysis;
}

/** Options of {@link historySvg}. */
export interface HistoryOptions extends FigureOptions {
  /** Below the horizontal axis. Default 'step'. */
  xTitle?: string;
  /** Leading eigenvalues, in the order of the analyses. Default 5, at most 6. */
  count?: number;
  /** Of the axis of eigenvalues; on 'log' they must be positive. Default 'linear'. */
  yScale?: 'linear' | 'log';
}

/** Colours that are told apart. */
const MOST = 6;

const POINT: Field<HistoryPoint> = {
  kind: 'value',
  parse(value, name) {
    const { at, analysis } = asRecord(value, name) as Partial<HistoryPoint>;
    return { at: finite.parse(at, `${name}.at`), analysis: checkAnalysis(analysis) };
  },
};

const OPTIONS = {
  ...FIGURE_FIELDS,
  xTitle: withDefault(text, 'step'),
  count: withDefault(integer(1, MOST), 5),
  yScale: withDefault(choice(['linear', 'log'] as const), 'linear'),
};

/** What the bars of all points say, where there are some that are seen. */
function barText(rows: readonly EigenvalueRow[], points: readonly HistoryPoint[], isSeen: boolean): string {
  const lines = 'lines join eigenvalues of the same rank';
  if (rows.every(({ bound }) => bound === undefined)) return `not certified; ${lines}`;
  const confidence = points.reduce((least, { analysis }) => Math.min(least, analysis.certificate?.confidence ?? 1), 1);
  const probability = rows.some(({ kind }) => kind === 'gap') ? `, at each point with probability ${confidence}` : '';
  const bars = isSeen ? 'bar: some eigenvalue lies in it' : 'error bars are no longer than the points';
  return `${bars}${probability}; ${lines}`;
}

/** Whether any bar is longer than its point, as far as the range of all of them tells. */
function barsAreSeen(rows: readonly EigenvalueRow[], height: number, yScale: 'linear' | 'log'): boolean {
  const at = yScale === 'log' ? (y: number) => Math.log(Math.max(y, Number.MIN_VALUE)) : (y: number) => y;
  const ends = rows.map(({ value, bound = 0 }) => [at(value - bound), at(value + bound)] as const);
  const low = ends.reduce((least, [end]) => Math.min(least, end), yScale === 'log' ? Number.POSITIVE_INFINITY : 0);
  const high = ends.reduce((most, [, end]) => Math.max(most, end), yScale === 'log' ? Number.NEGATIVE_INFINITY : 0);
  return ends.some(([lower, upper]) => ((upper - lower) / (high - low)) * height >= VISIBLE_BAR);
}

/**
 * Leading eigenvalues over training as SVG text: a line for each rank, a bar where the analysis has one.
 *
 * @example
 * const points = [{ at: 0, analysis: before }, { at: 100, analysis: after }];
 * const svg = await historySvg(points, { xTitle: 'epoch', count: 3 });
 * @throws ArgumentError for points that have no analysis or no eigenvalues, and for options out of range; UnsupportedError without
 * the package vega.
 */
export function historySvg(points: readonly HistoryPoint[], options: HistoryOptions = {}): Promise<string> {
  return atDoor('historySvg', async () => {
    const { count, xTitle, yScale, ...style } = parseOptions(options, OPTIONS);
    const ordered = listOf(POINT)
      .parse(points, 'points')
      .sort((a, b) => a.at - b.at);
    const spectra = ordered.map(({ analysis }) => eigenvalueRows(analysis).slice(0, count));
    const shown = spectra.flat();
    const ranks = spectra.reduce((most, rows) => Math.max(most, rows.length), 0);
    if (ranks === 0) throw new ArgumentError('no analysis has eigenvalues', { points: ordered.length });
    const series = Array.from({ length: ranks }, (_, rank): Series => {
      const there = ordered.flatMap(({ at }, i) => {
        const row = spectra[i]![rank];
        return row ? [{ at, ...row }] : [];
      });
      return {
        name: `eigenvalue ${rank + 1}`,
        x: there.map(({ at }) => at),
        y: there.map(({ value }) => value),
        lower: there.map(({ value, bound = 0 }) => value - bound),
        upper: there.map(({ value, bound = 0 }) => value + bound),
        mark: 'line-points',
      };
    });
    const names = [...new Set(ordered.map(({ analysis }) => analysis.provenance.operator))];
    const {
      title = `Leading eigenvalues of ${names.join(', ')}`,
      subtitle = barText(shown, ordered, barsAreSeen(shown, style.height, yScale)),
    } = style;
    return plotSvg({ ...style, title, subtitle, xTitle, yTitle: 'eigenvalue', yScale, series });
  });
}
