/**
 * Every text of an analysis whose fields are all different numbers, written by hand: a field in the place of another, a bound
 * that is not the certified one, or a rounding that claims more than the certificate shows in one of them.
 */
import type { Certificate, EighResult } from '../../src/index.ts';
import {
  type Analysis,
  analysisOf,
  figureSvg,
  paperSentence,
  parseAnalysis,
  toCsv,
  toHtml,
  toJson,
  toLatex,
  toMarkdown,
} from '../../src/report/index.ts';
import { beforeAll, describe, expect, test } from '../support/jest.ts';

const certificate: Certificate = {
  schema: 1,
  confidence: 0.98,
  events: [{ name: 'upper', probability: 0.98, statements: ['errorFrob.upper'] }],
  looks: 3,
  tests: 17,
  seed: 29,
  numMatvecs: 19,
  seconds: 0.731,
  deflated: true,
  relativeError: { estimate: 0.0211, lower: 0.0177, upper: 0.0412 },
  errorFrob: { estimate: 0.132, lower: 0.111, upper: 0.257 },
  operatorFrob: { estimate: 6.31, lower: 6.12, upper: 6.58 },
  likely: {
    relativeError: { estimate: 0.0212, lower: 0.0193, upper: 0.0236 },
    errorFrob: { estimate: 0.133, lower: 0.121, upper: 0.149 },
    operatorFrob: { estimate: 6.32, lower: 6.29, upper: 6.35 },
    effectiveDimension: 7.7,
  },
  scree: [
    { estimate: 1, lower: 1, upper: 1 },
    { estimate: 0.5, lower: 0.1, upper: 0.9 },
    { estimate: 0.04, lower: 0.03, upper: 0.05 },
    { estimate: 0.01, lower: 0.001, upper: 0.02 },
  ],
  // the second is off its eigenvalue's centre; only the first gap says more than the residual
  eigenvalueIntervals: [
    { estimate: 5.25, lower: 4.75, upper: 5.75 },
    { estimate: -3.5, lower: -3.75, upper: -3.375 },
    { estimate: 0.000125, lower: 0.000122, upper: 0.000128 },
  ],
  gapIntervals: [
    { estimate: 5.25, lower: 5.234375, upper: 5.265625 },
    null,
    { estimate: 0.000125, lower: 0.000025, upper: 0.000225 },
  ],
  angleBounds: [0.0234, null, 0.345],
  inertia: { negative: 1, positive: 2 },
  missedEigenvalueBound: 0.0871,
  noiseFloor: 1.23e-7,
  roundingFloor: 4.56e-8,
  coreAsymmetry: 7.89e-9,
};

const result = {
  shape: [4321, 4321],
  dtype: 'float32',
  method: 'hmt',
  dims: 37,
  testMatrix: 'rademacher',
  seed: 53,
  numMatvecs: 74,
  kernels: 'native (a BLAS)',
  seconds: 1.76,
  secondsByStage: { sketch: 1.5, recovery: 0.26 },
  eigenvalues: Float64Array.of(5.25, -3.5, 0.000125),
  residualNorms: Float64Array.of(0.47, 0.22, 2.9e-5),
  samplingErrors: Float64Array.of(0.61, 0.072, 8.3e-6),
  leaveOneOutError: 0.1457,
} as unknown as EighResult;

/** What is known of a made-up result on a made-up machine. */
function analysisOn(machine: string, more: Partial<EighResult> = {}, certified: Certificate = certificate): Analysis {
  const date = new Date('2026-01-02T03:04:05Z');
  const made = analysisOf({ operator: 'by hand', result: { ...result, ...more }, certificate: certified, date });
  return { ...made, provenance: { ...made.provenance, versions: { eigensketch: '9.8.7', node: 'v6.5.4' }, machine } };
}

const analysis = analysisOn('a machine');

