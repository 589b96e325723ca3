/** A matrix as an image: one square an entry. */
import type { Spec } from 'vega';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { drawSvg } from './draw.ts';
import { FONT, titled } from './figure-style.ts';

/** What {@link matrixSvg} draws. */
export interface MatrixImage {
  /** Line above the figure. */
  title: string;
  /** Smaller line below the title. */
  subtitle?: string;
  /** Rows. */
  rows: number;
  /** Columns. */
  cols: number;
  /** rows x cols, row-major. */
  data: ArrayLike<number>;
  /** `'signed'` (default): blue below zero, red above. `'log'`: log10 of the magnitude, zeros left white. */
  scale?: 'signed' | 'log';
}

/** Rows and columns that an image has at most: an SVG holds a rectangle for each entry. */
const MOST = 160;
/** Pixels of the longer side. */
const SIDE = 480;
/** Decades below the largest entry that have a colour of their own. */
const DECADES = 10;

/**
 * A matrix, or a fragment of one, as SVG text.
 *
 * @throws ArgumentError for more than 160 rows or columns; ShapeError where `data` has not rows * cols entries;
 * UnsupportedError without the package vega.
 * @example
 * const svg = await matrixSvg({ title: 'H', rows: 2, cols: 2, data: [12, 18, 18, 12] });
 */
export async function matrixSvg(image: MatrixImage): Promise<string> {
  const { title, subtitle = '', rows, cols, data, scale = 'signed' } = image;
  if (!(rows >= 1 && rows <= MOST && cols >= 1 && cols <= MOST)) {
    throw new ArgumentError(
      `matrixSvg: 1..${MOST} rows and columns can be drawn, got ${rows} x ${cols}; take a fragment`,
      {
        rows,
        cols,
      },
    );
  }
  if (data.length !== rows * cols) {
    throw new ShapeError(`matrixSvg: ${rows} x ${cols} entries are ${rows * cols}, got ${data.length}`);
  }
  const largest = Array.from(data).reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const top = Math.log10(largest);
  const shown = (value: number): number =>
    scale === 'signed' ? value : Math.max(Math.log10(Math.abs(value)), top - DECADES);
  const values = Array.from(data, (value, at) => ({
    i: Math.floor(at / cols),
    j: at % cols,
    value: shown(value),
  })).filter((_, at) => Number.isFinite(data[at]!) && (scale === 'signed' || data[at] !== 0));
  const smallest = values.reduce((least, { value }) => Math.min(least, value), top);
  const cell = SIDE / Math.max(rows, cols);
  const spec: Spec = {
    width: cell * cols,
    height: cell * rows,
    padding: 12,
    background: 'white',
    ...titled(title, subtitle),
    data: [{ name: 'entries', values }],
    scales: [
      {
        name: 'color',
        type: 'linear',
        range: { scheme: scale === 'signed' ? 'redblue' : 'viridis' },
        reverse: scale === 'signed',
        domain: scale === 'signed' ? [-largest, largest] : [smallest, Math.max(top, smallest + 1e-9)],
        zero: false,
      },
    ],
    legends: [
      {
        fill: 'color',
        type: 'gradient',
        orient: 'right',
        title: scale === 'signed' ? 'entry' : 'log10 |entry|',
        titleFont: FONT,
        labelFont: FONT,
      },
    ],
    marks: [
      {
        type: 'rect',
        from: { data: 'entries' },
        encode: {
          enter: {
            x: { signal: `datum.j * ${cell}` },
            y: { signal: `datum.i * ${cell}` },
            width: { value: cell },
            height: { value: cell },
            fill: { scale: 'color', field: 'value' },
          },
        },
      },
    ],
  };
  return drawSvg(spec);
}
