/** The built page of `site/` as it is used: backends, keys, files that are dropped on it and files that it gives. */
import { readFileSync, rmSync, writeFileSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Resvg } from '@resvg/resvg-js';
import * as tf from '@tensorflow/tfjs';
import { writeArray } from '../../src/files/index.ts';
import type { Page } from '../support/browser.ts';
import { describeSite, eigenvaluesOf, expectHits, IDLE, inFloat64, PATIENCE, RUN } from '../support/built-site.ts';
import { hessianEigenvalues } from '../support/float64-network.ts';
import { expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

/** Keeps the model as files. @returns their names */
async function saveModel(model: tf.LayersModel, folder: string): Promise<string[]> {
  const [json, shard] = [join(folder, 'model.json'), join(folder, 'weights.bin')];
  await model.save({
    async save({ modelTopology, weightSpecs, weightData }) {
      const weightsManifest = [{ paths: ['weights.bin'], weights: weightSpecs! }];
      writeFileSync(json, JSON.stringify({ format: 'layers-model', modelTopology, weightsManifest }));
      writeFileSync(shard, new Uint8Array(weightData as ArrayBuffer));
      return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
    },
  });
  return [json, shard];
}

const initial = (seed: number) => tf.initializers.randomNormal({ stddev: 0.7, seed });

/** Four units of tanh and two outputs, after `first`. */
const twoLayers = (first: object, ...before: tf.layers.Layer[]): tf.Sequential =>
  tf.sequential({
    layers: [
      ...before,
      tf.layers.dense({
        ...first,
        units: 4,
        activation: 'tanh',
        kernelInitializer: initial(1),
        biasInitializer: initial(2),
      }),
      tf.layers.dense({ units: 2, kernelInitializer: initial(3) }),
    ],
  });

/** Eigenvalues of a model of two layers for samples of two classes, in float64. */
function eigenvaluesOfModel(model: tf.LayersModel, inputs: ArrayLike<number>, classes: readonly number[]): number[] {
  const parameters = Float64Array.from(model.getWeights().flatMap((weight) => [...weight.dataSync()]));
  const targets = classes.flatMap((each) => [1 - each, each]);
  const samples = classes.length;
  return hessianEigenvalues({ widths: [inputs.length / samples, 4, 2], inputs, targets, samples }, parameters);
}

/** Gives the page of a run a model and files of data, which `write` makes and names; `check` sees the bars of its spectrum. */
async function withFiles(
  page: Page,
  model: tf.LayersModel,
  write: (folder: string) => Promise<string[]> | string[],
  check: (bars: Awaited<ReturnType<typeof eigenvaluesOf>>, names: readonly string[]) => Promise<void> | void,
): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'eigensketch-own-'));
  try {
    const names = [...(await saveModel(model, folder)), ...(await write(folder))];
    await page.setInputFiles('#own', names);
    const isOpen = `document.querySelector('#status').textContent.startsWith('model.json: ${model.countParams()} parameters')`;
    await page.waitForFunction(`${isOpen} && ${IDLE}`, undefined, PATIENCE);
    expect(await page.textContent('#failure')).toBe('');
    await check(await eigenvaluesOf(page), names);
  } finally {
    await page.close();
    rmSync(folder, { recursive: true });
  }
}

/** What has the focus, by its id, its name or its text, and whether that is seen. */
const FOCUSED = `(() => {
  const { id, name, textContent } = document.activeElement;
  const { outlineStyle, outlineWidth } = getComputedStyle(document.activeElement);
  return { what: id || name || textContent.trim(), seen: outlineStyle !== 'none' && parseFloat(outlineWidth) >= 2 };
})()`;

/** What the keyboard must reach, from left to right and from top to bottom. */
const CONTROLS = `Array.from(document.querySelectorAll('a, button, input, select, summary'))
  .filter((each) => !each.disabled)
  .map((each) => ({ each, box: each.getBoundingClientRect() }))
  .map(({ each, box }) => ({ what: each.id || each.name || each.textContent.trim(), top: box.top + scrollY, left: box.left }))`;

