/** The figure of the scree: the relative error of every truncation, with its certified band. */
import type { Spec } from 'vega';
import type { Interval } from '../stats/interval.ts';
import type { Analysis } from './analysis.ts';
import { axis, type FigureStyle, frame, legend, PALETTES } from './figure-style.ts';
import { errorSentence } from './sentence.ts';
import { logTicks, ticked } from './ticks.ts';

/** Decades below the largest error that are drawn; rounding lies below. */
const DECADES = 16;

/** Opacity of a band. */
const FAINT = 0.3;

export function screeSpec(analysis: Analysis, scree: readonly Interval[], style: FigureStyle): Spec {
  const [line] = PALETTES[style.theme].series;
  const floor = 10 ** -DECADES;
  const clamp = (x: number): number => Math.max(x, floor);
  const values = scree.map(({ estimate, lower, upper }, rank) => ({
    rank,
    estimate: clamp(estimate),
    lower: clamp(lower),
    upper: clamp(upper),
  }));
  const lowest = values.reduce((least, { lower }) => Math.min(least, lower), Number.POSITIVE_INFINITY);
  const highest = values.reduce((most, { upper }) => Math.max(most, upper), floor);
  const first = Math.floor(Math.log10(lowest));
  const last = Math.ceil(Math.log10(highest));
  const [bottom, top] = [10 ** first, 10 ** Math.max(last, first + 1)];
  const confidence = analysis.certificate?.confidence;
  const kinds = ['estimate', `certified band, each end at ${confidence}`];
  return {
    ...frame(style, {
      title: `Error after the first r eigenpairs of ${analysis.provenance.operator}`,
      subtitle: errorSentence(analysis),
    }),
    data: [{ name: 'scree', values }],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: [0, Math.max(1, scree.length - 1)], nice: false },
      { name: 'y', type: 'log', range: 'height', domain: [bottom, top], nice: false },
      { name: 'kind', type: 'ordinal', domain: kinds, range: [line, line] },
      { name: 'strength', type: 'ordinal', domain: kinds, range: [1, FAINT] },
    ],
    axes: [
      {
        ...axis(style),
        scale: 'x',
        orient: 'bottom',
        title: 'eigenpairs kept, r',
        tickMinStep: 1,
        format: 'd',
        grid: false,
      },
      {
        ...axis(style),
        scale: 'y',
        orient: 'left',
        title: 'relative Frobenius error',
        ...ticked(logTicks(bottom, top)),
      },
    ],
    legends: [{ ...legend(style), fill: 'kind', opacity: 'strength', orient: 'top-right', symbolType: 'square' }],
    marks: [
      {
        type: 'area',
        from: { data: 'scree' },
        encode: {
          enter: {
            x: { scale: 'x', field: 'rank' },
            y: { scale: 'y', field: 'lower' },
            y2: { scale: 'y', field: 'upper' },
            fill: { value: line },
            fillOpacity: { value: FAINT },
          },
        },
      },
      {
        type: 'line',
        from: { data: 'scree' },
        encode: {
          enter: {
            x: { scale: 'x', field: 'rank' },
            y: { scale: 'y', field: 'estimate' },
            stroke: { value: line },
            strokeWidth: { value: 1.5 },
          },
        },
      },
    ],
  };
}
