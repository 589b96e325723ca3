/** A snapshot as files. */
import { type Analysis, figureSvg, toHtml, toJson, toLatex } from 'eigensketch/report';
import type { ReportFormat } from './protocol.ts';

export const WRITERS: Readonly<Record<ReportFormat, (analysis: Analysis) => Promise<string> | string>> = {
  html: (analysis) => toHtml(analysis),
  svg: (analysis) => figureSvg(analysis, 'spectrum'),
  latex: (analysis) => toLatex(analysis),
  json: (analysis) => toJson(analysis),
};
