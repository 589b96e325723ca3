/** An analysis as text: Markdown, LaTeX and CSV. */

import { atDoor } from '../core/door.ts';
import type { Analysis } from './analysis.ts';
import { checkAnalysis, parseTableOptions } from './check.ts';
import { boundText, estimateText, type Rounded, roundTogether } from './numbers.ts';
import { type EigenvalueRow, eigenvalueRows } from './rows.ts';
import { errorSentence, provenanceLines, statements } from './sentence.ts';
import { oneLine } from './text.ts';

/** Which eigenvalues a table lists. */
export interface TableOptions {
  /** The first so many. Default 20; `Infinity` for all. */
  rows?: number;
}

export function listed(analysis: Analysis, options: TableOptions | undefined): EigenvalueRow[] {
  const { rows } = parseTableOptions(options);
  return eigenvalueRows(analysis).slice(0, rows);
}

/** A value with its bound, put together by `join`; a value without bound in six digits. */
export function boundedText({ value, bound }: EigenvalueRow, join: (rounded: Rounded) => string): string {
  return bound === undefined ? Number(value.toPrecision(6)).toString() : join(roundTogether(value, bound));
}

export const plainBounded = ({ value, bound, exponent }: Rounded): string =>
  exponent === 0 ? `${value} ± ${bound}` : `(${value} ± ${bound})e${exponent}`;

export interface Column {
  title: string;
  text: (row: EigenvalueRow) => string;
}

/** Columns that at least one row fills. */
export function columnsOf(rows: readonly EigenvalueRow[], value: Column['text']): Column[] {
  const columns: Column[] = [
    { title: '#', text: ({ index }) => String(index) },
    { title: 'eigenvalue', text: value },
  ];
  if (rows.some(({ kind }) => kind)) columns.push({ title: 'bound by', text: ({ kind }) => kind ?? '' });
  if (rows.some(({ angle }) => angle !== undefined)) {
    columns.push({ title: 'angle (rad)', text: ({ angle }) => (angle === undefined ? '' : boundText(angle)) });
  }
  if (rows.some(({ samplingError }) => samplingError !== undefined)) {
    const text = ({ samplingError }: EigenvalueRow): string =>
      samplingError === undefined ? '' : estimateText(samplingError);
    columns.push({ title: 'sampling s.e.', text });
  }
  if (rows.some(({ residualNorm }) => residualNorm !== undefined)) {
    const text = ({ residualNorm }: EigenvalueRow): string =>
      residualNorm === undefined ? '' : boundText(residualNorm);
    columns.push({ title: 'residual norm', text });
  }
  return columns;
}

const escapeMarkdown = (text: string): string => oneLine(text).replace(/[|\\`*_<>]/g, '\\$&');

/**
 * A Markdown page: the error, the statements, the leading eigenvalues and the provenance.
 * @throws ArgumentError for what is no analysis, and for options out of range.
 */
export function toMarkdown(analysis: Analysis, options?: TableOptions): string {
  return atDoor('toMarkdown', () => markdownOf(checkAnalysis(analysis), options));
}

function markdownOf(analysis: Analysis, options: TableOptions | undefined): string {
  const rows = listed(analysis, options);
  const columns = columnsOf(rows, (row) => boundedText(row, plainBounded));
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const list = (pairs: readonly [string, string][]): string =>
    pairs.map(([name, text]) => `- ${name}: ${escapeMarkdown(text)}`).join('\n');
  return `${[
    `# Spectrum of ${escapeMarkdown(analysis.provenance.operator)}`,
    list(statements(analysis)),
    [
      line(columns.map(({ title }) => title)),
      line(columns.map(() => '---')),
      ...rows.map((row) => line(columns.map(({ text }) => text(row)))),
    ].join('\n'),
    '## Provenance',
    list(provenanceLines(analysis)),
  ].join('\n\n')}\n`;
}

const LATEX_ESCAPES: Record<string, string> = {
  '\\': '\\textbackslash{}',
  '~': '\\textasciitilde{}',
  '^': '\\textasciicircum{}',
};
const escapeLatex = (text: string): string =>
  oneLine(text).replace(/[\\~^]|[&%$#_{}]/g, (character) => LATEX_ESCAPES[character] ?? `\\${character}`);

const latexBounded = ({ value, bound, exponent }: Rounded): string =>
  exponent === 0 ? `$${value} \\pm ${bound}$` : `$(${value} \\pm ${bound}) \\times 10^{${exponent}}$`;

/**
 * A LaTeX table for the package booktabs; the caption carries the error and the provenance.
 * @throws ArgumentError for what is no analysis, and for options out of range.
 */
export function toLatex(analysis: Analysis, options?: TableOptions): string {
  return atDoor('toLatex', () => latexOf(checkAnalysis(analysis), options));
}

function latexOf(analysis: Analysis, options: TableOptions | undefined): string {
  const rows = listed(analysis, options);
  const columns = columnsOf(rows, (row) => boundedText(row, latexBounded));
  const line = (cells: readonly string[]): string => `    ${cells.join(' & ')} \\\\`;
  const source = provenanceLines(analysis).map(([name, text]) => `% ${name}: ${oneLine(text)}`);
  const { operator } = analysis.provenance;
  return `${[
    ...source,
    '\\begin{table}',
    '  \\centering',
    `  \\caption{Leading eigenvalues of ${escapeLatex(operator)}; ${escapeLatex(errorSentence(analysis))}.}`,
    `  \\begin{tabular}{r${'l'.repeat(columns.length - 1)}}`,
    '    \\toprule',
    line(columns.map(({ title }) => escapeLatex(title))),
    '    \\midrule',
    ...rows.map((row) =>
      line(columns.map(({ title, text }) => (title === 'eigenvalue' ? text(row) : escapeLatex(text(row))))),
    ),
    '    \\bottomrule',
    '  \\end{tabular}',
    '\\end{table}',
  ].join('\n')}\n`;
}

/**
 * All eigenvalues with all digits, one line each; provenance and the error in comment lines that start with #.
 * @throws ArgumentError for what is no analysis.
 */
export function toCsv(analysis: Analysis): string {
  return atDoor('toCsv', () => csvOf(checkAnalysis(analysis)));
}

function csvOf(analysis: Analysis): string {
  const comments = [...statements(analysis), ...provenanceLines(analysis)];
  const header = 'index,eigenvalue,bound,bound_from,angle,sampling_error,residual_norm';
  const lines = eigenvalueRows(analysis).map((row) =>
    [row.index, row.value, row.bound, row.kind, row.angle, row.samplingError, row.residualNorm]
      .map((cell) => cell ?? '')
      .join(','),
  );
  return `${[...comments.map(([name, text]) => `# ${name}: ${oneLine(text)}`), header, ...lines].join('\n')}\n`;
}

/**
 * The analysis itself with the sentence on top, as indented JSON that `parseAnalysis` reads back.
 * @throws ArgumentError for what is no analysis.
 */
export function toJson(analysis: Analysis): string {
  return atDoor('toJson', () => {
    const summary = errorSentence(checkAnalysis(analysis));
    return `${JSON.stringify({ summary, ...analysis }, null, 2)}\n`;
  });
}
