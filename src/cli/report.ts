/** `eigensketch report`: figures and tables of an analysis that `seigh`, `eigsh` or `certify` wrote, or of a directory. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { ArgumentError, StoreError } from '../core/errors.ts';
import { choice, described, integer, optional, withDefault } from '../core/parse.ts';
import { type Analysis, parseAnalysis } from '../report/analysis.ts';
import { svgToPdf, svgToPng } from '../report/convert.ts';
import { FIGURES, figureSvg } from '../report/figure.ts';
import { FIGURE_FIELDS, type FigureOptions } from '../report/figure-style.ts';
import { toHtml } from '../report/html.ts';
import { toCsv, toJson, toLatex, toMarkdown } from '../report/tables.ts';
import { type Command, checkOutput, defineCommand, json, outputFile } from './command.ts';
import { EXIT } from './exit.ts';

const FORMATS = ['markdown', 'latex', 'csv', 'json', 'html', 'svg', 'png', 'pdf'] as const;

async function render(
  analysis: Analysis,
  format: (typeof FORMATS)[number],
  { figure, rows, ...style }: { figure: (typeof FIGURES)[number]; rows: number } & FigureOptions,
) {
  switch (format) {
    case 'markdown':
      return toMarkdown(analysis, { rows });
    case 'latex':
      return toLatex(analysis, { rows });
    case 'csv':
      return toCsv(analysis);
    case 'json':
      return toJson(analysis);
    case 'html':
      return toHtml(analysis, { rows });
    case 'svg':
      return figureSvg(analysis, figure, style);
    case 'png':
      return svgToPng(await figureSvg(analysis, figure, style));
    case 'pdf':
      return svgToPdf(await figureSvg(analysis, figure, style));
  }
}

/** From an analysis file or a directory of `run` or `eigsh`. */
async function readAnalysis(path: string): Promise<Analysis> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isDirectory) {
    const { openStored, storedAnalysis } = await import('./directories/stored-analysis.ts');
    return storedAnalysis(await openStored(path));
  }
  const text = await readFile(path, 'utf8').catch((cause: Error) => {
    throw new StoreError(`cannot read ${path}: ${cause.message}`, { path }, { cause });
  });
  return parseAnalysis(text);
}

export const reportCommand: Command = defineCommand({
  name: 'report',
  usage: ['report ANALYSIS.json [options]', 'report DIR [options]'],
  about: 'Figures need the package vega, png also @resvg/resvg-js, and pdf that, pdfkit and svg-to-pdfkit.',
  fields: {
    format: described(optional(choice(FORMATS)), 'what to make (default markdown)'),
    figure: described(withDefault(choice(FIGURES), 'spectrum'), 'for svg, png and pdf'),
    title: described(FIGURE_FIELDS.title, "of a figure; '' for none"),
    subtitle: described(FIGURE_FIELDS.subtitle, "of a figure; '' for none"),
    width: described(FIGURE_FIELDS.width, 'of a figure, in pixels'),
    height: described(FIGURE_FIELDS.height, 'of a figure, in pixels'),
    font: described(FIGURE_FIELDS.font, 'of a figure, as CSS writes families'),
    theme: described(FIGURE_FIELDS.theme, 'of a figure'),
    rows: described(withDefault(integer(0), 20), 'eigenvalues in a table'),
    out: described(outputFile, 'write to this file instead of printing'),
    json: described(json, 'the same as --format json'),
  },
  examples: ['report certified.json --format html --out report.html'],
  async run({ values, words }) {
    const [file] = words;
    if (file === undefined || words.length > 1) {
      throw new ArgumentError(`one analysis file or sketch directory is needed, got ${words.length}`);
    }
    const { format = values.json ? 'json' : 'markdown', out, json: _, ...drawing } = values;
    await checkOutput(out);
    const output = await render(await readAnalysis(file), format, drawing);
    if (out === undefined) process.stdout.write(output);
    else await writeFile(out, output);
    return EXIT.done;
  },
});
