/** Figures of a loss along eigenvectors: a slice with its quadratic model, and a surface with contours. */
import type { Mark, Spec } from 'vega';
import { atDoor } from '../core/door.ts';
import { ShapeError } from '../core/errors.ts';
import { asRecord, finite, finiteNumbers, optional, parseOptions, text, withDefault } from '../core/parse.ts';
import { cells } from './cells.ts';
import { drawSvg } from './draw.ts';
import { axis, FIGURE_FIELDS, type FigureOptions, type FigureStyle, frame, legend, PALETTES } from './figure-style.ts';
import { plotSvg } from './plot.ts';

/** Losses along one direction, as `lossAlong` of `eigensketch/tfjs` makes them. */
export interface LossSlice {
  /** Steps t, m of them. */
  steps: ArrayLike<number>;
  /** Loss at w + t d, m. */
  losses: ArrayLike<number>;
}

/** What is drawn beside a slice. */
export interface SliceOptions extends FigureOptions {
  /** d . H d at t = 0: of an eigenvector, the eigenvalue. With it the quadratic model is drawn. */
  curvature?: number;
  /** d . g at t = 0: the slope of the model. Default 0. */
  slope?: number;
  /** Below the horizontal axis. Default 'step along the eigenvector'. */
  xTitle?: string;
}

/** Losses on the plane of two directions. */
export interface LossSurface {
  /** Steps s and t, m of them. */
  steps: ArrayLike<number>;
  /** Loss at w + s d_1 + t d_2, m x m, row-major, s along rows. */
  losses: ArrayLike<number>;
}

/** Names of the axes of a surface. */
export interface SurfaceOptions extends FigureOptions {
  /** Of s. Default 'step along eigenvector 1'. */
  xTitle?: string;
  /** Of t. Default 'step along eigenvector 2'. */
  yTitle?: string;
}

const SLICE_FIELDS = {
  ...FIGURE_FIELDS,
  curvature: optional(finite),
  slope: withDefault(finite, 0),
  xTitle: withDefault(text, 'step along the eigenvector'),
};

const SURFACE_FIELDS = {
  ...FIGURE_FIELDS,
  xTitle: withDefault(text, 'step along eigenvector 1'),
  yTitle: withDefault(text, 'step along eigenvector 2'),
};

/** Of the curve of a quadratic model. */
const MODEL_POINTS = 101;
/** Lines of equal loss. */
const LEVELS = 12;

/** @throws NumericalError for entries that are not finite, ShapeError for another number of losses than `expected` of the steps. */
function parseLosses(
  value: unknown,
  expected: (steps: number) => number,
): { steps: Float64Array; losses: Float64Array } {
  const record = asRecord(value, 'losses');
  const steps = finiteNumbers.parse(record.steps, 'steps');
  const losses = finiteNumbers.parse(record.losses, 'losses');
  const count = expected(steps.length);
  if (steps.length < 2 || losses.length !== count) {
    throw new ShapeError(
      `${steps.length} steps, of which at least 2 are needed, take ${count} losses, got ${losses.length}`,
      {
        steps: steps.length,
        losses: losses.length,
      },
    );
  }
  return { steps, losses };
}

/**
 * The loss along one direction as SVG text, and beside it the quadratic model L + slope t + curvature t^2 / 2 of the point t = 0.
 *
 * @example
 * const { data } = await result.eigenvectors.readColumns(0, 1);
 * const along = await lossAlong({ ...problem, directions: [data], steps: [-1, -0.5, 0, 0.5, 1] });
 * const svg = await lossSliceSvg(along, { curvature: result.eigenvalues[0] });
 * @throws ShapeError for fewer than two steps or another number of losses, NumericalError for losses that are not finite,
 * ArgumentError for options out of range; UnsupportedError without the package vega.
 */
export function lossSliceSvg(losses: LossSlice, options: SliceOptions = {}): Promise<string> {
  return atDoor('lossSliceSvg', async () => {
    const { curvature, slope, xTitle, ...style } = parseOptions(options, SLICE_FIELDS);
    const { steps, losses: y } = parseLosses(losses, (m) => m);
    const nearest = steps.reduce((best, t, i) => (Math.abs(t) < Math.abs(steps[best]!) ? i : best), 0);
    const [low, high] = [steps.reduce((a, b) => Math.min(a, b)), steps.reduce((a, b) => Math.max(a, b))];
    // the model goes through the loss at the step nearest to zero
    const base = y[nearest]! - slope * steps[nearest]! - ((curvature ?? 0) / 2) * steps[nearest]! ** 2;
    const curve = Float64Array.from({ length: MODEL_POINTS }, (_, i) => low + ((high - low) * i) / (MODEL_POINTS - 1));
    const model = curve.map((t) => base + slope * t + ((curvature ?? 0) / 2) * t ** 2);
    const { title = 'Loss along an eigenvector' } = style;
    return plotSvg({
      ...style,
      title,
      xTitle,
      yTitle: 'loss',
      series: [
        { name: 'loss', x: steps, y, mark: 'line-points' },
        ...(curvature === undefined ? [] : [{ name: 'quadratic model at 0', x: curve, y: model }]),
      ],
    });
  });
}

