/** Plots and images of matrices: what is drawn lies where its numbers say. */
import { matrixSvg, plotSvg } from '../../src/report/index.ts';
import { describe, expect, test } from '../support/jest.ts';

const AXES = { title: 'T', xTitle: 'iteration', yTitle: 'residual' };
const HEIGHT = 340;

/** Where the symbols of points lie, in the order drawn. */
function symbols(svg: string): { x: number; y: number }[] {
  const marks = /mark-symbol role-mark[\s\S]*?<\/g>/.exec(svg)![0];
  return Array.from(marks.matchAll(/translate\(([-\d.e]+),([-\d.e]+)\)/g), ([, x, y]) => ({
    x: Number(x),
    y: Number(y),
  }));
}

/** Ends of the bars: length downwards from their start. */
function bars(svg: string): number[] {
  const marks = /mark-rule role-mark[\s\S]*?<\/g>/.exec(svg)![0];
  return Array.from(marks.matchAll(/y2="([-\d.e]+)"/g), ([, length]) => Math.abs(Number(length)));
}

describe('plotSvg', () => {
  test('points on a logarithmic axis: equal ratios are equal distances', async () => {
    const series = [{ name: 'a', x: [0, 1, 2], y: [1, 0.1, 0.01], mark: 'points' as const }];
    const at = symbols(await plotSvg({ ...AXES, yScale: 'log', series }));
    expect(at).toHaveLength(3);
    expect(at[1]!.y - at[0]!.y).toBeCloseTo(HEIGHT / 2, 1);
    expect(at[2]!.y - at[1]!.y).toBeCloseTo(HEIGHT / 2, 1);
    expect(at[2]!.x - at[1]!.x).toBeCloseTo(at[1]!.x - at[0]!.x, 6);
  });

  test('bars are as long as their intervals', async () => {
    const series = [
      { name: 'a', x: [1, 2], y: [5, 5], lower: [4, 1], upper: [6, 9], mark: 'points' as const },
      { name: 'b', x: [1, 2], y: [0, 10] },
    ];
    const lengths = bars(await plotSvg({ ...AXES, series }));
    expect(lengths[0]).toBeCloseTo((2 / 10) * HEIGHT, 1);
    expect(lengths[1]).toBeCloseTo((8 / 10) * HEIGHT, 1);
  });

  test('what is not positive lies on the floor of a logarithmic axis, ten decades down; what is not finite is left out', async () => {
    const series = [{ name: 'a', x: [0, 1, 2, 3], y: [1, 0, -3, Number.NaN], mark: 'points' as const }];
    const at = symbols(await plotSvg({ ...AXES, yScale: 'log', series }));
    expect(at).toHaveLength(3);
    expect(at[1]!.y).toBeCloseTo(HEIGHT, 6);
    expect(at[2]!.y).toBeCloseTo(HEIGHT, 6);
  });

  test('titles and a legend for several series only', async () => {
    const curve = (name: string) => ({ name, x: [0, 1], y: [1, 2], lower: [0, 1], upper: [2, 3] });
    const one = await plotSvg({ ...AXES, subtitle: 'S', series: [curve('first')] });
    for (const text of ['>T<', '>S<', '>iteration<', '>residual<']) expect(one).toContain(text);
    expect(one).not.toContain('>first<');
    expect(one).toContain('mark-area');
    const two = await plotSvg({ ...AXES, series: [curve('first'), curve('second')] });
    for (const text of ['>first<', '>second<']) expect(two).toContain(text);
  });

  test.each([
    ['nothing', [], 'there is no finite point'],
    ['arrays of different lengths', [{ name: 'a', x: [1], y: [1, 2] }], "series 'a' has 2 y values and 1"],
    ['a bar with one end', [{ name: 'a', x: [1], y: [1], lower: [0] }], "series 'a' has 1 y values and 0"],
    ['only zeros', [{ name: 'a', x: [1], y: [0] }], 'a logarithmic axis needs a positive value'],
  ])('%s is refused', async (_, series, message) => {
    await expect(plotSvg({ ...AXES, yScale: 'log', series })).rejects.toThrow(message);
  });
});

describe('matrixSvg', () => {
  /** Colour and place of every entry. */
  const entries = (svg: string) => {
    const marks = /mark-rect role-mark[\s\S]*?<\/g>/.exec(svg)![0];
    return Array.from(marks.matchAll(/d="M([\d.]+),([\d.]+)[^"]*" fill="rgb\((\d+), (\d+), (\d+)\)"/g), (found) =>
      found.slice(1).map(Number),
    ) as [number, number, number, number, number][];
  };

  test('signed: red above zero, blue below, in their rows and columns', async () => {
    const drawn = entries(await matrixSvg({ title: 'H', rows: 2, cols: 2, data: [4, -4, 0.1, 4] }));
    expect(drawn.map(([x, y]) => [x / 240, y / 240])).toEqual([[0, 0], [1, 0], [0, 1], [1, 1]]); // biome-ignore format: a matrix
    const [, , red, , blue] = drawn[0]!;
    expect(red).toBeGreaterThan(blue);
    expect(drawn[1]![4]).toBeGreaterThan(drawn[1]![2]);
    expect(Math.abs(drawn[2]![2] - drawn[2]![4])).toBeLessThan(20);
    expect(drawn[3]!.slice(2)).toEqual(drawn[0]!.slice(2));
  });

  test('log: the sign does not matter, zeros are white', async () => {
    const drawn = entries(await matrixSvg({ title: 'H', rows: 1, cols: 4, data: [1, -1, 0, 1e-4], scale: 'log' }));
    expect(drawn).toHaveLength(3);
    expect(drawn[0]!.slice(2)).toEqual(drawn[1]!.slice(2));
    expect(drawn[2]!.slice(2)).not.toEqual(drawn[0]!.slice(2));
  });

  test('too large and of another size is refused', async () => {
    const image = { title: 'H', rows: 161, cols: 1, data: new Float64Array(161) };
    await expect(matrixSvg(image)).rejects.toThrow(
      'matrixSvg: rows must be an integer in 1..160 (of a larger matrix take a fragment), got 161',
    );
    await expect(matrixSvg({ ...image, rows: 2 })).rejects.toThrow('2 x 1 entries are 2, got 161');
  });
});
