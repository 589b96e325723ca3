/**
 * Figures of data made by hand, element by element: places computed from the axes that the data ask for, every text, and
 * colours, sizes and strengths as the style of all figures has them.
 */
import type { Certificate } from '../../src/index.ts';
import { type Analysis, figureSvg, matrixSvg, plotSvg } from '../../src/report/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { attributesOf, elementsOf, placeOf, textsOf } from '../support/svg.ts';

const FONT = 'DejaVu Sans, Helvetica, Arial, sans-serif';
const [FIRST, SECOND] = ['#0072b2', '#d55e00'];
const close = (places: [number, number][]) => places.map((place) => place.map((value) => expect.closeTo(value, 1)));

/** Sizes, weights and colours of texts, by role; and of the lines of axes. */
function checkStyle(svg: string, { text, lines, grid }: { text: string; lines: string; grid: string }): void {
  const sizes: Record<string, string> = {
    'axis-label': '12px',
    'axis-title': '13px',
    'legend-label': '11px',
    'title-text': '15px',
    'title-subtitle': '12px',
    text: '11px',
  };
  const weights: Record<string, string> = { 'axis-title': 'normal', 'title-text': 'bold' };
  const texts = elementsOf(svg).filter(({ attributes }) => attributes.tag === 'text');
  expect(new Set(texts.map(({ attributes }) => attributes['font-family']))).toEqual(new Set([FONT]));
  for (const { role, attributes } of texts) {
    const style = [attributes['font-size'], attributes['font-weight'], attributes.fill];
    expect([role, ...style]).toEqual([role, sizes[role], weights[role], text]);
  }
  for (const [role, stroke] of [
    ['axis-tick', lines],
    ['axis-domain', lines],
    ['axis-grid', grid],
  ] as const) {
    expect([role, new Set(attributesOf(svg, role, 'stroke').flat())]).toEqual([role, new Set([stroke])]);
  }
  // the grid is that of the vertical axis
  expect(new Set(attributesOf(svg, 'axis-grid', 'y2').flat())).toEqual(new Set(['0']));
}

const LIGHT = { text: '#222', lines: '#333', grid: '#e4e4e4' };