const SENTENCE = 'relative Frobenius error at most 0.042 with probability 0.98 (17 test products)';
const STATEMENTS: [string, string][] = [
  ['error', SENTENCE],
  ['leave-one-out', '0.146 (absolute Frobenius error, an estimate, not certified)'],
  ['largest residual norm', '0.47'],
  ['relative error', '0.0211, certified [0.0177, 0.042], each end with probability 0.98'],
  ['likely', '[0.0193, 0.024] (approximate, not certified)'],
  ['absolute error', '0.132, certified [0.111, 0.26], each end with probability 0.98'],
  ['norm of the operator', '6.31, certified [6.12, 6.6], each end with probability 0.98'],
  ['completeness', 'at most 3 eigenvalues exceed 0.088 in magnitude, with probability 0.98'],
  ['inertia', 'at least 1 negative and 2 positive eigenvalues, certainly'],
  ['noise floor', '1.3e-7 (rounding alone 4.6e-8)'],
  ['asymmetry of the core', '7.9e-9'],
  ['cost of the certificate', '19 products, 0.731 s'],
];
const PROVENANCE: [string, string][] = [
  ['operator', 'by hand, 4321 x 4321, float32'],
  ['method', 'hmt, 37 columns, rademacher, seed 53'],
  ['products', '74 for the decomposition, 1.76 s'],
  ['tests', '17, seed 29, confidence 0.98'],
  ['versions', 'eigensketch 9.8.7, Node v6.5.4, dense kernels native (a BLAS)'],
  ['machine', 'a machine'],
  ['date', '2026-01-02T03:04:05.000Z'],
];
/** Bounds: half a width or, off centre, the distance to the farther end; with half a unit of the last digit, rounded up. */
const ROWS = [
  ['1', '5.250 ± 0.017', 'gap', '0.024', '0.610', '0.47'],
  ['2', '-3.50 ± 0.26', 'residual', '', '0.0720', '0.22'],
  ['3', '(1.250 ± 0.031)e-4', 'residual', '0.35', '8.30e-6', '2.9e-5'],
];

test('the sentence', () => expect(paperSentence(analysis)).toBe(SENTENCE));

test('Markdown', () => {
  const list = (pairs: [string, string][]): string => pairs.map(([name, text]) => `- ${name}: ${text}\n`).join('');
  expect(toMarkdown(analysis)).toBe(`# Spectrum of by hand

${list(STATEMENTS)}
| # | eigenvalue | bound by | angle (rad) | sampling s.e. | residual norm |
| --- | --- | --- | --- | --- | --- |
${ROWS.map((cells) => `| ${cells.join(' | ')} |\n`).join('')}
## Provenance

${list(PROVENANCE)}`);
});

test('LaTeX', () => {
  expect(toLatex(analysis)).toBe(`${PROVENANCE.map(([name, text]) => `% ${name}: ${text}\n`).join('')}\\begin{table}
  \\centering
  \\caption{Leading eigenvalues of by hand; ${SENTENCE}.}
  \\begin{tabular}{rlllll}
    \\toprule
    \\# & eigenvalue & bound by & angle (rad) & sampling s.e. & residual norm \\\\
    \\midrule
    1 & $5.250 \\pm 0.017$ & gap & 0.024 & 0.610 & 0.47 \\\\
    2 & $-3.50 \\pm 0.26$ & residual &  & 0.0720 & 0.22 \\\\
    3 & $(1.250 \\pm 0.031) \\times 10^{-4}$ & residual & 0.35 & 8.30e-6 & 2.9e-5 \\\\
    \\bottomrule
  \\end{tabular}
\\end{table}
`);
});

test('CSV: every column in full', () => {
  const comments = [...STATEMENTS, ...PROVENANCE].map(([name, text]) => `# ${name}: ${text}`);
  const [lower, upper] = [0.000122, 0.000128];
  expect(toCsv(analysis).split('\n')).toEqual([
    ...comments,
    'index,eigenvalue,bound,bound_from,angle,sampling_error,residual_norm',
    '1,5.25,0.015625,gap,0.0234,0.61,0.47',
    '2,-3.5,0.25,residual,,0.072,0.22',
    `3,0.000125,${Math.max(upper - 0.000125, 0.000125 - lower)},residual,0.345,0.0000083,0.000029`,
    '',
  ]);
});

test('JSON: every field under its name', () => {
  expect(JSON.parse(toJson(analysis))).toEqual({
    summary: SENTENCE,
    schema: 1,
    provenance: {
      operator: 'by hand',
      n: 4321,
      dtype: 'float32',
      method: 'hmt',
      dims: 37,
      testMatrix: 'rademacher',
      seed: 53,
      numMatvecs: 74,
      seconds: 1.76,
      kernels: 'native (a BLAS)',
      versions: { eigensketch: '9.8.7', node: 'v6.5.4' },
      machine: 'a machine',
      date: '2026-01-02T03:04:05.000Z',
    },
    eigenvalues: [5.25, -3.5, 0.000125],
    residualNorms: [0.47, 0.22, 2.9e-5],
    samplingErrors: [0.61, 0.072, 8.3e-6],
    leaveOneOutError: 0.1457,
    certificate,
  });
});

