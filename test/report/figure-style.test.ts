/** Ticks, legends, options and colours of figures. */
import { apost, diagonalOperator, seigh } from '../../src/index.ts';
import { PALETTES } from '../../src/report/figure-style.ts';
import { type Analysis, analysisOf, figureSvg, matrixSvg, plotSvg } from '../../src/report/index.ts';
import { logTicks, signedLogTicks, tickTexts } from '../../src/report/ticks.ts';
import { describe, expect, test } from '../support/jest.ts';

const texts = (svg: string): string[] =>
  Array.from(svg.matchAll(/<text [^>]*>([^<]*)</g), ([, words]) => words!.replaceAll('&lt;', '<'));

describe('ticks of a logarithmic axis', () => {
  test.each([
    [
      'many decades: powers of ten, thinned from the top',
      1e-16,
      1,
      [1e-16, 1e-14, 1e-12, 1e-10, 1e-8, 1e-6, 1e-4, 1e-2, 1],
    ],
    ['some decades: each power', 1e-3, 10, [1e-3, 1e-2, 1e-1, 1, 10]],
    ['a short range: between powers, too', 0.2, 1, [0.2, 0.5, 1]],
    ['less than a decade', 3, 60, [5, 10, 20, 50]],
  ])('%s', (_, lowest, highest, ticks) => {
    expect(logTicks(lowest, highest)).toEqual(ticks);
  });

  test('on both sides of zero: the same ones, as far as each side goes', () => {
    expect(signedLogTicks(-0.5, 30, 1e-3)).toEqual([-0.1, -0.01, 0, 0.01, 0.1, 1, 10]);
    expect(signedLogTicks(0, 30, 1)).toEqual([0, 2, 5, 10, 20]);
    // six powers on each side are thinned to three, and none are added between
    expect(signedLogTicks(-1e5, 1e5, 0.5)).toEqual([-1e5, -1e3, -10, 0, 10, 1e3, 1e5]);
    expect(signedLogTicks(-3, 0, 1e-12)).toEqual([-1, -1e-2, -1e-4, -1e-6, -1e-8, -1e-10, 0]);
  });

  test('labels: powers of ten as people write them, plain numbers where all are plain', () => {
    expect(tickTexts([-1, -1e-4, 0, 2e-12, 1, 5, 1e10])).toEqual(['−1', '−10⁻⁴', '0', '2·10⁻¹²', '1', '5', '10¹⁰']);
    expect(tickTexts([-0.01, 0, 0.2, 5000])).toEqual(['−0.01', '0', '0.2', '5000']);
    expect(tickTexts([1, 1e4, 2e4])).toEqual(['1', '10⁴', '2·10⁴']);
    expect(tickTexts([1e-3, 1, 5])).toEqual(['10⁻³', '1', '5']);
  });

  test('a plot of less than a decade has ticks', async () => {
    const series = [{ name: 'a', x: [0, 1], y: [0.2, 0.9] }];
    const svg = await plotSvg({ xTitle: 'x', yTitle: 'y', yScale: 'log', series });
    expect(texts(svg)).toEqual(expect.arrayContaining(['0.2', '0.5']));
  });
});

describe('the legend of a spectrum', () => {
  const analysisOn = async (values: readonly number[], dims: number): Promise<Analysis> => {
    const A = diagonalOperator(Float64Array.from(values));
    const result = await seigh(A, dims, { seed: 1 });
    return analysisOf({ operator: 'A', result, certificate: await apost(A, result, { tests: 8, seed: 2 }) });
  };
  const slow = Array.from({ length: 80 }, (_, i) => 1 / (i + 1));

  test('says what bars and band mean, and how the axis is scaled', async () => {
    const words = texts(await figureSvg(await analysisOn(slow, 12), 'spectrum'));
    expect(words).toContain('eigenvalue');
    expect(words).not.toContain('positive eigenvalue');
    expect(words.filter((line) => line.startsWith('bar: some eigenvalue lies in it'))).toHaveLength(1);
    expect(words).toContain('grey: an eigenvalue in this band may be missing');
    expect(words).toContain('axis: linear up to 0.01 in magnitude, logarithmic beyond');
  });

  test('mentions neither a band nor bars that cannot be seen', async () => {
    const exact = await analysisOn([3, -2, 1, ...new Array(30).fill(0)], 6);
    const svg = await figureSvg(exact, 'spectrum');
    const words = texts(svg);
    expect(words).toEqual(expect.arrayContaining(['positive eigenvalue', 'negative eigenvalue']));
    expect(words.join()).not.toMatch(/grey|bar:/);
    expect(words.join()).toContain('error bars are no longer than the points');
    expect(svg).not.toContain('mark-rect role-mark');
  });
});

