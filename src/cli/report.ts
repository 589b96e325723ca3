/** `eigensketch report`: figures and tables of an analysis that `seigh` or `certify` wrote, or of a sketch directory. */
import { readFile, stat, writeFile } from 'node:fs/promises';
import { checkChoice } from '../core/checks.ts';
import { ArgumentError, StoreError } from '../core/errors.ts';
import { type Analysis, parseAnalysis } from '../report/analysis.ts';
import { FIGURES, figureSvg, svgToPng } from '../report/figure.ts';
import { toHtml } from '../report/html.ts';
import { toCsv, toJson, toLatex, toMarkdown } from '../report/tables.ts';
import { openDirectory } from '../store/sketch/directory.ts';
import { type Command, numberFlag, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { storedAnalysis } from './stored-analysis.ts';

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

/** From an analysis file or a sketch directory. */
async function readAnalysis(path: string): Promise<Analysis> {
  const isDirectory = await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
  if (isDirectory) return storedAnalysis(WHERE, await openDirectory(WHERE, path));
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new StoreError(`${WHERE}: cannot read ${path}`, { path }, { cause });
  });
  return parseAnalysis(text);
}

export const reportCommand: Command = {
  summary: 'figures and tables of an analysis or a sketch directory',
  help: `Usage: eigensketch report ANALYSIS.json [options]
       eigensketch report DIR [options]

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
      throw new ArgumentError(`${WHERE}: one analysis file or sketch directory is needed, got ${positionals.length}`);
    }
    const format = checkChoice(WHERE, '--format', flags.format ?? (flags.json ? 'json' : 'markdown'), FORMATS);
    const kind = checkChoice(WHERE, '--figure', flags.figure ?? 'spectrum', FIGURES);
    const output = await render(await readAnalysis(file), format, kind, numberFlag(WHERE, flags, 'rows') ?? 20);
    if (typeof flags.out === 'string') await writeFile(flags.out, output);
    else process.stdout.write(output);
    return EXIT.done;
  },
};