describeSite('the page of the site', (site) => {
  testLarge(
    'computes on the backend that is chosen, and names it',
    async () => {
      const { problem, parameters } = inFloat64(RUN);
      const eigenvalues = hessianEigenvalues(problem, parameters);
      const page = await site.open(RUN);
      for (const [backend, device] of [
        ['cpu', /· CPU$/],
        ['webgpu', /· .*swiftshader/i],
        ['wasm', /· CPU$/],
      ] as const) {
        await page.selectOption('[name=backend]', backend);
        const isThere = `document.querySelector('#statements').textContent.includes('on ${backend}')`;
        await page.waitForFunction(`${isThere} && ${IDLE}`, undefined, PATIENCE);
        expect(await page.textContent('#failure')).toBe('');
        expect(await page.textContent('#status')).toMatch(device);
        expectHits(await eigenvaluesOf(page), eigenvalues);
        expect(new URL(page.url()).hash.includes('backend')).toBe(backend !== 'wasm');
      }
      await page.close();
    },
    400_000,
  );

  testLarge(
    'is used by keys alone: each control has its turn, in the order of the page, and shows that it has the focus',
    async () => {
      for (const size of [
        { width: 390, height: 844 },
        { width: 1280, height: 900 },
      ]) {
        const page = await site.open(RUN);
        await page.setViewportSize(size);
        const controls = (await page.evaluate(CONTROLS)) as { what: string; top: number; left: number }[];
        const reached: string[] = [];
        for (const _ of controls) {
          await page.keyboard.press('Tab');
          const { what, seen } = (await page.evaluate(FOCUSED)) as { what: string; seen: boolean };
          reached.push(seen ? what : `${what}, unseen`);
        }
        expect([...reached].sort()).toEqual(controls.map(({ what }) => what).sort());
        const topOf = (name: string): number => controls.find(({ what }) => what === name)!.top;
        const isPhone = size.width < 500;
        // on a desktop the settings are a column of their own
        const isSetting = (name: string): boolean => controls.find(({ what }) => what === name)!.left < 280 && !isPhone;
        const tops = reached.filter((name) => !isSetting(name)).map(topOf);
        for (const [i, top] of tops.slice(1).entries()) expect(top).toBeGreaterThan(tops[i]! - 12);
        await page.close();
      }

      const page = await site.open(RUN);
      await page.evaluate("document.querySelector('[name=data]').focus()");
      await page.keyboard.press('ArrowDown');
      await page.waitForFunction(
        `document.querySelector('#status').textContent.startsWith('digits') && ${IDLE}`,
        undefined,
        PATIENCE,
      );
      await page.evaluate("document.querySelector('#train').focus()");
      await page.keyboard.press('Space');
      await page.waitForFunction("document.body.dataset.state === 'training'", undefined, PATIENCE);
      await page.keyboard.press('Space');
      await page.waitForFunction(IDLE, undefined, PATIENCE);
      await page.evaluate("document.querySelector('#numbers summary').focus()");
      await page.keyboard.press('Enter');
      expect(await eigenvaluesOf(page)).toHaveLength(100);
      await page.close();
    },
    300_000,
  );

  testLarge(
    'shows the spectrum of a model and data in files',
    async () => {
      const model = twoLayers({ inputShape: [3] });
      const inputs = Float64Array.from({ length: 36 }, (_, i) => Math.fround(Math.sin(3 * i)));
      const classes = Array.from({ length: 12 }, (_, i) => i % 2);
      const write = async (folder: string): Promise<string[]> => {
        const [x, y] = [join(folder, 'x.npy'), join(folder, 'y.csv')];
        await writeArray(x, { data: inputs, shape: [12, 3] });
        writeFileSync(y, `class\n${classes.join('\n')}\n`);
        return [x, y];
      };
      const page = await site.open(RUN);
      await withFiles(page, model, write, async (bars, names) => {
        // the others are zero
        expect(bars.length).toBeGreaterThan(20);
        expectHits(bars, eigenvaluesOfModel(model, inputs, classes));

        await page.setInputFiles('#own', names.slice(0, 3));
        await page.waitForFunction("!document.querySelector('#failure').hidden", undefined, PATIENCE);
        expect(await page.textContent('#failure')).toBe(
          'x.npy has inputs only: add y.npy or y.csv, or columns with the targets',
        );
      });
    },
    300_000,
  );

  testLarge(
    'takes images as data, with classes from their names',
    async () => {
      const [height, width] = [2, 3];
      const model = twoLayers({}, tf.layers.flatten({ inputShape: [height, width, 1] }));
      const classes = Array.from({ length: 10 }, (_, i) => i % 2);
      const grey = Uint8Array.from({ length: 10 * height * width }, (_, i) => (37 * i * i + 11 * i) % 256);
      const write = (folder: string): string[] =>
        classes.map((each, i) => {
          const pixels = Array.from(grey.subarray(6 * i, 6 * i + 6), (value, at) => {
            const [x, y] = [at % width, Math.floor(at / width)];
            return `<rect x="${x}" y="${y}" width="1" height="1" fill="rgb(${value},${value},${value})"/>`;
          });
          const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="3" height="2" shape-rendering="crispEdges">${pixels.join('')}</svg>`;
          // sorted by name, the images of class 0 come first
          const name = join(folder, `${each}-image${i}.png`);
          writeFileSync(name, new Resvg(svg).render().asPng());
          return name;
        });
      await withFiles(await site.open(RUN), model, write, (bars) => {
        expect(bars).toHaveLength(38);
        const inputs = Array.from(grey, (value) => value / 255);
        expectHits(bars, eigenvaluesOfModel(model, inputs, classes));
      });
    },
    300_000,
  );

  testLarge(
    'gives its report as files of four formats, which have what the page shows',
    async () => {
      const page = await site.open(RUN);
      const shown = await eigenvaluesOf(page);
      const download = async (format: string): Promise<{ name: string; text: string }> => {
        const saved = page.waitForEvent('download');
        await page.click(`[data-report=${format}]`);
        const file = await saved;
        return { name: file.suggestedFilename(), text: readFileSync(await file.path(), 'utf8') };
      };

      const json = await download('json');
      expect(json.name).toBe('spectrum-step-0.json');
      const { eigenvalues, provenance } = JSON.parse(json.text);
      expect(provenance).toMatchObject({ n: 114, dims: 100 });
      expect(eigenvalues).toHaveLength(100);
      for (const [i, { value, bar }] of shown.entries()) {
        expect(Math.abs(eigenvalues[i] - value)).toBeLessThan(bar);
      }

      const html = await download('html');
      expect(html.name).toBe('spectrum-step-0.html');
      const svg = await download('svg');
      expect(svg.name).toBe('spectrum-step-0.svg');
      const drawn = (await page.evaluate(
        `(([html, svg]) => {
          const page = new DOMParser().parseFromString(html, 'text/html');
          const figure = new DOMParser().parseFromString(svg, 'image/svg+xml');
          return {
            text: page.body.textContent,
            figures: page.querySelectorAll('svg').length,
            root: figure.documentElement.localName,
            error: figure.querySelector('parsererror')?.textContent,
          };
        })(${JSON.stringify([html.text, svg.text])})`,
      )) as { text: string; figures: number; root: string; error?: string };
      expect(drawn.root).toBe('svg');
      expect(drawn.error).toBeUndefined();
      expect(drawn.figures).toBeGreaterThan(0);
      expect(drawn.text).toContain('Hessian of spirals, 2 × 8 tanh, step 0');

      const latex = await download('latex');
      expect(latex.name).toBe('spectrum-step-0.tex');
      expect(latex.text).toMatch(/\\begin\{tabular\}[\s\S]*\\end\{tabular\}/);
      await page.close();
    },
    300_000,
  );
});
