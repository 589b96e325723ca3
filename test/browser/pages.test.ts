/** The library in pages of a real browser: what Node computes, with and without threads, from bundles and from plain modules. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import {
  type Browser,
  bundle,
  describeInBrowser,
  ISOLATED,
  openBrowser,
  type Page,
  serve,
} from '../support/browser.ts';
import { relativeError } from '../support/dense.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { describeLarge, testLarge } from '../support/long.ts';
import { type Reference, type ReferenceArray, readReference } from '../support/reference.ts';
import { certified } from './jobs.ts';
import type { Jobs, PlainNetwork } from './page.ts';

const HTML = (body: string): string => `<!doctype html><meta charset="utf-8"><title>test</title>${body}`;

let folder: string;
let browser: Browser;
let reference: Reference;
let network: PlainNetwork;
let inNode: Awaited<ReturnType<typeof certified>>;
const closing: (() => void)[] = [];

async function open(headers: Record<string, string>, html: string): Promise<{ page: Page; console: string[] }> {
  const places = {
    '/page.js': join(folder, 'page.js'),
    '/wasm/': resolve('node_modules/@tensorflow/tfjs-backend-wasm/wasm-out'),
    '/dist/': resolve('dist'),
    '/node_modules/': resolve('node_modules'),
    '/index.html': { text: html },
    '/favicon.ico': { text: '' },
  };
  const { address, close } = await serve(places, headers);
  closing.push(close);
  const page = await browser.newPage();
  const lines: string[] = [];
  page.on('console', (message) => lines.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => lines.push(`error: ${error.message}`));
  await page.goto(`${address}/index.html`);
  await page.waitForFunction('globalThis.jobs !== undefined || globalThis.failed !== undefined');
  return { page, console: lines };
}

const run = <Name extends keyof Jobs>(page: Page, name: Name, ...args: Parameters<Jobs[Name]>) =>
  page.evaluate<Awaited<ReturnType<Jobs[Name]>>, unknown>(
    `globalThis.jobs.${name}(...${JSON.stringify(args)})`,
  ) as Promise<Awaited<ReturnType<Jobs[Name]>>>;

const plain = ({ shape, data }: ReferenceArray) => ({ shape, data: Array.from(data) });

describeInBrowser('in chromium', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'eigensketch-browser-'));
    const [entry, out] = ['dist/test/browser/page.js', join(folder, 'page.js')];
    await bundle('esbuild', entry, '--bundle', '--minify', '--format=esm', `--outfile=${out}`, '--log-level=warning');
    browser = await openBrowser();
    reference = await readReference('mlp_tanh_ce');
    network = { parameters: reference.parameters.map(plain), x: plain(reference.x), y: plain(reference.y) };
    inNode = await certified();
  }, 120_000);
  afterAll(async () => {
    await browser?.close();
    for (const close of closing) close();
    rmSync(folder, { recursive: true, force: true });
  });

  const MODULE = HTML('<script type="module" src="/page.js"></script>');

  describe('a page that is cross-origin isolated', () => inPage(ISOLATED, true));
  describeLarge('a page that is not isolated', () => inPage({}, false));

  function inPage(headers: Readonly<Record<string, string>>, isolated: boolean): void {
    let page: Page;
    let lines: string[];
    beforeAll(async () => {
      ({ page, console: lines } = await open(headers, MODULE));
    });

    test('has the bits of Node, on threads where they share memory, else on its own', async () => {
      expect(await run(page, 'isolated')).toBe(isolated);
      const { kernels, sketch, certificate } = await run(page, 'certified');
      expect(kernels).toMatch(isolated ? /^wasm \(\d+ threads?\)$/ : /^wasm \(calling thread\)$/);
      expect(sketch).toHaveLength(128);
      expect(sketch).toEqual(inNode.sketch);
      expect(relativeError(certificate, inNode.certificate)).toBeLessThan(1e-12);
      expect(lines.filter((line) => line.includes('EigensketchWarning'))).toEqual([]);
    });

    test.each(['wasm', 'cpu'] as const)(
      'the Hessian of a network on %s is that of PyTorch; memory is flat and given back',
      async (name) => {
        const { data, grown, left } = await run(page, 'hessianMatrix', name, network);
        expect(relativeError(data, reference.hessian)).toBeLessThan(1e-5);
        expect([grown, left]).toEqual([0, 0]);
      },
      60_000,
    );

    test('a sketch is aborted at its next block', async () => {
      expect(await run(page, 'aborted')).toEqual({ message: 'Error: enough', blocks: 3 });
    });

    test('what a page cannot do is refused with the reason', async () => {
      expect(await run(page, 'refusals')).toEqual([
        expect.stringMatching(
          /^UNSUPPORTED: seigh: store keeps a run in a directory of HDF5 files, and a page has none/,
        ),
        expect.stringMatching(/^UNSUPPORTED: seigh: kernels 'native' cannot be used: a page cannot call a BLAS/),
        expect.stringMatching(/^UNSUPPORTED: seigh: kernels 'js' cannot be used: pages have the embedded ones only/),
        expect.stringMatching(
          /^UNSUPPORTED: useBackend: backend 'webgl' is refused: its textures may hold half precision/,
        ),
        expect.stringMatching(/^UNSUPPORTED: useBackend: the page has to import @tensorflow\/tfjs-node-gpu/),
        expect.stringMatching(/^UNSUPPORTED: loadModel: a page loads models by tf.loadLayersModel/),
        expect.stringMatching(/^UNSUPPORTED: svgToPng: a page makes a PNG by drawing the SVG on a canvas/),
      ]);
    });

    test('a report says which browser made it', async () => {
      const { versions, table } = await run(page, 'report');
      expect(versions).toEqual({
        eigensketch: expect.any(String),
        browser: expect.stringMatching(/^(Headless)?Chrome \d+$/),
      });
      expect(table).toContain('Chrome');
    });
  }

  testLarge(
    'the Hessian of a network on WebGPU (SwiftShader) is that of PyTorch',
    async () => {
      const { page } = await open(ISOLATED, MODULE);
      const { device, data, grown, left } = await run(page, 'hessianMatrix', 'webgpu', network);
      expect(device).toMatch(/swiftshader/i);
      expect(relativeError(data, reference.hessian)).toBeLessThan(1e-5);
      expect([grown, left]).toEqual([0, 0]);
    },
    120_000,
  );

  testLarge('a page whose policy allows no workers computes the same on its own thread, with one warning', async () => {
    const policy = "script-src 'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval'; worker-src 'none'";
    const { page, console: lines } = await open({ ...ISOLATED, 'Content-Security-Policy': policy }, MODULE);
    expect((await run(page, 'certified')).sketch).toEqual(inNode.sketch);
    const warnings = lines.filter((line) => line.includes('EigensketchWarning'));
    expect(warnings).toEqual([
      expect.stringMatching(/^warning: .*kernels run on the calling thread: worker threads do not start/),
    ]);
  });

  test('plain modules with an import map need no bundler', async () => {
    const names: Record<string, { browser: string }> = JSON.parse(readFileSync('package.json', 'utf8')).imports;
    const map = {
      ...Object.fromEntries(Object.entries(names).map(([name, { browser: path }]) => [name, path.slice(1)])),
      eigensketch: '/dist/src/index.js',
      'eigensketch/report': '/dist/src/report/index.js',
      'eigensketch/testing': '/dist/src/testing/index.js',
      'fastest-levenshtein': '/node_modules/fastest-levenshtein/esm/mod.js',
      'pure-rand/generator/xoroshiro128plus': '/node_modules/pure-rand/lib/esm/generator/xoroshiro128plus.js',
    };
    const { page, console: lines } = await open(
      ISOLATED,
      HTML(`<script type="importmap">${JSON.stringify({ imports: map })}</script><script type="module">
        import { seigh } from 'eigensketch';
        import { analysisOf } from 'eigensketch/report';
        import { operatorWithSpectrum } from 'eigensketch/testing';
        globalThis.jobs = { async certified() {
          const result = await seigh(operatorWithSpectrum([4, 3, 2, 1], { seed: 1 }), 4);
          return Array.from(analysisOf({ operator: 'A', result }).eigenvalues);
        } };
      </script>`),
    );
    expect(lines.filter((line) => line.startsWith('error'))).toEqual([]);
    const eigenvalues = (await page.evaluate('globalThis.jobs.certified()')) as number[];
    for (const [i, value] of eigenvalues.entries()) expect(value).toBeCloseTo(4 - i, 10);
  });

  testLarge(
    'Vite builds a page by its defaults',
    async () => {
      const home = mkdtempSync(join(resolve('dist'), 'vite-'));
      try {
        writeFileSync(join(home, 'index.html'), HTML('<script type="module" src="./main.js"></script>'));
        writeFileSync(
          join(home, 'main.js'),
          `import { certified } from '../test/browser/jobs.js'; globalThis.jobs = { certified };`,
        );
        const said = await bundle('vite', 'build', home, '--logLevel', 'warn');
        expect(said).not.toMatch(/externalized for browser compatibility/);
        const { address, close } = await serve({ '/': join(home, 'dist') }, ISOLATED);
        closing.push(close);
        const page = await browser.newPage();
        await page.goto(`${address}/index.html`);
        await page.waitForFunction('globalThis.jobs !== undefined');
        expect((await run(page, 'certified')).sketch).toEqual(inNode.sketch);
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
    60_000,
  );
});
