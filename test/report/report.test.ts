/** Reports: honest rounding, every format, and nothing invented where there is no certificate. */
import { apost, diagonalOperator, type EigshOptions, eigsh, StoreError, seigh } from '../../src/index.ts';
import {
  analysisOf,
  figureSvg,
  paperSentence,
  parseAnalysis,
  svgToPng,
  toCsv,
  toHtml,
  toJson,
  toLatex,
  toMarkdown,
} from '../../src/report/index.ts';
import { boundText, estimateText, roundTogether, roundUp } from '../../src/report/numbers.ts';
import { describe, expect, test } from '../support/jest.ts';

const A = diagonalOperator(Array.from({ length: 120 }, (_, i) => (i % 3 === 1 ? -1 : 1) * (i + 1) ** -1.5));
const result = await seigh(A, 24, { seed: 1 });
const certificate = await apost(A, result, { tests: 30, confidence: 0.99 });
const operator = 'x^2 & <5%> #1_{a}';
const date = new Date('2026-01-02T03:04:05Z');
const analysis = analysisOf({ operator, result, certificate, date });
const bare = analysisOf({ operator: 'bare', result, date });

describe('numbers', () => {
  test.each([
    [0.000312, 0.00032],
    [0.031, 0.031],
    [99.01, 100],
    [1, 1],
    [0, 0],
    [2.0000001e-17, 2.1e-17],
  ])('a bound is rounded up: %d becomes %d', (bound, rounded) => expect(roundUp(bound)).toBe(rounded));

  test('never below the bound, and at most a tenth above', () => {
    const numbers = Array.from({ length: 3000 }, (_, i) => Math.exp(40 * Math.sin((i + 1) ** 2)));
    expect(numbers.filter((x) => !(roundUp(x) >= x * (1 - 1e-9) && roundUp(x) <= 1.1 * x))).toEqual([]);
  });

  test.each([
    [1.234567, 0.0123, '1.235', '0.013', 0],
    [-0.00012345, 1.1e-6, '-1.234', '0.012', -4],
    [3, 0.5, '3.00', '0.51', 0],
    [40, 9.9, '40', '11', 0],
    [0.001, 5, '0.0', '5.1', 0],
    [123456, 12, '1.23456', '0.00013', 5],
    // plain from a thousandth to below a hundred thousand
    [12345, 12, '12345', '13', 0],
    [0.00123, 1e-5, '0.001230', '0.000011', 0],
    [0.000999, 1e-5, '9.99', '0.11', -4],
  ])('%d with bound %d', (value, bound, text, boundText, exponent) => {
    expect(roundTogether(value, bound)).toEqual({ value: text, bound: boundText, exponent });
  });

  test('the printed interval contains the certified one', () => {
    const outside: number[] = [];
    for (let i = 1; i < 3000; i++) {
      const value = Math.exp(12 * Math.sin(i * 1.7)) * (i % 2 ? -1 : 1);
      const bound = Math.abs(value) * Math.exp(-12 + 11 * Math.sin(i * 0.31));
      const rounded = roundTogether(value, bound);
      const scale = 10 ** rounded.exponent;
      const [center, half] = [Number(rounded.value) * scale, Number(rounded.bound) * scale];
      const slack = 1e-9 * bound + 4e-16 * Math.abs(value);
      if (!(center + half >= value + bound - slack && center - half <= value - bound + slack)) outside.push(i);
    }
    expect(outside).toEqual([]);
  });

  test('bounds as text', () => {
    expect([3.0101e-4, 0.0412, 12.3, 0].map(boundText)).toEqual(['3.1e-4', '0.042', '13', '0']);
    expect([1e-3, 9.1e-4, 9800, 9900.5].map(boundText)).toEqual(['0.001', '9.1e-4', '9800', '1.0e+4']);
  });

  test('estimates as text', () => {
    const numbers = [0, 1, -0.03125, 0.001, -0.0009, 9990, 10000];
    expect(numbers.map(estimateText)).toEqual(['0.00', '1.00', '-0.0313', '0.00100', '-9.00e-4', '9.99e+3', '1.00e+4']);
  });

  test('what is not a positive number stays as it is', () => {
    expect([roundUp(Number.POSITIVE_INFINITY), roundUp(-2.345), roundUp(1234, 3)]).toEqual([
      Number.POSITIVE_INFINITY,
      -2.345,
      1240,
    ]);
    for (const bound of [0, Number.POSITIVE_INFINITY]) {
      expect(roundTogether(1.5, bound)).toEqual({ value: '1.5', bound: String(bound), exponent: 0 });
    }
  });
});

