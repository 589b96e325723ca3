/** The figure of the spectrum: eigenvalues with their error bars on an axis that is logarithmic on both sides of zero. */
import type { Mark, Spec } from 'vega';
import type { Analysis } from './analysis.ts';
import { axis, type FigureStyle, frame, legend, PALETTES, VISIBLE_BAR } from './figure-style.ts';
import { eigenvalueRows } from './rows.ts';
import { errorSentence } from './sentence.ts';
import { signedLogTicks, ticked, tickTexts } from './ticks.ts';

/** Decades shown on each side of zero at most: below, an eigenvalue counts as zero. */
const DECADES = 9;
/** Room between the outermost bar and the frame, on the logarithmic axis. */
const MARGIN = 1.6;
/** Pixels below which a band is not seen. */
const VISIBLE_BAND = 2;
/** A bar, as a legend shows it. */
const UPRIGHT = 'M-0.12,-1L0.12,-1L0.12,1L-0.12,1Z';

/** One line of the legend. */
interface Key {
  readonly text: string;
  readonly fill: string;
  readonly shape: string;
}

/** Where the axis puts numbers, in pixels from its lower end: Vega's `symlog`. */
function position({ lowest, highest, constant }: Record<'lowest' | 'highest' | 'constant', number>, height: number) {
  const symlog = (x: number): number => Math.sign(x) * Math.log1p(Math.abs(x / constant));
  const [from, to] = [symlog(MARGIN * lowest), symlog(MARGIN * highest)];
  return (x: number): number => ((symlog(x) - from) / (to - from)) * height;
}

/** No more eigenvalues than were returned exceed this in magnitude. */
function missedBound({ certificate, outcome }: Analysis): number | undefined {
  if (certificate) return certificate.missedEigenvalueBound;
  const { upperBound: upper, lowerBound: lower } = outcome?.completeness ?? {};
  return upper !== undefined && lower === -upper ? upper : undefined;
}

/** The eigenvalues, their bars where they have some, and, where it can be seen, the band in which one may be missing. */
export function spectrumSpec(analysis: Analysis, style: FigureStyle): Spec {
  const { series, shade, text } = PALETTES[style.theme];
  const rows = eigenvalueRows(analysis);
  const missed = missedBound(analysis);
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
  const exponent = Math.max(Math.floor(Math.log10(smallest)), Math.floor(Math.log10(largest)) - DECADES);
  const constant = Number(`1e${exponent}`);
  const at = position({ lowest, highest, constant }, style.height);
  const isBanded = missed !== undefined && at(missed) - at(-missed) >= VISIBLE_BAND;
  const longest = values.reduce((most, { lower, upper }) => Math.max(most, at(upper) - at(lower)), 0);
  const [positive, negative] = series;
  const shapes = { positive: 'circle', negative: 'triangle-down' };
  const isBounded = rows.some(({ bound }) => bound !== undefined);
  const byGap = rows.some(({ kind }) => kind === 'gap') ? `, with probability ${analysis.certificate?.confidence}` : '';
  const signs = new Set(values.map(({ sign }) => sign));
  const name = (sign: string): string => (signs.size > 1 ? `${sign} eigenvalue` : 'eigenvalue');
  const keys: Key[] = [
    ...(signs.has('positive') ? [{ text: name('positive'), fill: positive, shape: shapes.positive }] : []),
    ...(signs.has('negative') ? [{ text: name('negative'), fill: negative, shape: shapes.negative }] : []),
    ...(isBounded && longest >= VISIBLE_BAR
      ? [{ text: `bar: some eigenvalue lies in it${byGap}`, fill: text, shape: UPRIGHT }]
      : []),
    ...(isBounded && longest < VISIBLE_BAR
      ? [{ text: `error bars are no longer than the points${byGap}`, fill: 'transparent', shape: UPRIGHT }]
      : []),
    ...(isBanded ? [{ text: 'grey: an eigenvalue in this band may be missing', fill: shade, shape: 'square' }] : []),
  ];
  const y = (field: string) => ({ scale: 'y', field });
  const x = { scale: 'x', field: 'index' };
  const color = { scale: 'color', field: 'sign' };
  const size = values.length > 100 ? 12 : 26;
  const band: Mark = {
    type: 'rect',
    encode: {
      enter: {
        x: { value: 0 },
        x2: { signal: 'width' },
        y: { scale: 'y', value: missed ?? 0 },
        y2: { scale: 'y', value: -(missed ?? 0) },
        fill: { value: shade },
        fillOpacity: { value: 0.45 },
      },
    },
  };
  const [linear] = tickTexts([constant]);
  const note: Mark = {
    type: 'text',
    encode: {
      enter: {
        x: { signal: 'width - 4' },
        y: { value: 4 },
        align: { value: 'right' },
        baseline: { value: 'top' },
        text: { value: `axis: linear up to ${linear} in magnitude, logarithmic beyond` },
        font: { value: style.font },
        fontSize: { value: 11 },
        fill: { value: text },
      },
    },
  };
  return {
    ...frame(style, {
      title: `Eigenvalues of ${analysis.provenance.operator}`,
      subtitle: errorSentence(analysis),
    }),
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
      { name: 'color', type: 'ordinal', domain: ['positive', 'negative'], range: [positive, negative] },
      { name: 'shape', type: 'ordinal', domain: ['positive', 'negative'], range: Object.values(shapes) },
      { name: 'keyFill', type: 'ordinal', domain: keys.map((key) => key.text), range: keys.map(({ fill }) => fill) },
      { name: 'keyShape', type: 'ordinal', domain: keys.map((key) => key.text), range: keys.map(({ shape }) => shape) },
    ],
    axes: [
      { ...axis(style), scale: 'x', orient: 'bottom', title: 'index', tickMinStep: 1, format: 'd', grid: false },
      {
        ...axis(style),
        scale: 'y',
        orient: 'left',
        title: 'eigenvalue',
        ...ticked(signedLogTicks(lowest, highest, constant)),
      },
    ],
    legends: [{ ...legend(style), fill: 'keyFill', shape: 'keyShape', orient: 'bottom', columns: 1 }],
    marks: [
      ...(isBanded ? [band] : []),
      note,
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
