/** What goes into papers: LaTeX that pdflatex compiles, and PDFs that it includes. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { inflateSync } from 'node:zlib';
import { apost, diagonalOperator, eigsh, seigh } from '../../src/index.ts';
import { type Analysis, analysisOf, figureSvg, matrixSvg, plotSvg, svgToPdf, toLatex } from '../../src/report/index.ts';
import { expect, test } from '../support/jest.ts';
import { needing, runs } from '../support/programs.ts';

const A = diagonalOperator(Float64Array.from({ length: 80 }, (_, i) => (i % 3 ? 1 : -1) / (i + 1) ** 2));
const EVIL = 'é_100% & #{x}^2 ~ \\today $';

async function analyses(): Promise<Analysis[]> {
  const sketch = await seigh(A, 20, { seed: 1 });
  const onePass = await seigh(A, 20, { seed: 1, method: 'nystrom' });
  const result = await eigsh(A, 4, { seed: 1, tol: 1e-3 });
  return [
    analysisOf({ operator: EVIL, result: sketch, certificate: await apost(A, sketch, { tests: 10 }) }),
    analysisOf({ operator: EVIL, result: onePass, certificate: await apost(A, onePass, { tests: 10 }) }),
    analysisOf({ operator: 'A', result: sketch }),
    analysisOf({ operator: 'A', result }),
    { ...analysisOf({ operator: 'A', result }), samplingErrors: [1, 2, 3, 4] },
  ];
}

/** Content of all compressed streams of a PDF. */
function streamsOf(pdf: Uint8Array): string {
  const bytes = Buffer.from(pdf);
  const text = bytes.toString('latin1');
  return Array.from(text.matchAll(/\/FlateDecode[^>]*>>\s*stream\n/g), ({ 0: match, index }) =>
    inflateSync(bytes.subarray(index + match.length)).toString('latin1'),
  ).join('\n');
}

test('a PDF has the size of the figure in points, curves and outlines, neither images nor fonts, and the same bytes again', async () => {
  const svg = await plotSvg({ title: 'λ', xTitle: 'x', yTitle: 'y', series: [{ name: 'a', x: [0, 1], y: [0, 1] }] });
  const [, width, height] = /width="([\d.]+)" height="([\d.]+)"/.exec(svg)!;
  const pdf = await svgToPdf(svg);
  const text = Buffer.from(pdf).toString('latin1');
  expect(text.slice(0, 7)).toBe('%PDF-1.');
  const [, right, top] = /\/MediaBox \[0 0 ([\d.]+) ([\d.]+)\]/.exec(text)!;
  expect([Number(right), Number(top)]).toEqual(
    [0.75 * Number(width), 0.75 * Number(height)].map((x) => expect.closeTo(x, 0)),
  );
  expect(text).not.toMatch(/\/Subtype ?\/(Image|Type1|TrueType|Type0|Type3)/);
  // the line of the plot, from corner to corner of its frame, and letters as curves
  const drawn = streamsOf(pdf);
  expect(drawn).toMatch(/^8 340 m\n612 0 l$/m);
  expect(drawn.match(/ c$/gm)!.length).toBeGreaterThan(100);
  expect(Buffer.compare(pdf, await svgToPdf(svg))).toBe(0);
});

needing(runs('pdflatex', '--version'), 'pdflatex (Debian: texlive-latex-base)')(
  'pdflatex compiles every kind of table, and the figures',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'eigensketch-latex-'));
    try {
      const all = await analyses();
      const figures = [
        await figureSvg(all[0]!, 'spectrum'),
        await matrixSvg({ rows: 2, cols: 2, data: [1, 2, 3, -4] }),
      ];
      for (const [i, svg] of figures.entries()) await writeFile(join(folder, `f${i}.pdf`), await svgToPdf(svg));
      // booktabs is in another package of Debian; its three rules are all that a table takes from it
      const rules = ['top', 'mid', 'bottom'].map((name) => `\\newcommand{\\${name}rule}{\\hline}`).join('');
      await writeFile(
        join(folder, 'paper.tex'),
        `\\documentclass{article}\\usepackage[T1]{fontenc}\\usepackage{graphicx}
\\IfFileExists{booktabs.sty}{\\usepackage{booktabs}}{${rules}}
\\begin{document}
${all.map((analysis) => toLatex(analysis)).join('\n')}
${figures.map((_, i) => `\\includegraphics[width=5cm]{f${i}.pdf}`).join('\n')}
\\end{document}\n`,
      );
      execFileSync('pdflatex', ['-halt-on-error', '-interaction=nonstopmode', 'paper.tex'], {
        cwd: folder,
        stdio: 'pipe',
      });
      const log = await readFile(join(folder, 'paper.log'), 'latin1');
      expect(log).toMatch(/Output written on paper\.pdf \(\d+ pages?/);
      expect(log).not.toMatch(/Missing character|undefined/);
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  },
);
