/** The figures of an analysis as SVG, and any SVG as PNG. */
import { ArgumentError } from '../core/errors.ts';
import type { Analysis } from './analysis.ts';
import { drawSvg } from './draw.ts';
import { optionalPackage } from './optional.ts';
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
 * missed; or `scree`, the relative error of every truncation with its certified band.
 *
 * @throws ArgumentError where the analysis has no eigenvalues or no scree; UnsupportedError without the package vega.
 */
export async function figureSvg(analysis: Analysis, kind: FigureKind): Promise<string> {
  if (!canDraw(analysis, kind)) {
    throw new ArgumentError(
      kind === 'spectrum'
        ? 'figureSvg: the analysis has no eigenvalues'
        : 'figureSvg: the analysis has no scree; certify a result with residual norms (method hmt)',
      { kind },
    );
  }
  return drawSvg(kind === 'spectrum' ? spectrumSpec(analysis) : screeSpec(analysis, analysis.certificate!.scree!));
}

/** Options of `svgToPng`. */
export interface PngOptions {
  /** Pixels across. Default 1400. */
  width?: number;
  /** TrueType files for the text, for machines without system fonts. */
  fontFiles?: string[];
}

/** An SVG text as PNG bytes. @throws UnsupportedError without the package @resvg/resvg-js. */
export async function svgToPng(svg: string, { width = 1400, fontFiles = [] }: PngOptions = {}): Promise<Uint8Array> {
  const { Resvg } = await optionalPackage(() => import('@resvg/resvg-js'), '@resvg/resvg-js', 'a PNG');
  const font = { loadSystemFonts: true, fontFiles, defaultFontFamily: 'DejaVu Sans' };
  return new Resvg(svg, { fitTo: { mode: 'width', value: width }, font }).render().asPng();
}
