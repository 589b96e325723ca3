/** The figure of the scree: the relative error of every truncation, with its certified band. */
import type { Spec } from 'vega';
import type { Interval } from '../stats/interval.ts';
import type { Analysis } from './analysis.ts';
import { AXIS, FONT, POWER_LABELS, SIZE, titled } from './figure-style.ts';
import { paperSentence } from './sentence.ts';

/** Decades below the largest error that are drawn; rounding lies below. */
const DECADES = 16;

export function screeSpec(analysis: Analysis, scree: readonly Interval[]): Spec {
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
  const step = Math.max(1, Math.ceil((last - first) / 8));
  const decades = Array.from({ length: last - first + 1 }, (_, i) => first + i).filter((e) => (last - e) % step === 0);
  const confidence = analysis.certificate?.confidence;
  return {
    ...SIZE,
    ...titled(`Error after the first r eigenpairs of ${analysis.provenance.operator}`, paperSentence(analysis)),
    data: [{ name: 'scree', values }],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: [0, Math.max(1, scree.length - 1)], nice: false },
      { name: 'y', type: 'log', range: 'height', domain: [10 ** first, 10 ** Math.max(last, first + 1)], nice: false },
      {
        name: 'kind',
        type: 'ordinal',
        domain: ['estimate', `certified band, each end at ${confidence}`],
        range: ['#1b4f8a', '#a9c4e4'],
      },
    ],
    axes: [
      { ...AXIS, scale: 'x', orient: 'bottom', title: 'eigenpairs kept, r', tickMinStep: 1, format: 'd', grid: false },
      {
        ...AXIS,
        scale: 'y',
        orient: 'left',
        title: 'relative Frobenius error',
        values: decades.map((e) => Number(`1e${e}`)),
        encode: POWER_LABELS,
      },
    ],
    legends: [
      { fill: 'kind', orient: 'top-right', labelFont: FONT, labelFontSize: 11, labelLimit: 300, symbolType: 'square' },
    ],
    marks: [
      {
        type: 'area',
        from: { data: 'scree' },
        encode: {
          enter: {
            x: { scale: 'x', field: 'rank' },
            y: { scale: 'y', field: 'lower' },
            y2: { scale: 'y', field: 'upper' },
            fill: { value: '#a9c4e4' },
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
            stroke: { value: '#1b4f8a' },
            strokeWidth: { value: 1.5 },
          },
        },
      },
    ],
  };
}