describe('options of figures', () => {
  const image = { rows: 1, cols: 2, data: [1, -1] };
  const draw = {
    plotSvg: (options: object) =>
      plotSvg({ xTitle: 'x', yTitle: 'y', series: [{ name: 'a', x: [0, 1], y: [1, 2] }], ...options }),
    matrixSvg: (options: object) => matrixSvg({ ...image, ...options }),
  };

  test.each(Object.entries(draw))(
    '%s: titles only where there are some, font, colours of the theme',
    async (_, run) => {
      expect(await run({})).not.toContain('role-title-text');
      const svg = await run({ title: 'T', subtitle: 'S', font: 'Courier', theme: 'dark' });
      expect(texts(svg)).toEqual(expect.arrayContaining(['T', 'S']));
      expect(svg).toContain('font-family="Courier"');
      expect(svg).toContain(`fill="${PALETTES.dark.background}"`);
      expect(svg).not.toContain(`fill="${PALETTES.light.text}"`);
    },
  );

  test('width and height are those between the axes', async () => {
    const svg = await draw.plotSvg({ width: 300, height: 100 });
    expect(svg).toContain('d="M0,0h300v100h-300Z"');
  });

  test.each(Object.entries(draw))('%s refuses what it does not know', async (name, run) => {
    await expect(run({ theme: 'drak' })).rejects.toThrow(`${name}: theme must be one of 'light', 'dark', got 'drak'`);
    await expect(run({ titl: 'T' })).rejects.toThrow(`${name}: unknown option 'titl'; did you mean 'title'?`);
  });
});

describe('colours of curves', () => {
  /** Machado, Oliveira & Fernandes 2009, full severity: linear RGB as people without one kind of cone see it. */
  const DEFICIENCIES = {
    protanopia: [0.152286, 1.052583, -0.204868, 0.114503, 0.786281, 0.099216, -0.003882, -0.048116, 1.051998],
    deuteranopia: [0.367322, 0.860646, -0.227968, 0.280085, 0.672501, 0.047413, -0.01182, 0.04294, 0.968881],
    tritanopia: [1.255528, -0.076749, -0.178779, -0.078411, 0.930809, 0.147602, 0.004733, 0.691367, 0.3039],
    none: [1, 0, 0, 0, 1, 0, 0, 0, 1],
  };
  const linear = (hex: string): number[] =>
    [1, 3, 5].map((at) => {
      const value = Number.parseInt(hex.slice(at, at + 2), 16) / 255;
      return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
    });
  /** CIE L*a*b* of linear RGB, white point D65. */
  const lab = ([r, g, b]: number[]): number[] => {
    const f = (t: number): number => (t > (6 / 29) ** 3 ? Math.cbrt(t) : t / (3 * (6 / 29) ** 2) + 4 / 29);
    const x = f((0.4124 * r! + 0.3576 * g! + 0.1805 * b!) / 0.9505);
    const y = f(0.2126 * r! + 0.7152 * g! + 0.0722 * b!);
    const z = f((0.0193 * r! + 0.1192 * g! + 0.9505 * b!) / 1.089);
    return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
  };

  test.each(Object.entries(DEFICIENCIES))('are told apart with %s', (_, matrix) => {
    const seen = (hex: string): number[] => {
      const rgb = linear(hex);
      return lab([0, 3, 6].map((row) => rgb.reduce((sum, value, i) => sum + matrix[row + i]! * value, 0)));
    };
    for (const { series } of Object.values(PALETTES)) {
      const colours = series.map(seen);
      for (const [i, one] of colours.entries()) {
        for (const other of colours.slice(0, i)) {
          // a difference of 2.3 is just noticed; these are for lines next to each other
          expect(Math.hypot(...one.map((value, at) => value - other[at]!))).toBeGreaterThan(12);
        }
      }
    }
  });
});
