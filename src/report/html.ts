/** One HTML file that a colleague can open: no scripts, no links, figures inside. */
import type { Analysis } from './analysis.ts';
import { canDraw, FIGURES, figureSvg } from './figure.ts';
import { boundText, estimateText } from './numbers.ts';
import { provenanceLines, statements } from './sentence.ts';
import { boundedText, listed, plainBounded, type TableOptions } from './tables.ts';

const ESCAPES: Record<string, string> = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
const escapeHtml = (text: string): string => text.replace(/[&<>"]/g, (character) => ESCAPES[character]!);

const STYLE = `body { font: 16px/1.5 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem; color: #222 }
svg { max-width: 100%; height: auto } table { border-collapse: collapse; margin: 1rem 0 }
th, td { text-align: left; padding: .15rem .8rem .15rem 0; border-bottom: 1px solid #ddd; vertical-align: top }
td.number { font-variant-numeric: tabular-nums; white-space: nowrap }`;

function definitionTable(pairs: readonly [string, string][]): string {
  const rows = pairs.map(
    ([name, text]) => `<tr><th scope="row">${escapeHtml(name)}</th><td>${escapeHtml(text)}</td></tr>`,
  );
  return `<table>\n${rows.join('\n')}\n</table>`;
}

/**
 * The whole report as one self-contained page.
 * @throws UnsupportedError without the package vega.
 */
export async function toHtml(analysis: Analysis, options?: TableOptions): Promise<string> {
  const title = `Spectrum of ${escapeHtml(analysis.provenance.operator)}`;
  const kinds = FIGURES.filter((kind) => canDraw(analysis, kind));
  const figures = await Promise.all(kinds.map(async (kind) => `<figure>${await figureSvg(analysis, kind)}</figure>`));
  const rows = listed(analysis, options).map((row) => {
    const { index, angle, kind, samplingError } = row;
    const cells = [
      String(index),
      boundedText(row, plainBounded),
      kind ?? '',
      angle === undefined ? '' : boundText(angle),
      samplingError === undefined ? '' : estimateText(samplingError),
    ];
    return `<tr>${cells.map((cell) => `<td class="number">${cell}</td>`).join('')}</tr>`;
  });
  const heads = ['#', 'eigenvalue', 'bound by', 'angle (rad)', 'sampling s.e.'];
  return `<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><title>${title}</title><style>${STYLE}</style></head>
<body>
<h1>${title}</h1>
${definitionTable(statements(analysis))}
${figures.join('\n')}
<h2>Leading eigenvalues</h2>
<table>
<tr>${heads.map((head) => `<th scope="col">${head}</th>`).join('')}</tr>
${rows.join('\n')}
</table>
<h2>Provenance</h2>
${definitionTable(provenanceLines(analysis))}
</body>
</html>
`;
}
