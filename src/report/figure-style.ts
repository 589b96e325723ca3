/** What both figures look like: light, print-friendly, one font, room for labels. */
import type { Axis, Spec } from 'vega';

export const FONT: string = 'DejaVu Sans, Helvetica, Arial, sans-serif';

export const SIZE: Spec = { width: 620, height: 340, padding: 12, background: 'white' };

export const AXIS: Partial<Axis> = {
  grid: true,
  gridColor: '#e4e4e4',
  domainColor: '#333',
  tickColor: '#333',
  labelFont: FONT,
  labelFontSize: 12,
  titleFont: FONT,
  titleFontSize: 13,
  titleFontWeight: 'normal',
  titlePadding: 8,
};

/** Labels of an axis of powers of ten: 1e-3, 0, -1e2. */
export const POWER_LABELS: NonNullable<Axis['encode']> = {
  labels: { update: { text: { signal: "datum.value == 0 ? '0' : replace(format(datum.value, '.0e'), '+', '')" } } },
};

/** Words in lines of at most `width` characters: figures are drawn without a font to measure by. */
function wrap(text: string, width: number): string[] {
  const lines: string[] = [];
  for (const word of text.split(/\s+/)) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= width) lines[lines.length - 1] = `${last} ${word}`;
    else lines.push(word);
  }
  return lines;
}

export function titled(text: string, subtitle: string): Pick<Spec, 'title'> {
  return {
    title: {
      text: wrap(text, 52),
      subtitle: wrap(subtitle, 66),
      anchor: 'start',
      offset: 12,
      font: FONT,
      fontSize: 15,
      fontWeight: 'bold',
      subtitleFont: FONT,
      subtitleFontSize: 12,
      subtitleColor: '#333',
      subtitlePadding: 4,
    },
  };
}