describe('with a certificate', () => {
  test('the sentence for a paper', () => {
    const bound = boundText(certificate.relativeError.upper);
    expect(paperSentence(analysis)).toBe(
      `relative Frobenius error at most ${bound} with probability 0.99 (30 test products)`,
    );
    expect(Number(bound)).toBeGreaterThanOrEqual(certificate.relativeError.upper);
  });

  test('LaTeX: booktabs, escaped, value ± bound, provenance in comments', () => {
    const latex = toLatex(analysis, { rows: 5 });
    expect(latex).toContain('x\\textasciicircum{}2 \\& <5\\%> \\#1\\_\\{a\\}');
    for (const rule of ['toprule', 'midrule', 'bottomrule']) expect(latex).toContain(`\\${rule}`);
    expect(latex.match(/^ {4}\d+ & \$.* \\pm .*\$ & (gap|residual) & .* \\\\$/gm)).toHaveLength(5);
    expect(latex).toMatch(/^% method: hmt, 24 columns, gaussian, seed 1$/m);
    expect(latex).toMatch(/^% date: 2026-01-02T03:04:05.000Z$/m);
  });

  test('Markdown: escaped, one line for each eigenvalue', () => {
    const markdown = toMarkdown(analysis, { rows: Number.POSITIVE_INFINITY });
    expect(markdown).toContain('# Spectrum of x^2 & \\<5%\\> #1\\_{a}');
    expect(markdown.match(/^\| \d+ \|/gm)).toHaveLength(24);
    expect(markdown).toContain('at most 24 eigenvalues exceed');
  });

  test('CSV: all digits, comments before a header', () => {
    const lines = toCsv(analysis).trim().split('\n');
    const data = lines.filter((line) => !line.startsWith('#'));
    expect(data[0]).toBe('index,eigenvalue,bound,bound_from,angle,sampling_error,residual_norm');
    expect(data).toHaveLength(25);
    expect(Number(data[1]!.split(',')[1])).toBe(result.eigenvalues[0]);
  });

  test('JSON: read back as it was', () => {
    const { summary, ...back } = parseAnalysis(toJson(analysis)) as ReturnType<typeof parseAnalysis> & {
      summary: string;
    };
    expect(back).toEqual(analysis);
    expect(summary).toBe(paperSentence(analysis));
  });

  test('HTML: one file, escaped, no scripts, nothing from elsewhere', async () => {
    const html = await toHtml(analysis);
    expect(html).toContain('<h1>Spectrum of x^2 &amp; &lt;5%&gt; #1_{a}</h1>');
    // two figures, each for light and for dark pages
    expect(html.match(/<svg /g)).toHaveLength(4);
    expect(html.match(/<div class="(light|dark)"><svg /g)).toHaveLength(4);
    expect(html).toContain('<meta name="viewport" content="width=device-width, initial-scale=1">');
    expect(html).toContain('@media (prefers-color-scheme: dark)');
    // nothing was asked of the batches, so there is no column of sampling errors
    expect(html).not.toContain('sampling s.e.');
    expect(html).not.toMatch(/<script|<link|src=|@import/);
  });

  test('provenance carries what a rerun needs', () => {
    const { provenance } = analysis;
    expect(provenance).toMatchObject({
      operator,
      n: 120,
      method: 'hmt',
      dims: 24,
      seed: 1,
      numMatvecs: 48,
      testMatrix: 'gaussian',
    });
    expect(provenance.versions.node).toBe(process.version);
    expect(provenance.machine).toContain(process.platform);
  });
});