describe('a plot', () => {
  const curve = { name: 'a', x: [0, 1, 2], y: [1, 2, 4], lower: [0.5, 1, 3], upper: [2, 3, 5] };
  const points = { name: 'b', x: [0, 2], y: [3, 1], lower: [2, 0], upper: [4, 2], mark: 'points' as const };
  const options = { title: 'A title', subtitle: 'and more', xTitle: 'across', yTitle: 'up' };

  test('of a curve in its band and of points with bars', async () => {
    const svg = await plotSvg({ ...options, series: [curve, points] });
    checkStyle(svg, LIGHT);
    for (const [role, text] of [
      ['title-text', 'A title'],
      ['title-subtitle', 'and more'],
    ] as const) {
      expect(textsOf(svg, role)).toEqual([text]);
    }
    expect(textsOf(svg, 'axis-title')).toEqual(['across', 'up']);
    expect(textsOf(svg, 'legend-label')).toEqual(['a', 'b']);
    expect(attributesOf(svg, 'legend-symbol', 'fill')).toEqual([[FIRST], [SECOND]]);
    // 340 pixels for 0..5, and x from 8 to 612 pixels of 620 for 0..2
    expect(attributesOf(svg, 'area', 'd', 'fill', 'fill-opacity')).toEqual([
      ['M8,306L310,272L612,136L612,0L310,136L8,204Z', FIRST, '0.25'],
    ]);
    expect(attributesOf(svg, 'line', 'd', 'stroke', 'stroke-width')).toEqual([['M8,272L310,204L612,68', FIRST, '1.5']]);
    expect(placeOf(svg, 'rule')).toEqual(close([[8, 204], [612, 340]])); // biome-ignore format: places
    expect(attributesOf(svg, 'rule', 'y2', 'stroke', 'stroke-width')).toEqual(
      [1, 2].map(() => ['-136', SECOND, '1.2']),
    );
    expect(placeOf(svg, 'symbol')).toEqual(close([[8, 136], [612, 272]])); // biome-ignore format: places
    expect(attributesOf(svg, 'symbol', 'fill')).toEqual([[SECOND], [SECOND]]);
    const [drawnFirst] = elementsOf(svg);
    expect([drawnFirst!.role, drawnFirst!.attributes.fill]).toEqual(['page', 'white']);
    const roles = elementsOf(svg).map(({ role }) => role);
    expect(roles.filter((role) => ['area', 'line', 'rule', 'symbol'].includes(role))).toEqual([
      'area', 'line', 'rule', 'rule', 'symbol', 'symbol',
    ]); // biome-ignore format: a list
  });

  test('without bands there are none, and one series needs no legend', async () => {
    const { lower, upper, ...bare } = curve;
    const roles = (svg: string): Set<string> => new Set(elementsOf(svg).map(({ role }) => role));
    const one = roles(await plotSvg({ ...options, series: [bare] }));
    const other = roles(await plotSvg({ ...options, series: [{ ...bare, mark: 'points' }] }));
    expect([one.has('line'), one.has('area'), one.has('legend-label')]).toEqual([true, false, false]);
    expect([other.has('symbol'), other.has('rule'), other.has('line')]).toEqual([true, false, false]);
  });

  test('on the dark page', async () => {
    const svg = await plotSvg({ ...options, theme: 'dark', series: [curve, points] });
    checkStyle(svg, { text: '#e6e6e6', lines: '#aaa', grid: '#33373d' });
    expect(attributesOf(svg, 'symbol', 'fill')[0]).toEqual(['#e69f00']);
    expect(attributesOf(svg, 'line', 'stroke')).toEqual([['#56b4e9']]);
    expect(elementsOf(svg)[0]!.attributes.fill).toBe('#16181c');
  });

  test('on a logarithmic axis from the power of ten below to the one above', async () => {
    const series = [{ name: 'a', x: [0, 1, 2, 3], y: [0.02, 0.05, 0.5, 2], mark: 'points' as const }];
    const svg = await plotSvg({ ...options, yScale: 'log', series });
    // 340 pixels for the three decades 0.01..10
    const at = (y: number): number => (340 * (1 - Math.log10(y))) / 3;
    expect(placeOf(svg, 'symbol')).toEqual(close([0.02, 0.05, 0.5, 2].map((y, i) => [8 + (604 * i) / 3, at(y)])));
    expect(textsOf(svg, 'axis-label').slice(-4)).toEqual(['0.01', '0.1', '1', '10']);
    expect(placeOf(svg, 'axis-grid').map(([, y]) => y)).toEqual(
      [0.01, 0.1, 1, 10].map((y) => expect.closeTo(at(y), 0)),
    );
  });

  test('on a logarithmic axis of less than a decade: a little more than the data', async () => {
    const series = [{ name: 'a', x: [0, 1], y: [3, 6], mark: 'points' as const }];
    const svg = await plotSvg({ ...options, yScale: 'log', series });
    const margin = (340 * Math.log(1.05)) / Math.log(2 * 1.05 ** 2);
    expect(placeOf(svg, 'symbol')).toEqual(close([[8, 340 - margin], [612, margin]])); // biome-ignore format: places
    const exact = await plotSvg({ ...options, yScale: 'log', series: [{ ...series[0]!, y: [1, 10] }] });
    expect(placeOf(exact, 'symbol')).toEqual(close([[8, 340], [612, 0]])); // biome-ignore format: places
  });

  test('a bar needs both ends', async () => {
    const { lower, upper, ...bare } = curve;
    for (const half of [{ lower }, { upper }]) {
      const run = plotSvg({ ...options, series: [{ ...bare, ...half }] });
      await expect(run).rejects.toThrow("plotSvg: series 'a' has 3 y values and 0 of another kind");
      await expect(plotSvg({ ...options, series: [{ ...bare, ...half }] })).rejects.toMatchObject({
        values: { name: 'a' },
      });
    }
  });

  test.each<[unknown, string]>([
    [undefined, 'series must be an array, got undefined'],
    [[{ name: 1, x: [], y: [] }], 'series[0]: name must be a string, got 1'],
    [[curve, { name: 'a', x: 1, y: [] }], 'series[1]: x must be an array of numbers, got 1'],
    [[{ name: 'a', x: [], y: null }], 'series[0]: y must be an array of numbers, got null'],
    [[{ ...curve, mark: 'dots' }], "series[0]: mark must be one of 'line', 'points', 'line-points', got 'dots'"],
    [[], 'there is no finite point to draw'],
  ])('series %j are refused', async (series, message) => {
    await expect(plotSvg({ ...options, series: series as never })).rejects.toThrow(`plotSvg: ${message}`);
  });
});