/**
 * The loss on the plane of two directions as SVG text: colours and lines of equal loss, and a cross where the weights are.
 *
 * @example
 * const along = await lossAlong({ ...problem, directions: [v1, v2], steps });
 * const svg = await lossSurfaceSvg(along, { xTitle: 'along the first', yTitle: 'along the second eigenvector' });
 * @throws as {@link lossSliceSvg}; steps must be evenly spaced.
 */
export function lossSurfaceSvg(losses: LossSurface, options: SurfaceOptions = {}): Promise<string> {
  return atDoor('lossSurfaceSvg', async () => {
    const { xTitle, yTitle, ...style } = parseOptions(options, SURFACE_FIELDS);
    const surface = parseLosses(losses, (m) => m * m);
    const [first, second] = [surface.steps[0]!, surface.steps[1]!];
    const uneven = surface.steps.find(
      (t, i) => Math.abs(t - first - i * (second - first)) > 1e-6 * Math.abs(second - first) * i,
    );
    if (uneven !== undefined || second <= first) {
      throw new ShapeError('a surface needs steps that ascend evenly', { step: uneven ?? second });
    }
    return drawSvg(surfaceSpec(surface, { xTitle, yTitle }, style));
  });
}

function surfaceSpec(
  { steps, losses }: { steps: Float64Array; losses: Float64Array },
  titles: { xTitle: string; yTitle: string },
  style: FigureStyle,
): Spec {
  const m = steps.length;
  const [first, last] = [steps[0]!, steps[m - 1]!];
  const lowest = losses.reduce((a, b) => Math.min(a, b));
  const highest = losses.reduce((a, b) => Math.max(a, b));
  const { text } = PALETTES[style.theme];
  // rows of the image go down from the largest t, columns from the smallest s
  const values = Array.from({ length: m * m }, (_, at) => losses[(at % m) * m + (m - 1 - Math.floor(at / m))]!);
  const levels = Array.from({ length: LEVELS }, (_, i) => lowest + ((highest - lowest) * (i + 0.5)) / LEVELS);
  const place = (title: string, scale: string, orient: 'bottom' | 'left') => ({
    ...axis(style),
    scale,
    orient,
    title,
    grid: false,
  });
  const cross = (across: boolean): Mark => ({
    type: 'rule',
    encode: {
      enter: {
        x: { scale: 'x', value: 0, offset: across ? -7 : 0 },
        x2: { scale: 'x', value: 0, offset: across ? 7 : 0 },
        y: { scale: 'y', value: 0, offset: across ? 0 : -7 },
        y2: { scale: 'y', value: 0, offset: across ? 0 : 7 },
        stroke: { value: 'white' },
        strokeWidth: { value: 2 },
      },
    },
  });
  const isInside = first <= 0 && last >= 0;
  // cells are centred at the steps, and the frame goes through the centres of the outermost
  const cell = { width: style.width / (m - 1), height: style.height / (m - 1) };
  return {
    ...frame(style, { title: 'Loss on the plane of two eigenvectors', subtitle: isInside ? 'cross: the weights' : '' }),
    data: [
      { name: 'cells', values: values.map((value, at) => ({ i: Math.floor(at / m), j: at % m, value })) },
      { name: 'grid', values: [{ width: m, height: m, values }] },
      {
        name: 'lines',
        source: 'grid',
        transform: [
          { type: 'isocontour', thresholds: levels, scale: { signal: `[${cell.width}, ${cell.height}]` }, as: 'line' },
        ],
      },
    ],
    scales: [
      { name: 'x', type: 'linear', range: 'width', domain: [first, last], nice: false, zero: false },
      { name: 'y', type: 'linear', range: 'height', domain: [first, last], nice: false, zero: false },
      {
        name: 'color',
        type: 'linear',
        range: { scheme: 'viridis' },
        domain: [lowest, Math.max(highest, lowest + 1e-12)],
        zero: false,
      },
    ],
    axes: [place(titles.xTitle, 'x', 'bottom'), place(titles.yTitle, 'y', 'left')],
    legends: [{ ...legend(style), fill: 'color', type: 'gradient', orient: 'right', title: 'loss' }],
    marks: [
      {
        type: 'group',
        clip: true,
        encode: { enter: { width: { signal: 'width' }, height: { signal: 'height' } } },
        marks: [
          cells('cells', cell, true),
          {
            type: 'path',
            from: { data: 'lines' },
            encode: {
              enter: {
                stroke: { value: text },
                strokeOpacity: { value: 0.55 },
                strokeWidth: { value: 0.8 },
                x: { value: -cell.width / 2 },
                y: { value: -cell.height / 2 },
              },
            },
            transform: [{ type: 'geopath', field: 'datum.line' }],
          },
        ],
      },
      ...(isInside ? [cross(true), cross(false)] : []),
    ],
  };
}