describe('figures', () => {
  test('the spectrum: a point and a bar for each pair, negative values below zero', async () => {
    const svg = await figureSvg(analysis, 'spectrum');
    expect(svg.match(/<line [^>]*stroke="#(0072b2|d55e00)"/g)).toHaveLength(24);
    // the legend's symbols stand above everything that is negative
    const LEGEND = 40;
    const below = (colour: string): number[] =>
      Array.from(
        svg.matchAll(new RegExp(`<path [^>]*translate\\([\\d.]+,([\\d.]+)\\)"[^>]*fill="${colour}"`, 'g')),
        ([, y]) => Number(y),
      );
    const [positive, negative] = [below('#0072b2'), below('#d55e00')];
    expect(Math.max(...positive)).toBeLessThan(Math.min(...negative.filter((y) => y > LEGEND)));
    for (const label of ['index', 'eigenvalue', 'positive', 'negative', '>0<']) expect(svg).toContain(label);
  });

  test('labels of one axis do not overlap', async () => {
    const svg = await figureSvg(analysis, 'spectrum');
    const axis = /role-axis-label[\s\S]*?<\/g>/g;
    for (const [labels] of svg.matchAll(axis)) {
      const at = Array.from(labels.matchAll(/translate\(([-\d.]+),([-\d.]+)\)/g), ([, x, y]) => [Number(x), Number(y)]);
      for (let i = 1; i < at.length; i++) {
        const distance = Math.hypot(at[i]![0]! - at[i - 1]![0]!, at[i]![1]! - at[i - 1]![1]!);
        expect(distance).toBeGreaterThan(12);
      }
    }
  });

  test('the scree, and a PNG of it', async () => {
    const png = await svgToPng(await figureSvg(analysis, 'scree'), { width: 300 });
    expect(Buffer.from(png.buffer, png.byteOffset).readUInt32BE(16)).toBe(300);
  });

  test('only zero or only negative eigenvalues can be drawn', async () => {
    for (const values of [
      [-3, -2, -1],
      [5, 0, 0],
    ]) {
      const B = diagonalOperator(values);
      const sketch = await seigh(B, 3);
      const svg = await figureSvg(
        analysisOf({ operator: 'B', result: sketch, certificate: await apost(B, sketch) }),
        'spectrum',
      );
      expect(svg).not.toContain('NaN');
    }
  });
});

describe('without a certificate', () => {
  test('every text says so and has no bounds', async () => {
    for (const text of [toMarkdown(bare), toLatex(bare), toCsv(bare), toJson(bare), await toHtml(bare)]) {
      expect(text).toContain('not certified: no test products were spent on this result');
      expect(text).not.toMatch(/at most \d|\\pm|±|with probability/);
    }
  });

  test('the spectrum is drawn without bars, the scree is refused', async () => {
    expect(await figureSvg(bare, 'spectrum')).toContain('not certified');
    await expect(figureSvg(bare, 'scree')).rejects.toThrow('figureSvg: the analysis has no scree; certify a result');
  });
});

describe('files that are no analysis', () => {
  const text = toJson(analysis);
  test.each<[string, string, string]>([
    ['no JSON', 'eigenvalues: 1', 'parseAnalysis: the text is not JSON'],
    ['no record', 'null', 'parseAnalysis: the text holds no record'],
    [
      'another version',
      JSON.stringify({ ...analysis, schema: 2 }),
      'parseAnalysis: the analysis has schema version 2, this version reads 1',
    ],
    [
      'a certificate of another version',
      JSON.stringify({ ...analysis, certificate: { ...certificate, schema: 7 } }),
      'parseAnalysis: its certificate has schema version 7, this version reads 1',
    ],
    ['something else of version 1', '{ "schema": 1 }', 'parseAnalysis: the record has no eigenvalues or no provenance'],
  ])('%s', (_, broken, message) => {
    expect(() => parseAnalysis(broken)).toThrow(message);
    expect(() => parseAnalysis(broken)).toThrow(StoreError);
  });
  test('the whole one is read', () => expect(parseAnalysis(text).eigenvalues).toHaveLength(24));
});

