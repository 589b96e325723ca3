/** One HTML file that a colleague can open: no scripts, no links, figures inside. */
import { atDoor } from '../core/door.ts';
import { UnsupportedError } from '../core/errors.ts';
import type { Analysis } from './analysis.ts';
import { checkAnalysis } from './check.ts';
import { canDraw, FIGURES, type FigureKind, figureSvg } from './figure.ts';
import { provenanceLines, statements } from './sentence.ts';
import { boundedText, columnsOf, listed, plainBounded, type TableOptions } from './tables.ts';
import { oneLine } from './text.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => oneLine(text).replace(/[&<>"]/g, (character) => ESCAPES[character]!);

const STYLE = `:root { color-scheme: light dark }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #222; background: white }
figure { margin: 1rem 0 } figure svg { max-width: 100%; height: auto } .dark { display: none }
table { border-collapse: collapse; margin: 1rem 0; max-width: 100% } .wide { overflow-x: auto }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #8884; vertical-align: top }
td { overflow-wrap: anywhere }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap }
@media (prefers-color-scheme: dark) { body { color: #e6e6e6; background: #16181c } .light { display: none } .dark { display: block } }`;

/** A figure for light and for dark pages, of which the page shows one; nothing without the package that draws it. */
async function figureHtml(analysis: Analysis, kind: FigureKind): Promise<string> {
  try {
    const themes = ['light', 'dark'] as const;
    const drawn = await Promise.all(themes.map((theme) => figureSvg(analysis, kind, { theme })));
    return `<figure>${drawn.map((svg, i) => `<div class="${themes[i]}">${svg}</div>`).join('\n')}</figure>`;
  } catch (error) {
    if (!(error instanceof UnsupportedError)) throw error;
    return `<p>${escapeHtml(error.message)}</p>`;
  }
}

function definitionTable(pairs: readonly [string, string][]): string {
  const rows = pairs.map(
    ([name, text]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(text)}</td></tr>`,
  );
  return `<table>\n${rows.join('\n')}\n</table>`;
}

/**
 * The whole report as one self-contained page. Without the package vega it has no figures, and says so.
 * @throws ArgumentError for what is no analysis and for options out of range.
 */
export function toHtml(analysis: Analysis, options?: TableOptions): Promise<string> {
  return atDoor('toHtml', async () => pageOf(checkAnalysis(analysis), options));
}

async function pageOf(analysis: Analysis, options: TableOptions | undefined): Promise<string> {
  const rows = listed(analysis, options);
  const title = `Spectrum of ${escapeHtml(analysis.provenance.operator)}`;
  const kinds = FIGURES.filter((kind) => canDraw(analysis, kind));
  const figures = await Promise.all(kinds.map((kind) => figureHtml(analysis, kind)));
  const columns = columnsOf(rows, (row) => boundedText(row, plainBounded));
  const lines = rows.map(
    (row) => `<tr>${columns.map(({ text }) => `<td class="number">${escapeHtml(text(row))}</td>`).join('')}</tr>`,
  );
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${STYLE}</style></head>
<body>
<h1>${title}</h1>
${definitionTable(statements(analysis))}
${[...new Set(figures)].join('\n')}
<h2>Leading eigenvalues</h2>
<div class="wide"><table>
<tr>${columns.map((column) => `<th scope="col">${escapeHtml(column.title)}</th>`).join('')}</tr>
${lines.join('\n')}
</table></div>
<h2>Provenance</h2>
${definitionTable(provenanceLines(analysis))}
</body>
</html>
`;
}