describe('an image of a matrix', () => {
  // the ends of Matplotlib's viridis
  const [DARK, BRIGHT] = ['rgb(68, 1, 84)', 'rgb(253, 231, 37)'];
  const fillsOf = async (image: Parameters<typeof matrixSvg>[0]): Promise<(string | undefined)[]> =>
    attributesOf(await matrixSvg(image), 'rect', 'fill').flat();

  test('signed: from blue to red around zero, symmetric; what is not finite is left white', async () => {
    const svg = await matrixSvg({ rows: 2, cols: 3, data: [2, -4, 4, Number.NaN, 0, 1] });
    expect(attributesOf(svg, 'rect', 'd').flat()).toEqual([
      'M0,0h160.5v160.5h-160.5Z',
      'M160,0h160.5v160.5h-160.5Z',
      'M320,0h160.5v160.5h-160.5Z',
      'M160,160h160.5v160.5h-160.5Z',
      'M320,160h160.5v160.5h-160.5Z',
    ]);
    const fills = attributesOf(svg, 'rect', 'fill').flat();
    // relative to the largest entry, with which the scheme ends
    expect(fills).toEqual(await fillsOf({ rows: 1, cols: 5, data: [200, -400, 400, 0, 100] }));
    expect(fills.slice(2, 3)).toEqual((await fillsOf({ rows: 1, cols: 1, data: [4] })).slice(0, 1));
    expect(new Set(fills).size).toBe(5);
    const [half, lowest, highest] = fills.map((fill) => fill!.match(/\d+/g)!.map(Number)) as number[][];
    expect(lowest![2]).toBeGreaterThan(2 * lowest![0]!);
    expect(highest![0]).toBeGreaterThan(2 * highest![2]!);
    expect(half![0]).toBeGreaterThan(highest![0]!);
    // white in the middle
    const middle = fills[3]!.match(/\d+/g)!.map(Number);
    expect(Math.min(...middle)).toBeGreaterThan(235);
    expect(Math.max(...middle) - Math.min(...middle)).toBeLessThan(10);
    expect(textsOf(svg, 'legend-title')).toEqual(['entry']);
    expect(elementsOf(svg).filter(({ role }) => role === 'legend-gradient')).toHaveLength(1);
    expect(textsOf(svg, 'legend-label').map((label) => label.replace('−', '-'))).toEqual(
      expect.arrayContaining(['-4', '0', '4']),
    );
    expect(textsOf(svg, 'title-text')).toEqual([]);
  });

  test('log: from the smallest entry to the largest, at most ten decades', async () => {
    const far = await matrixSvg({ rows: 4, cols: 1, data: [1000, -10, 0, 100], scale: 'log' });
    expect(attributesOf(far, 'rect', 'd', 'fill').map(([d, fill]) => [d, fill])).toEqual([
      ['M0,0h120.5v120.5h-120.5Z', BRIGHT],
      ['M0,120h120.5v120.5h-120.5Z', DARK],
      // in the middle of the scheme
      ['M0,360h120.5v120.5h-120.5Z', expect.stringMatching(/^rgb\(33, 14[45], 14[01]\)$/)],
    ]);
    expect(textsOf(far, 'legend-title')).toEqual(['log₁₀ |entry|']);
    const deep = await matrixSvg({ rows: 1, cols: 3, data: [1, 1e-10, 1e-30], scale: 'log' });
    expect(attributesOf(deep, 'rect', 'fill').flat()).toEqual([BRIGHT, DARK, DARK]);
    const flat = await matrixSvg({ rows: 1, cols: 2, data: [7, 7], scale: 'log' });
    expect(new Set(attributesOf(flat, 'rect', 'fill').flat()).size).toBe(1);
    const none = await matrixSvg({ rows: 1, cols: 2, data: [0, 0] });
    expect(new Set(attributesOf(none, 'rect', 'fill').flat()).size).toBe(1);
  });

  test.each([0, 161, 2.5])('%d rows are refused', async (rows) => {
    await expect(matrixSvg({ rows, cols: 1, data: [] })).rejects.toThrow(
      'matrixSvg: rows must be an integer in 1..160',
    );
    await expect(matrixSvg({ rows: 1, cols: rows, data: [] })).rejects.toThrow(
      'matrixSvg: cols must be an integer in 1..160',
    );
  });

  test('160 rows are drawn', async () => {
    const svg = await matrixSvg({ rows: 160, cols: 1, data: new Float64Array(160).fill(1) });
    expect(attributesOf(svg, 'rect', 'd').at(-1)).toEqual(['M0,477h3.5v3.5h-3.5Z']);
  });
});

