/** The figure of two results' leading subspaces: the matrix of cosines, and the overlap of subspaces with its bars. */
import type { Mark, Spec } from 'vega';
import { atDoor } from '../core/door.ts';
import { ShapeError } from '../core/errors.ts';
import { asRecord, integer, numbers, parseOptions } from '../core/parse.ts';
import { cells } from './cells.ts';
import { drawSvg } from './draw.ts';
import {
  axis,
  FIGURE_FIELDS,
  type FigureOptions,
  type FigureStyle,
  frame,
  legend,
  PALETTES,
  VISIBLE_BAR,
} from './figure-style.ts';
import type { SubspaceOverlap } from './overlap.ts';

/** Pixels between both parts. */
const BETWEEN = 150;

/**
 * An overlap as SVG text: on the left |v_i . w_j| of the computed vectors, on the right ||P Q||_F / sqrt(s) of the subspaces of the
 * s leading eigenvectors, with a bar where certificates bound it. `height` is the side of the matrix, `width` that of the right
 * part.
 *
 * @example
 * const svg = await overlapSvg(await subspaceOverlap(before, after, { dims: 10 }), { title: 'Epoch 1 and epoch 2' });
 * @throws ArgumentError and ShapeError for what is no overlap and for options out of range; UnsupportedError without the package
 * vega.
 */
export function overlapSvg(overlap: SubspaceOverlap, options: FigureOptions = {}): Promise<string> {
  return atDoor('overlapSvg', async () => {
    const style = parseOptions(options, { ...FIGURE_FIELDS, width: { ...FIGURE_FIELDS.width, parse: widthOr } });
    const { dims, cosines, subspaces } = asRecord(overlap, 'overlap') as Partial<SubspaceOverlap>;
    const k = integer(1).parse(dims, 'dims');
    const entries = numbers.parse(cosines, 'cosines');
    if (entries.length !== k * k || !Array.isArray(subspaces) || subspaces.length !== k) {
      throw new ShapeError(`an overlap of ${k} vectors has ${k * k} cosines and ${k} subspaces`, { dims: k });
    }
    return drawSvg(overlapSpec(overlap, style));
  });
}

/** Both parts together are about as wide as other figures. */
const widthOr = (value: unknown, name: string): number =>
  value === undefined ? 340 : FIGURE_FIELDS.width.parse(value, name);

function overlapSpec({ dims: k, cosines, subspaces, confidence }: SubspaceOverlap, style: FigureStyle): Spec {
  const { width, height: side } = style;
  const cell = side / k;
  const { series, text } = PALETTES[style.theme];
  const points = subspaces.map(({ estimate, lower, upper }, at) => {
    const isBounded = lower > 0 || upper < 1;
    return { s: at + 1, estimate, lower, upper, fill: isBounded ? series[0] : PALETTES[style.theme].background };
  });
  const bounded = points.filter(({ lower, upper }) => lower > 0 || upper < 1);
  const longest = bounded.reduce((most, { lower, upper }) => Math.max(most, (upper - lower) * side), 0);
  const bars = longest >= VISIBLE_BAR ? 'bars' : 'filled points, with bars no longer than they are';
  const said =
    bounded.length === 0
      ? 'right: of the computed vectors; no gap is certified, so there are no bars'
      : `${bars}: contain the value of the exact eigenvectors, all with probability ${Number(confidence?.toFixed(6))}; hollow points: no gap is certified`;
  const ranks = Array.from({ length: k }, (_, i) => i + 1).filter(
    (rank) => rank === 1 || rank % Math.ceil(k / 10) === 0,
  );
  const ofRank = (scale: string, orient: 'bottom' | 'left', title: string) => ({
    ...axis(style),
    scale,
    orient,
    title,
    grid: false,
    values: ranks,
    format: 'd',
  });
  const from = { data: 'points' };
  const at = { x: { scale: 's', field: 's' }, y: { scale: 'overlap', field: 'estimate' } };
  const matrix: Mark = {
    type: 'group',
    encode: { enter: { width: { value: side }, height: { value: side } } },
    axes: [ofRank('j', 'bottom', 'vector of the second result'), ofRank('i', 'left', 'vector of the first result')],
    legends: [
      { ...legend(style), fill: 'color', type: 'gradient', orient: 'right', title: '|cos|', gradientLength: side / 2 },
    ],
    marks: [cells('cells', { width: cell, height: cell })],
  };
  const curve: Mark = {
    type: 'group',
    encode: { enter: { x: { value: side + BETWEEN }, width: { value: width }, height: { value: side } } },
    axes: [
      ofRank('s', 'bottom', 'leading eigenvectors, s'),
      { ...axis(style), scale: 'overlap', orient: 'left', title: 'overlap of subspaces, ‖PQ‖ / √s' },
    ],
    marks: [
      {
        type: 'rule',
        from: { data: 'bounded' },
        encode: {
          enter: {
            x: at.x,
            y: { scale: 'overlap', field: 'lower' },
            y2: { scale: 'overlap', field: 'upper' },
            stroke: { value: text },
            strokeWidth: { value: 1.4 },
          },
        },
      },
      { type: 'line', from, encode: { enter: { ...at, stroke: { value: series[0] }, strokeWidth: { value: 1.2 } } } },
      {
        type: 'symbol',
        from,
        encode: { enter: { ...at, fill: { field: 'fill' }, stroke: { value: series[0] }, size: { value: 34 } } },
      },
    ],
  };
  const whole: FigureStyle = { ...style, width: side + BETWEEN + width };
  return {
    ...frame(whole, { title: 'Overlap of leading eigenvectors', subtitle: said }),
    data: [
      {
        name: 'cells',
        values: Array.from(cosines, (value, entry) => ({ i: Math.floor(entry / k), j: entry % k, value })),
      },
      { name: 'points', values: points },
      { name: 'bounded', values: bounded },
    ],
    scales: [
      { name: 'i', type: 'linear', range: [0, side], domain: [0.5, k + 0.5], zero: false, nice: false },
      { name: 'j', type: 'linear', range: [0, side], domain: [0.5, k + 0.5], zero: false, nice: false },
      { name: 's', type: 'linear', range: [0, width], domain: [0.5, k + 0.5], zero: false, nice: false },
      { name: 'overlap', type: 'linear', range: [side, 0], domain: [0, 1], nice: false },
      { name: 'color', type: 'linear', range: { scheme: 'viridis' }, domain: [0, 1] },
    ],
    marks: [matrix, curve],
  };
}