test('HTML: tables in their order', async () => {
  const rows = Array.from((await toHtml(analysis)).matchAll(/<tr>(.*?)<\/tr>/g), ([, cells]) =>
    Array.from(cells!.matchAll(/<t[hd][^>]*>(.*?)<\/t[hd]>/g), ([, text]) => text),
  );
  const heads = ['#', 'eigenvalue', 'bound by', 'angle (rad)', 'sampling s.e.', 'residual norm'];
  expect(rows).toEqual([...STATEMENTS, heads, ...ROWS, ...PROVENANCE]);
});

test('HTML: the page around figures and tables, word for word', async () => {
  const definitions = (pairs: [string, string][]): string =>
    pairs.map(([name, text]) => `<tr><th scope="row">${name}</th><td>${text}</td></tr>\n`).join('');
  const page = (await toHtml(analysis))
    .replace(/<style>[^<]*<\/style>/, '<style></style>')
    .replaceAll(/<svg [\s\S]*?<\/svg>/g, (svg) => `SVG on ${svg.includes('fill="white"') ? 'white' : 'black'}`);
  const figure = '<figure><div class="light">SVG on white</div>\n<div class="dark">SVG on black</div></figure>\n';
  expect(page).toBe(`<!doctype html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>Spectrum of by hand</title><style></style></head>
<body>
<h1>Spectrum of by hand</h1>
<table>
${definitions(STATEMENTS)}</table>
${figure}${figure}<h2>Leading eigenvalues</h2>
<div class="wide"><table>
<tr><th scope="col">#</th><th scope="col">eigenvalue</th><th scope="col">bound by</th><th scope="col">angle (rad)</th><th scope="col">sampling s.e.</th><th scope="col">residual norm</th></tr>
${ROWS.map((cells) => `<tr>${cells.map((cell) => `<td class="number">${cell}</td>`).join('')}</tr>\n`).join('')}</table></div>
<h2>Provenance</h2>
<table>
${definitions(PROVENANCE)}</table>
</body>
</html>
`);
});

test('a column is there where one row fills it; of two bounds alike the sure one is named', () => {
  const known: Certificate = {
    ...certificate,
    eigenvalueIntervals: [{ estimate: 5.25, lower: 5, upper: 5.5 }],
    gapIntervals: [{ estimate: 5.25, lower: 5, upper: 5.5 }],
    angleBounds: [null, 0.5],
  };
  const lines = toMarkdown({ ...analysisOn('m'), samplingErrors: [0.61], certificate: known }).split('\n');
  expect(lines.filter((line) => line.startsWith('|'))).toEqual([
    '| # | eigenvalue | bound by | angle (rad) | sampling s.e. | residual norm |',
    '| --- | --- | --- | --- | --- | --- |',
    '| 1 | 5.25 ± 0.26 | residual |  | 0.610 | 0.47 |',
    '| 2 | -3.5 |  | 0.5 |  | 0.22 |',
    '| 3 | 0.000125 |  |  |  | 2.9e-5 |',
  ]);
});

test('a certificate of another result is refused, and what is no certificate', () => {
  const other = { ...certificate, eigenvalueIntervals: certificate.eigenvalueIntervals!.toReversed() };
  expect(() => analysisOn('m', {}, other)).toThrow(
    'analysisOf: certificate is of another result: its eigenvalue 0 is 0.000125, that of the result 5.25',
  );
  const shorter = { ...certificate, eigenvalueIntervals: certificate.eigenvalueIntervals!.slice(0, 2) };
  expect(() => analysisOn('m', {}, shorter)).toThrow('it is of 2 eigenvalues, the result has 3');
  expect(() => analysisOn('m', {}, {} as never)).toThrow('analysisOf: certificate: its certificate has schema version');
});

