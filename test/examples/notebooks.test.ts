/** The worked examples at small size, against closed forms and whole matrices. */
import { readdir, readFile } from 'node:fs/promises';
import { vgg } from '../../examples/support/vgg.ts';
import { useBackend } from '../../src/tfjs/index.ts';
import { countMarks, example, figuresOf, tableRows } from '../support/example.ts';
import { expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

/** The numbers that follow a label at the beginning of a line. */
function numbersAfter(output: string, label: RegExp): number[] {
  const line = new RegExp(`^${label.source}(.*)$`, 'm').exec(output)![1]!;
  return (line.match(/-?\d+(\.\d+)?(e[-+]\d+)?/g) ?? []).map(Number);
}

test('examples/README.md lists every example, and its figures exist', async () => {
  const page = await readFile('examples/README.md', 'utf8');
  const files = (await readdir('examples')).filter((name) => name.endsWith('.ts'));
  const listed = Array.from(page.matchAll(/^\| \[([\w-]+)\]\(\1\.ts\)/gm), ([, name]) => `${name}.ts`);
  expect(listed.sort()).toEqual(files.sort());
  const drawn = Array.from(page.matchAll(/\.\.\/docs\/figures\/([\w-]+\.png)/g), ([, name]) => name!);
  expect(await readdir('docs/figures')).toEqual(expect.arrayContaining(drawn));
  expect(drawn.length).toBeGreaterThan(5);
});

testLarge(
  'lanczos-density: order = features is exact, and only that; moments are those of the whole matrix',
  async () => {
    const output = await example('lanczos-density');
    const [half, almost, whole] = tableRows(output).map(([error]) => error!);
    expect(half).toBeGreaterThan(0.1);
    expect(almost).toBeGreaterThan(0.01);
    expect(whole).toBeLessThan(2e-6);
    expect(Math.abs(numbersAfter(output, /integral +/)[0]! - 1)).toBeLessThan(1e-3);
    for (const power of [1, 2]) {
      const numbers = numbersAfter(output, new RegExp(`tr\\(H\\^${power}\\) / n +`));
      const [estimate, lower, upper] = numbers as [number, number, number];
      const exact = numbers.at(-1)!;
      // 5 times the half-width, Student's t with 9 degrees beyond 9.2: fails once in 10^5 seeds
      expect(Math.abs(estimate - exact)).toBeLessThan(2.5 * (upper - lower));
      expect(Math.abs(estimate - exact) / exact).toBeLessThan(0.5);
    }
    expect((await figuresOf(output))[0]).toContain('Spectral density of a VGG-like network');
  },
  60_000,
);

testLarge(
  'resnet18-krylov: ten eigenvalues as the whole matrix has them',
  async () => {
    const output = await example('resnet18-krylov');
    expect(output).toContain('converged: true');
    const rows = tableRows(output);
    expect(rows).toHaveLength(10);
    for (const [value, residual, exact] of rows as [number, number, number][]) {
      // printed to five digits
      expect(Math.abs(value - exact)).toBeLessThan(residual + 1e-4 * Math.abs(exact));
    }
    const [svg] = await figuresOf(output);
    expect(countMarks(svg!, 'symbol')).toBe(10);
  },
  60_000,
);

testLarge(
  'mlp784: the estimated error is the true one, and every bound holds',
  async () => {
    const output = await example('mlp784');
    const [, lower, upper] = numbersAfter(output, /relative error +/) as [number, number, number];
    const [exact] = numbersAfter(output, /exactly +/) as [number];
    const best = numbersAfter(output, /best of rank 300: /)[0]!;
    // printed to three digits
    expect(exact).toBeGreaterThan(lower * 0.99);
    expect(exact).toBeLessThan(upper * 1.01);
    expect(exact).toBeGreaterThan(best);
    const rows = tableRows(output);
    expect(rows).toHaveLength(7);
    // Ritz values never exceed the eigenvalues (interlacing)
    for (const [value, bound, eigenvalue] of rows as [number, number, number][]) {
      expect(value).toBeLessThan(eigenvalue);
      expect(bound).toBeGreaterThan(0);
    }
    const [spectrum, fragment] = await figuresOf(output);
    expect(countMarks(spectrum!, 'symbol')).toBeGreaterThanOrEqual(300);
    expect(countMarks(fragment!, 'rect')).toBeGreaterThan(1000);
  },
  60_000,
);

testLarge(
  'eigsh-batches: means over batches are the eigenvalues, bars those of the library',
  async () => {
    const output = await example('eigsh-batches');
    const rows = tableRows(output);
    expect(rows).toHaveLength(10);
    for (const [value, mean, error, smallest, largest, exact, reference] of rows as number[][]) {
      expect(value).toBeCloseTo(exact!, 5);
      expect(mean).toBeCloseTo(value!, 5);
      expect(error).toBeCloseTo(reference!, 5);
      expect(smallest).toBeLessThan(mean!);
      expect(largest).toBeGreaterThan(mean!);
    }
    const [svg] = await figuresOf(output);
    // a point for each pair and batch, and one for the mean
    expect(countMarks(svg!, 'symbol')).toBe(10 * 8 + 10);
  },
  60_000,
);

test('the VGG-like network is the one with 3,548,234 parameters', async () => {
  await useBackend('cpu');
  expect(vgg({ widths: [64, 128], hidden: 1024, size: 32, classes: 10 }).countParams()).toBe(3_548_234);
});

testLarge(
  'digits: real digits, curvature that grows with training, and the Gauss-Newton matrix close to the Hessian at the end',
  async () => {
    const output = await example('digits');
    expect(output).toMatch(/LeNet +\d+ parameters, 300 digits of 14 x 14/);
    const rows = tableRows(output);
    expect(rows).toHaveLength(4);
    const losses = rows.map(([loss]) => loss!);
    expect(losses.at(-1)).toBeLessThan(0.2 * losses[0]!);
    const [, ...last] = rows.at(-1)!;
    // where the loss is small, so is what separates both matrices
    expect(Math.abs(last[0]! - last[3]!)).toBeLessThan(0.2 * last[0]!);
    const [overlap] = numbersAfter(output, /overlap of the 9 leading eigenvectors after \d+ and \d+ epochs: /);
    expect(overlap).toBeGreaterThan(0);
    expect(overlap).toBeLessThanOrEqual(1);
    // 10 classes: 9 eigenvalues stand out
    expect(output).toContain('largest gap among them: after eigenvalue 9');
    expect((await figuresOf(output)).length).toBe(2);
  },
  120_000,
);