describe('a search says how good it is', () => {
  const find = (options: EigshOptions) => eigsh(A, 4, { seed: 2, ...options });

  test('converged and complete: no talk of what is not certified, error bars that hold, in every form', async () => {
    const found = analysisOf({ operator: 'found', result: await find({}), date });
    expect(found.outcome).toMatchObject({ converged: true, status: 'converged', numConverged: 4, complete: true });
    const sentence = paperSentence(found);
    expect(sentence).toMatch(
      /^4 eigenpairs with residual norms of at most 1\.05\S*e-8 .*; none beyond the last one is missing, with/,
    );
    for (const text of [toMarkdown(found), toLatex(found), toCsv(found), toJson(found), await toHtml(found)]) {
      expect(text).not.toContain('not certified');
      expect(text).toContain('none beyond the last one is missing');
    }
    expect(parseAnalysis(toJson(found))).toMatchObject({ outcome: found.outcome, residualNorms: found.residualNorms });
    const lines = toCsv(found)
      .split('\n')
      .filter((line) => /^\d/.test(line));
    const exact = Array.from({ length: 4 }, (_, i) => (i % 3 === 1 ? -1 : 1) * (i + 1) ** -1.5);
    for (const [i, line] of lines.entries()) {
      const [, value, bound, kind, , , residual] = line.split(',');
      expect(Math.abs(Number(value) - exact[i]!)).toBeLessThanOrEqual(Number(bound));
      expect([kind, Number(bound) > 0, residual]).toEqual(['residual', true, bound]);
    }
    expect((await figureSvg(found, 'spectrum')).match(/mark-rule role-mark[\s\S]*?<line/g)).not.toBeNull();
  });

  test('not known to be complete: the bounds of what may be missing, in every form and in the figure', async () => {
    const result = await find({});
    const completeness = { confidence: 0.95, complete: false, upperBound: 0.3, lowerBound: -0.3, numMatvecs: 9 };
    const open = analysisOf({ operator: 'open', result: { ...result, complete: false, completeness } as never, date });
    const text = 'at most 4 eigenvalues exceed 0.3 in magnitude, with probability 0.950';
    for (const each of [paperSentence(open), toMarkdown(open), toCsv(open), await toHtml(open)])
      expect(each).toContain(text);
    expect(parseAnalysis(toJson(open)).outcome?.completeness).toEqual({
      confidence: 0.95,
      complete: false,
      upperBound: 0.3,
      lowerBound: -0.3,
    });
    expect(await figureSvg(open, 'spectrum')).toContain('grey: an eigenvalue in this band may be missing');
    const ends = { ...completeness, upperBound: 0.25, lowerBound: -0.5 };
    const uneven = analysisOf({
      operator: 'open',
      result: { ...result, complete: false, completeness: ends } as never,
      date,
    });
    expect(paperSentence(uneven)).toContain('lie above 0.25 or below -0.5, with probability 0.950');
  });

  test('out of products: every form says so', async () => {
    const result = await find({ maxProducts: 6 } as EigshOptions);
    expect(result.converged).toBe(false);
    const found = analysisOf({ operator: 'found', result, date });
    for (const text of [paperSentence(found), toMarkdown(found), toLatex(found), toCsv(found), await toHtml(found)]) {
      expect(text).toMatch(
        /not converged: \d of 4 eigenpairs have residual norms .* eigenvalues that are missing were not/,
      );
    }
    expect(JSON.parse(toJson(found)).outcome).toMatchObject({ converged: false, complete: false });
    const certified = analysisOf({
      operator: 'found',
      result,
      certificate: await apost(A, result, { tests: 5 }),
      date,
    });
    expect(paperSentence(certified)).toMatch(/^relative Frobenius error .*; not converged: \d of 4/);
  });

  test('an accuracy that was not reached', async () => {
    const reached = await seigh(A, { tol: 0.3, maxDims: 40 });
    const missed = await seigh(A, { tol: 0.001, maxDims: 12, blockSize: 4 });
    const [good, bad] = [reached, missed].map((each) =>
      analysisOf({ operator: 'A', result: each, certificate: each.certificate, date }),
    );
    expect(paperSentence(good!)).toMatch(
      /^relative Frobenius error at most \S+ with probability 0.99 \(10 test products\)$/,
    );
    expect(good!.outcome).toMatchObject({ tol: 0.3, converged: true, status: 'converged' });
    expect(paperSentence(bad!)).toContain('the tolerance of 0.001 is not reached (maxDims)');
    expect(toMarkdown(bad!)).toContain('the tolerance of 0.001 is not reached');
  });
});

test('names that would break a line, a terminal or XML are on one line', async () => {
  const evil = analysisOf({ operator: 'a\rb\nc\u001b[2Jd\u2028e', result, date });
  const drawn = [await figureSvg(evil, 'spectrum'), await toHtml(evil)];
  for (const text of [toMarkdown(evil), toLatex(evil), toCsv(evil), ...drawn]) {
    expect(text).toContain('a b c [2Jd e');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: these must not be there
    expect(text).not.toMatch(/[\r\u001b\u2028]/);
  }
});

test('three hundred thousand eigenvalues are reported', () => {
  const many = { ...bare, eigenvalues: Array.from({ length: 300_000 }, (_, i) => 1 / (i + 1)) };
  const { residualNorms: _, ...rest } = many;
  expect(toCsv(parseAnalysis(toJson(rest))).match(/\n/g)!.length).toBeGreaterThan(300_000);
  expect(toMarkdown(rest)).toContain('| 20 |');
});
