/** A matrix as an image: one square an entry. */
import type { Spec } from 'vega';
import { atDoor } from '../core/door.ts';
import { ShapeError } from '../core/errors.ts';
import { choice, type Field, numbers, type Parsed, parseOptions, refuse, withDefault } from '../core/parse.ts';
import { cells } from './cells.ts';
import { drawSvg } from './draw.ts';
import { FIGURE_FIELDS, type FigureOptions, type FigureStyle, frame, legend } from './figure-style.ts';

/** What {@link matrixSvg} draws. */
export interface MatrixImage extends Omit<FigureOptions, 'width' | 'height'> {
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

const { width: _width, height: _height, ...STYLE_FIELDS } = FIGURE_FIELDS;

const side: Field<number> = {
  kind: 'integer',
  parse: (value, name) =>
    Number.isInteger(value) && (value as number) >= 1 && (value as number) <= MOST
      ? (value as number)
      : refuse(name, `an integer in 1..${MOST} (of a larger matrix take a fragment)`, value),
};

const IMAGE_FIELDS = {
  ...STYLE_FIELDS,
  rows: side,
  cols: side,
  data: numbers,
  scale: withDefault(choice(['signed', 'log']), 'signed'),
};

/**
 * A matrix, or a fragment of one, as SVG text.
 *
 * @throws ArgumentError for more than 160 rows or columns; ShapeError where `data` has not rows * cols entries;
 * UnsupportedError without the package vega.
 * @example
 * const svg = await matrixSvg({ title: 'H', rows: 2, cols: 2, data: [12, 18, 18, 12] });
 */
export function matrixSvg(image: MatrixImage): Promise<string> {
  return atDoor('matrixSvg', async () => {
    const { rows, cols, data, scale, ...style } = parseOptions(image, IMAGE_FIELDS);
    if (data.length !== rows * cols) {
      throw new ShapeError(`${rows} x ${cols} entries are ${rows * cols}, got ${data.length}`);
    }
    return drawSvg(imageSpec({ rows, cols, data, scale }, style));
  });
}

/** A rectangle for each entry that is not left white. */
function imageSpec(
  image: Pick<Parsed<typeof IMAGE_FIELDS>, 'rows' | 'cols' | 'data' | 'scale'>,
  style: Omit<FigureStyle, 'width' | 'height'>,
): Spec {
  const { rows, cols, data, scale } = image;
  const finite = Array.from(data).filter(Number.isFinite);
  const largest = finite.reduce((most, value) => Math.max(most, Math.abs(value)), 0) || 1;
  const top = Math.log10(largest);
  const shown = (value: number): number =>
    scale === 'signed' ? value : Math.max(Math.log10(Math.abs(value)), top - DECADES);
  const values = Array.from(data, (value, at) => ({
    i: Math.floor(at / cols),
    j: at % cols,
    value: shown(value),
  })).filter((_, at) => Number.isFinite(data[at]) && (scale === 'signed' || data[at] !== 0));
  const smallest = values.reduce((least, { value }) => Math.min(least, value), top);
  const cell = SIDE / Math.max(rows, cols);
  const sized: FigureStyle = { ...style, width: cell * cols, height: cell * rows };
  return {
    ...frame(sized, { title: '', subtitle: '' }),
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
        ...legend(sized),
        fill: 'color',
        type: 'gradient',
        orient: 'right',
        title: scale === 'signed' ? 'entry' : 'log₁₀ |entry|',
      },
    ],
    marks: [cells('entries', { width: cell, height: cell })],
  };
}