/** An analysis of which figures show the eigenvalues, the certificate as given, and the name. */
function analysisOf(eigenvalues: number[], certificate?: Partial<Certificate>): Analysis {
  const interval = { estimate: 0.02, lower: 0.01, upper: 0.03 };
  const made = {
    schema: 1,
    relativeError: interval,
    errorFrob: interval,
    operatorFrob: interval,
    likely: { relativeError: interval },
    confidence: 0.98,
    tests: 7,
    numMatvecs: 8,
    seconds: 1,
    noiseFloor: 0,
    roundingFloor: 0,
    ...certificate,
  };
  return {
    provenance: { operator: 'by hand', versions: {} },
    eigenvalues,
    ...(certificate ? { certificate: made } : {}),
  } as unknown as Analysis;
}
const around = (value: number, half: number) => ({ estimate: value, lower: value - half, upper: value + half });
const SENTENCE = 'relative Frobenius error at most 0.03 with probability 0.98 (7 test products)';

describe('the spectrum', () => {
  const values = [100, -20, 3];
  const wide = values.map((value) => around(value, Math.abs(value) / 2));
  // linear within the power of ten below the smallest eigenvalue, and a margin of 1.6 beyond the outermost end of a bar
  const axisOf = (constant: number, lowest: number, highest: number, height = 340) => {
    const symlog = (x: number): number => Math.sign(x) * Math.log1p(Math.abs(x) / constant);
    const [bottom, top] = [symlog(1.6 * lowest), symlog(1.6 * highest)];
    return (x: number): number => (height * (top - symlog(x))) / (top - bottom);
  };

  test('points, bars, band, and texts', async () => {
    const svg = await figureSvg(
      analysisOf(values, { eigenvalueIntervals: wide, missedEigenvalueBound: 5 }),
      'spectrum',
    );
    checkStyle(svg, LIGHT);
    const y = axisOf(1, -30, 150);
    const x = (index: number): number => (620 * index) / 4;
    expect(placeOf(svg, 'symbol')).toEqual(close(values.map((value, i) => [x(i + 1), y(value)])));
    expect(attributesOf(svg, 'symbol', 'fill').flat()).toEqual([FIRST, SECOND, FIRST]);
    const bars = attributesOf(svg, 'rule', 'y2', 'stroke', 'stroke-width', 'opacity');
    const ends = placeOf(svg, 'rule').map(([, from], i) => [from, from + Number(bars[i]![0])].sort((a, b) => a - b));
    expect(ends).toEqual(close(wide.map(({ lower, upper }) => [y(upper), y(lower)])));
    expect(bars.map((bar) => bar.slice(1))).toEqual([FIRST, SECOND, FIRST].map((colour) => [colour, '1.2', '0.7']));
    const [[band, fill, opacity]] = attributesOf(svg, 'rect', 'd', 'fill', 'fill-opacity') as [string[]];
    const [, left, top, across, down] = /^M([\d.]+),([\d.]+)h([\d.]+)v([\d.]+)h/.exec(band!)!.map(Number);
    expect([left, across, fill, opacity]).toEqual([0, 620, '#d0d0d0', '0.45']);
    expect([top, top! + down!]).toEqual([expect.closeTo(y(5), 1), expect.closeTo(y(-5), 1)]);
    expect(textsOf(svg, 'axis-title')).toEqual(['index', 'eigenvalue']);
    expect(textsOf(svg, 'axis-label')).toEqual([
      '0',
      '1',
      '2',
      '3',
      '4',
      '−20',
      '−10',
      '−5',
      '−2',
      '0',
      '2',
      '5',
      '10',
      '20',
      '50',
      '100',
    ]);
    expect(textsOf(svg, 'text')).toEqual(['axis: linear up to 1 in magnitude, logarithmic beyond']);
    expect(attributesOf(svg, 'text', 'text-anchor')).toEqual([['end']]);
    expect(textsOf(svg, 'title-text')).toEqual(['Eigenvalues of by hand']);
    expect(textsOf(svg, 'title-subtitle')[0]!.replaceAll('\n', ' ')).toBe(SENTENCE);
    expect(textsOf(svg, 'legend-label')).toEqual([
      'positive eigenvalue',
      'negative eigenvalue',
      'bar: some eigenvalue lies in it',
      'grey: an eigenvalue in this band may be missing',
    ]);
    expect(attributesOf(svg, 'legend-symbol', 'fill').flat()).toEqual([FIRST, SECOND, '#222', '#d0d0d0']);
    // a circle, a triangle, an upright bar, a square
    const outlines = attributesOf(svg, 'legend-symbol', 'd').map(([path]) => path!.replace(/[^A-Za-z]/g, ''));
    expect(outlines).toEqual([
      expect.stringContaining('A'),
      'MLLZ',
      'MLLLZ',
      expect.stringMatching(/^M(LLL|hvh|HVH)Z$/),
    ]);
    expect(placeOf(svg, 'text')[0]![1]).toBeLessThan(20);
  });

  test('a bound from a gap holds with the probability of the certificate, and says so', async () => {
    const gapIntervals = values.map((value) => around(value, 0.4));
    const gap = { eigenvalueIntervals: wide, gapIntervals: [null, gapIntervals[1]!, null] };
    const svg = await figureSvg(analysisOf(values, gap), 'spectrum');
    expect(textsOf(svg, 'legend-label')[2]).toBe('bar: some eigenvalue lies in it, with probability 0.98');
    const short = { eigenvalueIntervals: wide, gapIntervals: values.map((value) => around(value, 1e-9)) };
    const points = await figureSvg(analysisOf(values, short), 'spectrum');
    expect(textsOf(points, 'legend-label')[2]).toBe('error bars are no longer than the points, with probability 0.98');
    expect(attributesOf(points, 'legend-symbol', 'fill').flat()).toEqual([FIRST, SECOND, undefined]);
    expect(textsOf(points, 'legend-label')).toHaveLength(3);
  });

  test('without a certificate there are neither bars nor a band', async () => {
    const svg = await figureSvg(analysisOf([2, 1, 0]), 'spectrum');
    expect(textsOf(svg, 'legend-label')).toEqual(['eigenvalue']);
    expect(attributesOf(svg, 'legend-symbol', 'fill')).toEqual([[FIRST]]);
    expect(attributesOf(svg, 'symbol', 'fill').flat()).toEqual([FIRST, FIRST, FIRST]);
    expect(textsOf(svg, 'title-subtitle')[0]!.replaceAll('\n', ' ')).toBe(
      'not certified: no test products were spent on this result',
    );
    const y = axisOf(1, 0, 2);
    expect(placeOf(svg, 'symbol')).toEqual(close([2, 1, 0].map((value, i) => [(620 * (i + 1)) / 4, y(value)])));
  });

  test('a band is drawn where it can be seen on the logarithmic axis', async () => {
    const bandOf = async (missed: number): Promise<number> => {
      const analysis = analysisOf([1, 1e-6], { missedEigenvalueBound: missed });
      return attributesOf(await figureSvg(analysis, 'spectrum'), 'rect', 'd').length;
    };
    expect([await bandOf(1e-5), await bandOf(1e-9)]).toEqual([1, 0]);
  });

  test('nine decades are shown, smaller eigenvalues lie in the linear part', async () => {
    const svg = await figureSvg(analysisOf([1, 1e-4, 1e-14]), 'spectrum');
    const y = axisOf(1e-9, 0, 1);
    expect(placeOf(svg, 'symbol').map(([, at]) => at)).toEqual(
      [1, 1e-4, 1e-14].map((value) => expect.closeTo(y(value), 1)),
    );
    expect(textsOf(svg, 'text')).toEqual(['axis: linear up to 10⁻⁹ in magnitude, logarithmic beyond']);
  });

  test('more than a hundred points are smaller', async () => {
    const radius = async (count: number): Promise<number> => {
      const values = Array.from({ length: count }, (_, i) => count - i);
      const [[path]] = attributesOf(await figureSvg(analysisOf(values), 'spectrum'), 'symbol', 'd') as [string[]];
      return Number(/^M([\d.]+)/.exec(path!)![1]);
    };
    // areas of 26 and 12 square pixels, as Vega counts them: pi r^2 = size, or r = sqrt(size) / 2
    expect((await radius(100)) / (await radius(101))).toBeCloseTo(Math.sqrt(26 / 12), 1);
  });

  test('of only negative values', async () => {
    const svg = await figureSvg(analysisOf([-4, -2]), 'spectrum');
    expect(attributesOf(svg, 'symbol', 'fill').flat()).toEqual([SECOND, SECOND]);
    expect(attributesOf(svg, 'legend-symbol', 'fill')).toEqual([[SECOND]]);
    expect(new Set(attributesOf(svg, 'symbol', 'd').flat())).toEqual(new Set(attributesOf(svg, 'symbol', 'd')[0]));
    const [circle] = attributesOf(await figureSvg(analysisOf([4, 2]), 'spectrum'), 'symbol', 'd');
    expect(attributesOf(svg, 'symbol', 'd')[0]).not.toEqual(circle);
  });

  test('an analysis without eigenvalues has none', async () => {
    await expect(figureSvg(analysisOf([]), 'spectrum')).rejects.toThrow('figureSvg: the analysis has no eigenvalues');
    await expect(figureSvg(analysisOf([1]), 'scree')).rejects.toMatchObject({
      values: { kind: 'scree' },
    });
  });
});