describe('what is no analysis is refused by every report, with what it lacks', () => {
  /** The analysis with another value at a path; undefined takes it away. */
  const spoilt = (path: string, value: unknown): Analysis => {
    const copy = JSON.parse(JSON.stringify(analysis));
    const names = path.split('.');
    const last = names.pop()!;
    const record = names.reduce((outer, name) => outer[name], copy);
    if (value === undefined) delete record[last];
    else record[last] = value;
    return copy;
  };
  const lacking = (name: string, ...values: unknown[]): [string, unknown, string][] =>
    values.map((value) => [`certificate.${name}`, value, `its certificate has no valid ${name}`]);
  const RECORD = 'the record has no eigenvalues or no provenance';
  const cases: [string, unknown, string][] = [
    ['eigenvalues', undefined, RECORD],
    ['eigenvalues', [1, 'two'], RECORD],
    ['eigenvalues', { length: 0 }, RECORD],
    ['provenance', undefined, RECORD],
    ['provenance', [], RECORD],
    ['provenance.operator', 7, RECORD],
    ['provenance.versions', undefined, 'its provenance has no versions'],
    ['residualNorms', [1, null], 'its residualNorms are no numbers'],
    ['samplingErrors', 'none', 'its samplingErrors are no numbers'],
    ['certificate', 3, 'the certificate is no record'],
    ['certificate', null, 'the certificate is no record'],
    ['certificate.schema', 2, 'its certificate has schema version 2, this version reads 1'],
    ['certificate.schema', undefined, 'its certificate has schema version undefined, this version reads 1'],
    ...['relativeError', 'errorFrob', 'operatorFrob'].flatMap((name) =>
      lacking(name, undefined, 1, { estimate: 1, lower: 0 }, { lower: 0, upper: 1 }, { estimate: 1, upper: 1 }),
    ),
    ...lacking('likely.relativeError', undefined, 3),
    ['certificate.likely', undefined, 'its certificate has no valid likely.relativeError'],
    ...['scree', 'eigenvalueIntervals', 'gapIntervals'].flatMap((name) => lacking(name, 1, [1], [{ estimate: 1 }])),
    ...lacking('inertia', 1),
    ...lacking('angleBounds', 1),
    ...['tests', 'confidence', 'numMatvecs', 'seconds', 'noiseFloor', 'roundingFloor'].flatMap((name) =>
      lacking(name, undefined, '1'),
    ),
  ];
  test.each(cases)('%s: %j', (path, value, fault) => {
    const wrong = spoilt(path, value);
    expect(() => toCsv(wrong)).toThrow(
      `toCsv: expected an analysis, as analysisOf and parseAnalysis make it: ${fault}`,
    );
    expect(() => parseAnalysis(JSON.stringify(wrong))).toThrow(`parseAnalysis: ${fault}`);
  });

  test.each([undefined, null, 'text', [], new Float64Array(2)])('%p', async (value) => {
    const message = 'expected an analysis, as analysisOf and parseAnalysis make it: it is no record';
    for (const write of [toCsv, toJson, toLatex, toMarkdown, paperSentence]) {
      expect(() => write(value as never)).toThrow(`${write.name}: ${message}`);
    }
    await expect(toHtml(value as never)).rejects.toThrow(`toHtml: ${message}`);
    await expect(figureSvg(value as never, 'scree')).rejects.toThrow(`figureSvg: ${message}`);
  });

  test('what it may do without is not missed', () => {
    for (const name of ['scree', 'eigenvalueIntervals', 'gapIntervals', 'inertia', 'angleBounds']) {
      expect(toCsv(spoilt(`certificate.${name}`, undefined))).toContain(SENTENCE);
    }
    expect(toCsv(spoilt('certificate.gapIntervals', [null, null, null]))).toContain(SENTENCE);
    for (const name of ['residualNorms', 'samplingErrors']) expect(toCsv(spoilt(name, undefined))).toContain(SENTENCE);
  });

  test('a table lists so many rows, all, or none', () => {
    const rowsOf = (rows: number): number => toMarkdown(analysis, { rows }).match(/^\| \d/gm)?.length ?? 0;
    expect([0, 2, 3, 9, Number.POSITIVE_INFINITY].map(rowsOf)).toEqual([0, 2, 3, 3, 3]);
    for (const rows of [-1, 1.5, Number.NaN]) {
      expect(() => toMarkdown(analysis, { rows })).toThrow(
        `toMarkdown: rows must be an integer at least 0, got ${rows}`,
      );
    }
    expect(() => toLatex(analysis, { row: 2 } as never)).toThrow("toLatex: unknown option 'row'; did you mean 'rows'?");
  });
});

