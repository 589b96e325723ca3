/** What both figures look like: light, print-friendly, one font, room for labels. */
import type { Axis, Spec } from 'vega';

export const FONT: string = 'DejaVu Sans, Helvetica, Arial, sans-serif';

const WIDTH = 620;
export const SIZE: Spec = { width: WIDTH, height: 340, padding: 12, background: 'white' };

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

export function titled(text: string, subtitle: string): Pick<Spec, 'title'> {
  return {
    title: {
      text,
      subtitle,
      anchor: 'start',
      offset: 12,
      font: FONT,
      fontSize: 15,
      fontWeight: 'bold',
      subtitleFont: FONT,
      subtitleFontSize: 12,
      subtitleColor: '#333',
      subtitlePadding: 4,
      limit: WIDTH,
    },
  };
}