describe('the scree', () => {
  const scree = [
    { estimate: 1, lower: 1, upper: 1 },
    { estimate: 0.1, lower: 0.05, upper: 0.2 },
    { estimate: 1e-3, lower: 1e-20, upper: 2e-3 },
  ];

  test('estimate, band and texts; what is below 1e-16 lies there', async () => {
    const svg = await figureSvg(analysisOf([1], { scree }), 'scree');
    checkStyle(svg, LIGHT);
    const y = (value: number): number => (340 * -Math.log10(value)) / 16;
    const path = (points: [number, number][]): string => points.map((point) => point.join()).join('L');
    const numbers = (d: string): number[] => Array.from(d.matchAll(/[-\d.]+/g), ([text]) => Number(text));
    const [[line, stroke, strokeWidth]] = attributesOf(svg, 'line', 'd', 'stroke', 'stroke-width') as [string[]];
    expect(numbers(line!)).toEqual(
      numbers(path([[0, y(1)], [310, y(0.1)], [620, y(1e-3)]])).map((value) => expect.closeTo(value, 1)),
    ); // biome-ignore format: places
    expect([stroke, strokeWidth]).toEqual([FIRST, '1.5']);
    const [[area, fill, opacity]] = attributesOf(svg, 'area', 'd', 'fill', 'fill-opacity') as [string[]];
    expect(numbers(area!)).toEqual(
      numbers(
        path([[0, y(1)], [310, y(0.05)], [620, y(1e-16)], [620, y(2e-3)], [310, y(0.2)], [0, y(1)]]), // biome-ignore format: places
      ).map((value) => expect.closeTo(value, 1)),
    );
    expect([fill, opacity]).toEqual([FIRST, '0.3']);
    expect(textsOf(svg, 'axis-title')).toEqual(['eigenpairs kept, r', 'relative Frobenius error']);
    expect(textsOf(svg, 'axis-label').slice(0, 3)).toEqual(['0', '1', '2']);
    expect(textsOf(svg, 'axis-label').slice(3)).toEqual(
      ['⁻¹⁶', '⁻¹⁴', '⁻¹²', '⁻¹⁰', '⁻⁸', '⁻⁶', '⁻⁴', '⁻²', ''].map((power) => (power ? `10${power}` : '1')),
    );
    expect(textsOf(svg, 'title-text')).toEqual(['Error after the first r eigenpairs of by hand']);
    expect(textsOf(svg, 'title-subtitle')[0]!.replaceAll('\n', ' ')).toBe(SENTENCE);
    expect(textsOf(svg, 'legend-label')).toEqual(['estimate', 'certified band, each end at 0.98']);
    expect(attributesOf(svg, 'legend-symbol', 'fill', 'opacity')).toEqual([
      [FIRST, '1'],
      [FIRST, '0.3'],
    ]);
  });

  test('of a single truncation, and of errors above one', async () => {
    const one = await figureSvg(analysisOf([1], { scree: [{ estimate: 20, lower: 20, upper: 20 }] }), 'scree');
    expect(one).not.toContain('NaN');
    expect(textsOf(one, 'axis-label').slice(-4)).toEqual(['10', '20', '50', '100']);
    expect(textsOf(one, 'axis-label').slice(0, 2)).toEqual(['0', '1']);
  });
});

test('long titles are broken into lines between words', async () => {
  const words = Array.from({ length: 30 }, (_, i) => `word${i}`).join(' ');
  const svg = await plotSvg({
    title: words,
    subtitle: words,
    width: 480,
    xTitle: 'x',
    yTitle: 'y',
    series: [{ name: 'a', x: [0, 1], y: [0, 1] }],
  });
  // 480 pixels for letters of 12 and 9.4 pixels
  for (const [role, width] of [
    ['title-text', 40],
    ['title-subtitle', 51],
  ] as const) {
    const lines = textsOf(svg, role)[0]!.split('\n');
    expect(lines.join(' ')).toBe(words);
    for (const [i, line] of lines.entries()) {
      expect(line.length).toBeLessThanOrEqual(width);
      const next = lines[i + 1]?.split(' ')[0];
      if (next !== undefined) expect(line.length + 1 + next.length).toBeGreaterThan(width);
    }
  }
});
