/** The figures of an analysis as SVG, and any SVG as PNG. */

import type * as Resvg from '@resvg/resvg-js';
import { host } from '#host';
import { atDoor } from '../core/door.ts';
import { ArgumentError, UnsupportedError } from '../core/errors.ts';
import { choice, integer, listOf, parseOptions, text, withDefault } from '../core/parse.ts';
import type { Analysis } from './analysis.ts';
import { checkAnalysis } from './check.ts';
import { drawSvg } from './draw.ts';
import { FIGURE_FIELDS, type FigureOptions } from './figure-style.ts';
import { missing } from './optional.ts';
import { screeSpec } from './scree-figure.ts';
import { spectrumSpec } from './spectrum-figure.ts';

/** The figures that an analysis can be drawn as. */
export type FigureKind = 'spectrum' | 'scree';
export const FIGURES: readonly FigureKind[] = ['spectrum', 'scree'];

/** Whether an analysis has what a figure shows. */
export function canDraw({ eigenvalues, certificate }: Analysis, kind: FigureKind): boolean {
  return kind === 'spectrum' ? eigenvalues.length > 0 : certificate?.scree !== undefined;
}

/**
 * A figure as SVG text: `spectrum`, the eigenvalues with their error bars and, in grey, the band in which one may have been
 * missed; or `scree`, the relative error of every truncation with its certified band. Without options the title names the
 * operator, and the subtitle is the certified error.
 *
 * @throws ArgumentError for what is no analysis, for other options, and where the analysis has no eigenvalues or no scree;
 * UnsupportedError without the package vega.
 */
export function figureSvg(analysis: Analysis, kind: FigureKind, options: FigureOptions = {}): Promise<string> {
  return atDoor('figureSvg', async () => {
    const { eigenvalues, certificate } = checkAnalysis(analysis);
    choice(FIGURES).parse(kind, 'kind');
    const style = parseOptions(options, FIGURE_FIELDS);
    if (kind === 'spectrum') {
      if (eigenvalues.length === 0) throw new ArgumentError('the analysis has no eigenvalues', { kind });
      return drawSvg(spectrumSpec(analysis, style));
    }
    const scree = certificate?.scree;
    if (scree === undefined) {
      throw new ArgumentError('the analysis has no scree; certify a result with residual norms (method hmt)', { kind });
    }
    return drawSvg(screeSpec(analysis, scree, style));
  });
}

/** Options of `svgToPng`. */
export interface PngOptions {
  /** Pixels across. Default 1400. */
  width?: number;
  /** TrueType files for the text, for machines without system fonts. */
  fontFiles?: string[];
}

/** An image wider than this is no figure any more. */
const MOST_PIXELS = 32_768;

const RESVG = '@resvg/resvg-js';

const PNG = { width: withDefault(integer(1, MOST_PIXELS), 1400), fontFiles: withDefault(listOf(text), []) };

/**
 * An SVG text as PNG bytes. In Node: a page draws the SVG on a canvas.
 * @throws ArgumentError for a text that is no SVG and for options out of range; UnsupportedError without the package
 * @resvg/resvg-js, and in pages.
 */
export function svgToPng(svg: string, options: PngOptions = {}): Promise<Uint8Array> {
  return atDoor('svgToPng', async () => {
    text.parse(svg, 'svg');
    const { width, fontFiles } = parseOptions(options, PNG);
    if (host.isPage) throw new UnsupportedError('a page makes a PNG by drawing the SVG on a canvas', {});
    const loaded = await host.importPackage(RESVG).catch(missing(RESVG, 'a PNG'));
    const { Resvg: Drawing } = loaded as typeof Resvg;
    const font = { loadSystemFonts: true, fontFiles, defaultFontFamily: 'DejaVu Sans' };
    try {
      return new Drawing(svg, { fitTo: { mode: 'width', value: width }, font }).render().asPng();
    } catch (cause) {
      throw new ArgumentError(`svg cannot be drawn: ${(cause as Error).message}`, {}, { cause });
    }
  });
}