test('without a certificate the same texts bound nothing', () => {
  const { certificate: _, ...bare } = analysisOn('another machine');
  const NONE = 'not certified: no test products were spent on this result';
  expect(paperSentence(bare)).toBe(NONE);
  const lines = toCsv(bare).split('\n');
  expect(lines.slice(0, 3)).toEqual([
    `# error: ${NONE}`,
    ...STATEMENTS.slice(1, 3).map(([name, text]) => `# ${name}: ${text}`),
  ]);
  expect(lines.slice(3, 10)).toEqual(
    PROVENANCE.map(([name, text]) => {
      const own: Record<string, string> = { tests: 'none', machine: 'another machine' };
      return `# ${name}: ${own[name] ?? text}`;
    }),
  );
  expect(lines.slice(-5)).toEqual([
    'index,eigenvalue,bound,bound_from,angle,sampling_error,residual_norm',
    '1,5.25,,,,0.61,0.47',
    '2,-3.5,,,,0.072,0.22',
    '3,0.000125,,,,0.0000083,0.000029',
    '',
  ]);
  expect(toMarkdown(bare)).toContain(
    '\n| 1 | 5.25 | 0.610 | 0.47 |\n| 2 | -3.5 | 0.0720 | 0.22 |\n| 3 | 0.000125 | 8.30e-6 | 2.9e-5 |\n',
  );
});

test('a certificate that knows nothing of single eigenvalues, and no sampling errors', () => {
  const { samplingErrors: _, leaveOneOutError: __, ...rest } = result as EighResult;
  const { scree, eigenvalueIntervals, gapIntervals, angleBounds, inertia, missedEigenvalueBound, ...sampled } =
    certificate;
  const date = new Date('2026-01-02T03:04:05Z');
  const known = analysisOf({ operator: 'by hand', result: rest as EighResult, certificate: sampled, date });
  const lines = toMarkdown(known).split('\n');
  const still = STATEMENTS.filter(([name]) => !['leave-one-out', 'completeness', 'inertia'].includes(name));
  expect(lines.slice(2, 2 + still.length)).toEqual(still.map(([name, text]) => `- ${name}: ${text}`));
  const table = [
    '| # | eigenvalue | residual norm |',
    '| --- | --- | --- |',
    '| 1 | 5.25 | 0.47 |',
    '| 2 | -3.5 | 0.22 |',
    '| 3 | 0.000125 | 2.9e-5 |',
  ];
  expect(lines.filter((line) => line.startsWith('|'))).toEqual(table);
});

