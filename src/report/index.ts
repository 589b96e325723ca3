/**
 * Figures, tables and sentences for papers and colleagues, from a decomposition and its certificate.
 *
 * @example
 * const analysis = analysisOf({ operator: 'digits, 64-32-10', result, certificate });
 * await writeFile('spectrum.svg', await figureSvg(analysis, 'spectrum'));
 * console.log(paperSentence(analysis), toLatex(analysis, { rows: 10 }));
 *
 * @module eigensketch/report
 */
export {
  ANALYSIS_SCHEMA,
  type Analysis,
  type AnalysisParts,
  analysisOf,
  type Provenance,
  parseAnalysis,
} from './analysis.ts';
export { type PdfOptions, type PngOptions, svgToPdf, svgToPng } from './convert.ts';
export { densitySvg } from './density-figure.ts';
export { type FigureKind, figureSvg } from './figure.ts';
export type { FigureOptions, Theme } from './figure-style.ts';
export { type HistoryOptions, type HistoryPoint, historySvg } from './history-figure.ts';
export { toHtml } from './html.ts';
export {
  type LossSlice,
  type LossSurface,
  lossSliceSvg,
  lossSurfaceSvg,
  type SliceOptions,
  type SurfaceOptions,
} from './loss-figure.ts';
export { type MatrixImage, matrixSvg } from './matrix-figure.ts';
export type { CompletenessBounds, Outcome } from './outcome.ts';
export { type CertifiedResult, type SubspaceOverlap, subspaceOverlap } from './overlap.ts';
export { overlapSvg } from './overlap-figure.ts';
export { type Plot, plotSvg, type Series } from './plot.ts';
export { paperSentence } from './sentence.ts';
export { type TableOptions, toCsv, toJson, toLatex, toMarkdown } from './tables.ts';
