/** The figures of an analysis as SVG. */
import { atDoor } from '../core/door.ts';
import { ArgumentError } from '../core/errors.ts';
import { choice, parseOptions } from '../core/parse.ts';
import type { Analysis } from './analysis.ts';
import { checkAnalysis } from './check.ts';
import { drawSvg } from './draw.ts';
import { FIGURE_FIELDS, type FigureOptions } from './figure-style.ts';
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
