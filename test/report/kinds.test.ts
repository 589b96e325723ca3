/** Figures of densities, of eigenvalues over training and of losses: places, texts and what bars are said to mean. */
import { apost, diagonalOperator, seigh, spectralDensity } from '../../src/index.ts';
import { analysisOf, densitySvg, historySvg, lossSliceSvg, lossSurfaceSvg } from '../../src/report/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { attributesOf, elementsOf, placeOf, textsOf } from '../support/svg.ts';

const A = diagonalOperator(Float64Array.from({ length: 60 }, (_, i) => 1 / (i + 1)));
const words = (svg: string): string =>
  elementsOf(svg)
    .map(({ text }) => text)
    .join(' ')
    .replace(/\s+/g, ' ');

describe('a spectral density', () => {
  test('has its band and says what that is; of one run it has none', async () => {
    const svg = await densitySvg(await spectralDensity(A, { order: 12, runs: 4, confidence: 0.9, seed: 1 }));
    expect(attributesOf(svg, 'area', 'd')).toHaveLength(1);
    expect(words(svg)).toContain('4 runs of 12 Lanczos steps; band: each end of the mean over runs at 0.9 by Student');
    expect(words(svg)).toContain('not certified');
    const one = await densitySvg(
      await spectralDensity(A, { order: 12, runs: 1, scale: 'log', epsilon: 1e-4, seed: 1 }),
    );
    expect(attributesOf(one, 'area', 'd')).toEqual([]);
    expect(attributesOf(one, 'line', 'd')).toHaveLength(1);
    expect(textsOf(one, 'axis-title')[0]).toBe('log₁₀(|eigenvalue| + 1e-4)');
  });

  test('what is none is refused', async () => {
    await expect(densitySvg({ grid: 3 } as never)).rejects.toThrow('densitySvg: expected a density');
  });
});

describe('eigenvalues over training', () => {
  const at = async (dims: number, certify: boolean) => {
    const result = await seigh(A, dims, { seed: 1 });
    const certificate = certify ? await apost(A, result, { tests: 5, confidence: 0.95 }) : undefined;
    return analysisOf({ operator: 'A', result, certificate });
  };

  test('a line for each rank, bars that are long enough to be seen', async () => {
    const points = [
      { at: 10, analysis: await at(8, true) },
      { at: 0, analysis: await at(4, true) },
    ];
    const svg = await historySvg(points, { count: 3, xTitle: 'epoch' });
    expect(attributesOf(svg, 'line', 'd')).toHaveLength(3);
    expect(attributesOf(svg, 'rule', 'y2')).toHaveLength(6);
    // from left to right, whatever the order given
    const xs = placeOf(svg, 'symbol').map(([x]) => x);
    expect(xs).toEqual([8, 612, 8, 612, 8, 612].map((x) => expect.closeTo(x, 3)));
    expect(textsOf(svg, 'legend-label')).toEqual(['eigenvalue 1', 'eigenvalue 2', 'eigenvalue 3']);
    expect(words(svg)).toContain('bar: some eigenvalue lies in it');
    expect(words(svg)).toMatch(/Leading eigenvalues of A /);
  });

  test('says where there are no bars, and where they are too short', async () => {
    expect(words(await historySvg([{ at: 0, analysis: await at(8, false) }]))).toContain('not certified');
    const exact = [{ at: 0, analysis: await at(60, true) }];
    expect(words(await historySvg(exact, { count: 2 }))).toContain('error bars are no longer than the points');
  });

  test('what is no history is refused', async () => {
    await expect(historySvg([{ at: 'x', analysis: {} }] as never)).rejects.toThrow('historySvg: points[0].at must be');
    await expect(historySvg([])).rejects.toThrow('historySvg: no analysis has eigenvalues');
    await expect(historySvg([], { count: 7 })).rejects.toThrow('historySvg: count must be an integer in 1..6, got 7');
  });
});

describe('losses', () => {
  test('a slice: the loss at its steps and the parabola through the loss at zero', async () => {
    const losses = { steps: [-1, 0, 1], losses: [3, 1, 2] };
    const svg = await lossSliceSvg(losses, { curvature: 4, slope: -0.5 });
    expect(placeOf(svg, 'symbol')).toHaveLength(3);
    const [drawn, model] = attributesOf(svg, 'line', 'd').flat() as [string, string];
    const ends = (path: string): number[][] =>
      [path.split('L')[0]!.slice(1), path.split('L').at(-1)!].map((point) => point.split(',').map(Number));
    // 1 + 0.5 + 2 = 3.5 and 1 - 0.5 + 2 = 2.5, on an axis from 0 to 3.5
    const y = (loss: number): number => 340 * (1 - loss / 3.5);
    expect(ends(drawn).map(([, at]) => at)).toEqual([y(3), y(2)].map((value) => expect.closeTo(value, 1)));
    expect(ends(model).map(([, at]) => at)).toEqual([y(3.5), y(2.5)].map((value) => expect.closeTo(value, 1)));
    expect(attributesOf(await lossSliceSvg(losses), 'line', 'd')).toHaveLength(1);
  });

  test('a surface: s to the right, t upwards, and lines of equal loss', async () => {
    const steps = [-1, 0, 1];
    // the loss is largest at s = 1, t = -1
    const losses = steps.flatMap((s) => steps.map((t) => s - t));
    const svg = await lossSurfaceSvg({ steps, losses }, { width: 300, height: 300 });
    const cells = attributesOf(svg, 'rect', 'd', 'fill');
    expect(cells).toHaveLength(9);
    const brightest = cells.find(([d]) => d!.startsWith('M225,225'))!;
    expect(brightest[1]).toBe('rgb(253, 231, 37)');
    expect(cells.find(([d]) => d!.startsWith('M-75,-75'))![1]).toBe('rgb(68, 1, 84)');
    expect(attributesOf(svg, 'path', 'd').length).toBeGreaterThan(5);
    expect(placeOf(svg, 'rule')[0]).toEqual([143, 150]);
    expect(words(svg)).toContain('cross: the weights');
    expect(words(await lossSurfaceSvg({ steps: [1, 2], losses: [1, 2, 3, 4] }))).not.toContain('cross');
  });

  test('what does not fit is refused', async () => {
    await expect(lossSliceSvg({ steps: [0, 1], losses: [1] })).rejects.toThrow('lossSliceSvg: 2 steps, of which');
    await expect(lossSliceSvg({ steps: [0, 1], losses: [1, Number.NaN] })).rejects.toThrow('entry 1 of losses is NaN');
    await expect(lossSurfaceSvg({ steps: [0, 1, 3], losses: new Array(9).fill(0) })).rejects.toThrow('ascend evenly');
  });
});
