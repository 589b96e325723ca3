/** What all figures look like: size, font, colours by light and dark, titles. */
import type { Axis, Legend, Spec } from 'vega';
import { anyText, choice, type Field, optional, type Parsed, positive, text, withDefault } from '../core/parse.ts';

/** Of the page that a figure is on. */
export type Theme = 'light' | 'dark';

/** How a figure is drawn; every kind takes these. */
export interface FigureOptions {
  /** Line above the figure; `''` for none. */
  title?: string | undefined;
  /** Smaller lines below the title; `''` for none. */
  subtitle?: string | undefined;
  /** Pixels across, without the labels of the axes. Default 620. */
  width?: number;
  /** Pixels from top to bottom, without title and labels. Default 340. */
  height?: number;
  /** As CSS writes font families. */
  font?: string;
  /** Default `'light'`. */
  theme?: Theme;
}

/** The fields of {@link FigureOptions}. */
export const FIGURE_FIELDS: {
  readonly title: Field<string | undefined>;
  readonly subtitle: Field<string | undefined>;
  readonly width: Field<number>;
  readonly height: Field<number>;
  readonly font: Field<string>;
  readonly theme: Field<Theme>;
} = {
  title: optional(anyText),
  subtitle: optional(anyText),
  width: withDefault(positive, 620),
  height: withDefault(positive, 340),
  font: withDefault(text, 'DejaVu Sans, Helvetica, Arial, sans-serif'),
  theme: withDefault(choice<Theme>(['light', 'dark']), 'light'),
};

/** Options with their defaults. */
export type FigureStyle = Parsed<typeof FIGURE_FIELDS>;

/** Pixels below which a bar is not seen beside its point. */
export const VISIBLE_BAR = 5;

/** Colours of a theme. */
export interface Palette {
  readonly background: string;
  readonly text: string;
  readonly lines: string;
  readonly grid: string;
  /** Of what may be missing. */
  readonly shade: string;
  /**
   * Of curves and points, in this order: those of Okabe and Ito (2008, "Color universal design"), which people with any
   * colour vision tell apart.
   */
  readonly series: readonly [string, string, ...string[]];
}

/** By theme. */
export const PALETTES: Readonly<Record<Theme, Palette>> = {
  light: {
    background: 'white',
    text: '#222',
    lines: '#333',
    grid: '#e4e4e4',
    shade: '#d0d0d0',
    series: ['#0072b2', '#d55e00', '#009e73', '#cc79a7', '#56b4e9', '#e69f00'],
  },
  dark: {
    background: '#16181c',
    text: '#e6e6e6',
    lines: '#aaa',
    grid: '#33373d',
    shade: '#4a4f57',
    series: ['#56b4e9', '#e69f00', '#009e73', '#cc79a7', '#0072b2', '#d55e00'],
  },
};

/** What axes share. */
export function axis({ font, theme }: FigureStyle): Partial<Axis> {
  const { grid, lines, text: color } = PALETTES[theme];
  return {
    grid: true,
    gridColor: grid,
    domainColor: lines,
    tickColor: lines,
    labelColor: color,
    labelFont: font,
    labelFontSize: 12,
    titleColor: color,
    titleFont: font,
    titleFontSize: 13,
    titleFontWeight: 'normal',
    titlePadding: 8,
  };
}

/** What legends share. */
export function legend({ font, theme }: FigureStyle): Partial<Legend> {
  const color = PALETTES[theme].text;
  return { labelFont: font, labelFontSize: 11, labelColor: color, labelLimit: 600, titleFont: font, titleColor: color };
}

/** Words in lines of at most `width` characters: figures are drawn without a font to measure by, and Vega guesses wide. */
function wrap(words: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of words.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

/** Size, background and titles: those that are asked for, or else those of the kind of figure. */
export function frame(style: FigureStyle, own: { title: string; subtitle: string }): Spec {
  const { width, height, font, theme, title = own.title, subtitle = own.subtitle } = style;
  const { background, text: color } = PALETTES[theme];
  const lines = (words: string, size: number): string[] =>
    words === '' ? [] : wrap(words, Math.max(20, Math.floor(width / size)));
  const above: Pick<Spec, 'title'> = {
    title: {
      text: lines(title, 12),
      subtitle: lines(subtitle, 9.4),
      anchor: 'start',
      offset: 12,
      font,
      fontSize: 15,
      fontWeight: 'bold',
      color,
      subtitleFont: font,
      subtitleFontSize: 12,
      subtitleColor: color,
      subtitlePadding: 4,
    },
  };
  return { width, height, padding: 12, background, ...(title === '' && subtitle === '' ? {} : above) };
}
