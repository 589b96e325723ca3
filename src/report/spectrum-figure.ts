/** The figure of the spectrum: eigenvalues with their error bars on an axis that is logarithmic on both sides of zero. */
import type { Spec } from 'vega';
import type { Analysis } from './analysis.ts';
import { AXIS, FONT, POWER_LABELS, SIZE, titled } from './figure-style.ts';
import { eigenvalueRows } from './rows.ts';
import { paperSentence } from './sentence.ts';

/** Decades shown on each side of zero at most: below, an eigenvalue counts as zero. */
const DECADES = 9;
/** Room between the outermost bar and the frame, on the logarithmic axis. */
const MARGIN = 1.6;

/** Powers of ten on both sides of zero and zero itself, thinned to about eight labels. */
function ticks(lowest: number, highest: number, constant: number): number[] {
  const first = Math.round(Math.log10(constant));
  const side = (end: number): number[] => {
    const last = Math.floor(Math.log10(Math.max(end, constant)) + 1e-9);
    return Array.from({ length: Math.max(0, last - first) }, (_, i) => last - i);
  };
  const up = highest > 0 ? side(highest) : [];
  const down = lowest < 0 ? side(-lowest) : [];
  const step = Math.max(1, Math.ceil((up.length + down.length) / 8));
  const thin = (exponents: number[]): number[] => exponents.filter((_, i) => i % step === 0);
  const power = (exponent: number): number => Number(`1e${exponent}`);
  return [...thin(down).map((e) => -power(e)), 0, ...thin(up).map(power)];
}

export function spectrumSpec(analysis: Analysis): Spec {
  const rows = eigenvalueRows(analysis);
  const { missedEigenvalueBound: missed } = analysis.certificate ?? {};
  const values = rows.map(({ index, value, bound = 0 }) => ({
    index,
    value,
    lower: value - bound,
    upper: value + bound,
    sign: value < 0 ? 'negative' : 'positive',
  }));
  const ends = values.flatMap(({ lower, upper }) => [lower, upper]);
  const lowest = ends.reduce((least, end) => Math.min(least, end), missed === undefined ? 0 : -missed);
  const highest = ends.reduce((most, end) => Math.max(most, end), missed ?? 0);
  const largest = Math.max(-lowest, highest) || 1;
  const smallest = values.reduce(
    (least, { value }) => (value === 0 ? least : Math.min(least, Math.abs(value))),
    largest,
  );
  // linear within this of zero, logarithmic outside
  const constant = 10 ** Math.max(Math.floor(Math.log10(smallest)), Math.floor(Math.log10(largest)) - DECADES);
  const y = (field: string) => ({ scale: 'y', field });
  const x = { scale: 'x', field: 'index' };
  const color = { scale: 'color', field: 'sign' };
  const size = values.length > 100 ? 12 : 26;
  return {
    ...SIZE,
    ...titled(`Eigenvalues of ${analysis.provenance.operator}`, paperSentence(analysis)),
    data: [{ name: 'pairs', values }],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: [0, values.length + 1], nice: false },
      {
        name: 'y',
        type: 'symlog',
        constant,
        range: 'height',
        domain: [MARGIN * lowest, MARGIN * highest],
        nice: false,
        zero: false,
      },
      { name: 'color', type: 'ordinal', domain: ['positive', 'negative'], range: ['#1b4f8a', '#b3261e'] },
      { name: 'shape', type: 'ordinal', domain: ['positive', 'negative'], range: ['circle', 'triangle-down'] },
    ],
    axes: [
      { ...AXIS, scale: 'x', orient: 'bottom', title: 'index', tickMinStep: 1, format: 'd', grid: false },
      {
        ...AXIS,
        scale: 'y',
        orient: 'left',
        title: 'eigenvalue',
        values: ticks(lowest, highest, constant),
        encode: POWER_LABELS,
      },
    ],
    legends: [
      { fill: 'color', shape: 'shape', orient: 'top-right', labelFont: FONT, labelFontSize: 11, symbolType: 'circle' },
    ],
    marks: [
      ...(missed === undefined
        ? []
        : [
            {
              type: 'rect' as const,
              encode: {
                enter: {
                  x: { value: 0 },
                  x2: { signal: 'width' },
                  y: { scale: 'y', value: missed },
                  y2: { scale: 'y', value: -missed },
                  fill: { value: '#d0d0d0' },
                  fillOpacity: { value: 0.45 },
                },
              },
            },
            {
              type: 'text' as const,
              encode: {
                enter: {
                  x: { value: 6 },
                  y: { scale: 'y', value: 0, offset: -6 },
                  text: { value: 'an eigenvalue in the grey band may be missing' },
                  font: { value: FONT },
                  fontSize: { value: 11 },
                  fill: { value: '#555' },
                },
              },
            },
          ]),
      {
        type: 'rule',
        from: { data: 'pairs' },
        encode: {
          enter: {
            x,
            y: y('lower'),
            y2: y('upper'),
            stroke: color,
            strokeWidth: { value: 1.2 },
            opacity: { value: 0.7 },
          },
        },
      },
      {
        type: 'symbol',
        from: { data: 'pairs' },
        encode: {
          enter: { x, y: y('value'), size: { value: size }, fill: color, shape: { scale: 'shape', field: 'sign' } },
        },
      },
    ],
  };
}
