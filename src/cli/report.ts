/** `eigensketch report`: figures and tables of an analysis that `seigh` or `certify` wrote. */
import { readFile, writeFile } from 'node:fs/promises';
import { checkChoice } from '../core/checks.ts';
import { ArgumentError, StoreError } from '../core/errors.ts';
import { type Analysis, parseAnalysis } from '../report/analysis.ts';
import { FIGURES, figureSvg, svgToPng } from '../report/figure.ts';
import { toHtml } from '../report/html.ts';
import { toCsv, toJson, toLatex, toMarkdown } from '../report/tables.ts';
import { type Command, numberFlag, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';

const WHERE = 'eigensketch report';
const FORMATS = ['markdown', 'latex', 'csv', 'json', 'html', 'svg', 'png'] as const;

async function render(
  analysis: Analysis,
  format: (typeof FORMATS)[number],
  kind: (typeof FIGURES)[number],
  rows: number,
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
      return figureSvg(analysis, kind);
    case 'png':
      return svgToPng(await figureSvg(analysis, kind));
  }
}

export const reportCommand: Command = {
  summary: 'figures and tables of an analysis',
  help: `Usage: eigensketch report ANALYSIS.json [options]

  --format F       ${FORMATS.join(', ')} (default markdown); figures need the packages vega and, for png, @resvg/resvg-js
  --figure KIND    ${FIGURES.join(' or ')}, for svg and png (default spectrum)
  --rows N         eigenvalues in a table (default 20)
  --out FILE       write there instead of printing
  --json           the same as --format json
  --help           this text

Example
  eigensketch report certified.json --format html --out report.html

${EXIT_HELP}`,
  async run(args) {
    const { flags, positionals } = parse(args, {
      format: { type: 'string' },
      figure: { type: 'string' },
      rows: { type: 'string' },
      out: { type: 'string' },
      json: { type: 'boolean' },
    });
    const [file] = positionals;
    if (file === undefined || positionals.length > 1) {
      throw new ArgumentError(`${WHERE}: one analysis file is needed, got ${positionals.length}`);
    }
    const format = checkChoice(WHERE, '--format', flags.format ?? (flags.json ? 'json' : 'markdown'), FORMATS);
    const kind = checkChoice(WHERE, '--figure', flags.figure ?? 'spectrum', FIGURES);
    const text = await readFile(file, 'utf8').catch((cause: unknown) => {
      throw new StoreError(`${WHERE}: cannot read ${file}`, { file }, { cause });
    });
    const output = await render(parseAnalysis(text), format, kind, numberFlag(WHERE, flags, 'rows') ?? 20);
    if (typeof flags.out === 'string') await writeFile(flags.out, output);
    else process.stdout.write(output);
    return EXIT.done;
  },
};