describe('figures: marks lie where the labels of the axis say', () => {
  const POSITIVE = '#0072b2';
  const NEGATIVE = '#d55e00';

  /** Labels of the vertical axis with their place: '0.01' → 170. */
  function places(svg: string): Map<string, number> {
    const labels = /role-axis-label[\s\S]*?<\/g>/g;
    const [, vertical] = svg.match(labels)!;
    const text = /<text [^>]*translate\([-\d.e]+,([-\d.e]+)\)[^>]*>([^<]*)</g;
    // a label's base line lies below its tick by the same for all
    const found = Array.from(
      vertical!.matchAll(text),
      ([, y, label]) => [label!.replace('−', '-'), Number(y)] as const,
    );
    return new Map(found);
  }

  /** Ends of the bars, upper one first, in the order drawn, with their colours. */
  function bars(svg: string): { from: number; to: number; colour: string }[] {
    const marks = /mark-rule role-mark[\s\S]*?<\/g>/.exec(svg)![0];
    return Array.from(marks.matchAll(/<line ([^>]*)>/g), ([, line]) => {
      const start = Number(/translate\([-\d.e]+,([-\d.e]+)\)/.exec(line!)![1]);
      const end = start + Number(/y2="([-\d.e]+)"/.exec(line!)![1]);
      const colour = /stroke="(#\w+)"/.exec(line!)![1]!;
      return { from: Math.min(start, end), to: Math.max(start, end), colour };
    });
  }

  describe('the spectrum', () => {
    let svg: string;
    let at: (label: string) => number;
    // values and ends of bars that are powers of ten, and so have a label, and one in the part of the axis that is linear
    const [values, bounds] = [
      [10, -1, 0.1, -0.002],
      [9, 0.9, 0.09, 0.098],
    ];
    beforeAll(async () => {
      const intervals = values!.map((value, i) => ({
        estimate: value,
        lower: value - bounds![i]!,
        upper: value + bounds![i]!,
      }));
      const { gapIntervals: _, angleBounds: __, ...rest } = certificate;
      svg = await figureSvg(
        analysisOn('m', { eigenvalues: Float64Array.from(values!) }, { ...rest, eigenvalueIntervals: intervals }),
        'spectrum',
      );
      const labels = places(svg);
      const zero = labels.get('0')!;
      // marks are placed from the top of the frame; zero is where the grid line at zero is
      at = (label) => labels.get(label)! - zero;
    });

    test('points and their colours', () => {
      const marks = /mark-symbol role-mark[\s\S]*?<\/g>/.exec(svg)![0];
      const points = Array.from(
        marks.matchAll(/translate\(([-\d.e]+),([-\d.e]+)\)"[^>]*fill="(#\w+)"/g),
        ([, x, y, colour]) => ({ x: Number(x), y: Number(y), colour }),
      );
      expect(points.map(({ colour }) => colour)).toEqual([POSITIVE, NEGATIVE, POSITIVE, NEGATIVE]);
      const [first, ...others] = points as [(typeof points)[0], ...typeof points];
      for (const [i, label] of ['-1', '0.1'].entries()) {
        expect([label, others[i]!.y - first.y]).toEqual([label, expect.closeTo(at(label) - at('10'), 1)]);
      }
      const [, positive, negative] = others as [unknown, { y: number }, { y: number }];
      expect(negative.y - positive.y).toBeGreaterThan(at('0') - at('0.1'));
      expect(negative.y - positive.y).toBeLessThan(at('-0.01') - at('0.1'));
      // indices of an axis from 0 to 5
      expect(points.map(({ x }) => x)).toEqual([1, 2, 3, 4].map((index) => expect.closeTo((620 * index) / 5, 1)));
      const legend = /role-legend[\s\S]*$/.exec(svg)![0];
      expect(legend.indexOf('positive')).toBeLessThan(legend.indexOf('negative'));
      const swatches = Array.from(legend.matchAll(/<path [^>]*fill="(#\w+)"/g), ([, colour]) => colour);
      expect(swatches.slice(0, 2)).toEqual([POSITIVE, NEGATIVE]);
    });

    test('bars end at the ends of the intervals', () => {
      const drawn = bars(svg);
      expect(drawn.map(({ colour }) => colour)).toEqual([POSITIVE, NEGATIVE, POSITIVE, NEGATIVE]);
      // 10 - 9 = 1, -1 + 0.9 = -0.1, 0.1 - 0.09 = 0.01, -0.002 - 0.098 = -0.1
      expect(drawn[0]!.to - drawn[1]!.from).toBeCloseTo(at('1') - at('-0.1'), 1);
      expect(drawn[2]!.to - drawn[1]!.from).toBeCloseTo(at('0.01') - at('-0.1'), 1);
      expect(drawn[3]!.to - drawn[1]!.from).toBeCloseTo(0, 1);
    });
  });

  test('the scree: estimate and band of every truncation', async () => {
    const svg = await figureSvg(analysis, 'scree');
    const labels = places(svg);
    const [top, next] = [labels.get('1')!, labels.get('10⁻¹')!];
    const y = (value: number): number => -Math.log10(value) * (next - top);
    const paths = (kind: string): number[][] => {
      const [mark] = new RegExp(`mark-${kind} role-mark[\\s\\S]*?</g>`).exec(svg)!;
      const [, path] = / d="([^"]*)"/.exec(mark)!;
      return Array.from(path!.matchAll(/[ML]([-\d.e]+),([-\d.e]+)/g), ([, a, b]) => [Number(a), Number(b)]);
    };
    const close = (points: number[][]) => points.map((point) => point.map((value) => expect.closeTo(value, 1)));
    const x = [0, 620 / 3, 1240 / 3, 620];
    const curve = [1, 0.5, 0.04, 0.01];
    expect(paths('line')).toEqual(close(curve.map((value, i) => [x[i]!, y(value)])));
    const band = [
      ...[1, 0.1, 0.03, 0.001].map((value, i) => [x[i]!, y(value)]),
      ...[1, 0.9, 0.05, 0.02].map((value, i) => [x[i]!, y(value)]).reverse(),
    ];
    expect(paths('area')).toEqual(close(band));
    expect(svg).toContain('certified band, each end at 0.98');
    // the sentence, in lines
    expect(svg.replace(/<[^>]*>/g, ' ').replace(/\s+/g, ' ')).toContain(SENTENCE);
  });
});
