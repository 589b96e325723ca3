/** The library in pages of a real browser: what Node computes, with and without threads, from bundles and from plain modules. */
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import process from 'node:process';
import { type BackendName, useBackend } from '../../src/tfjs/index.ts';
import {
  type Browser,
  bundle,
  describeInBrowser,
  ISOLATED,
  openBrowser,
  type Page,
  serve,
} from '../support/browser.ts';
import { command } from '../support/command.ts';
import { relativeError } from '../support/dense.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { describeLarge, testLarge } from '../support/long.ts';
import { type Reference, type ReferenceArray, readReference } from '../support/reference.ts';
import { NETWORK_NAMES } from '../support/reference-networks.ts';
import { certified, certifiedHessian, drawn } from './jobs.ts';
import type { Jobs, PlainNetwork } from './page.ts';

const HTML = (body: string): string => `<!doctype html><meta charset="utf-8"><title>test</title>${body}`;

let folder: string;
let browser: Browser;
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

const plainNetwork = ({ parameters, x, y, constants }: Reference): PlainNetwork => ({
  parameters: parameters.map(plain),
  x: plain(x),
  y: plain(y),
  constants: Object.fromEntries(Object.entries(constants).map(([name, each]) => [name, plain(each)])),
});

/** In a page: the Hessian of a reference network is PyTorch's, and its memory is flat and given back. */
async function expectHessian(page: Page, backend: BackendName, name: string, device: RegExp): Promise<void> {
  const reference = await readReference(name);
  const measured = await run(page, 'hessianMatrix', backend, name, plainNetwork(reference));
  expect(measured.device).toMatch(device);
  expect(relativeError(measured.data, reference.hessian)).toBeLessThan(name.startsWith('mlp') ? 1e-5 : 2e-5);
  expect([measured.grown, measured.left]).toEqual([[0, 0], 0]);
}

/** What Node computes on the same kernels, without a BLAS. */
async function hessianInNode(
  name: string,
  reference: Reference,
): Promise<Awaited<ReturnType<typeof certifiedHessian>>> {
  const before = process.env.EIGENSKETCH_KERNELS;
  process.env.EIGENSKETCH_KERNELS = 'wasm';
  try {
    await useBackend('wasm');
    return await certifiedHessian(name, reference);
  } finally {
    if (before === undefined) delete process.env.EIGENSKETCH_KERNELS;
    else process.env.EIGENSKETCH_KERNELS = before;
  }
}

describeInBrowser('in chromium', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'eigensketch-browser-'));
    const [entry, out] = ['dist/test/browser/page.js', join(folder, 'page.js')];
    await bundle('esbuild', entry, '--bundle', '--minify', '--format=esm', `--outfile=${out}`, '--log-level=warning');
    browser = await openBrowser();
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

    test('random numbers have the bits of Node', async () => {
      expect(await run(page, 'drawn')).toEqual(await drawn());
    });

    test(
      'the Hessian of a network is that of PyTorch; memory is flat and given back',
      () => expectHessian(page, 'wasm', 'mlp_tanh_ce', /CPU/),
      60_000,
    );

    testLarge(
      'the reference Hessians are those of PyTorch on wasm and on cpu',
      async () => {
        for (const backend of ['wasm', 'cpu'] as const) {
          for (const name of NETWORK_NAMES) await expectHessian(page, backend, name, /CPU/);
        }
      },
      300_000,
    );

    testLarge(
      'a certified sketch of a Hessian on wasm has the bits of Node',
      async () => {
        const name = 'cnn_bn_depthwise_ce';
        const reference = await readReference(name);
        const there = await run(page, 'certifiedHessian', name, plainNetwork(reference));
        expect(there.sketch.length).toBeGreaterThan(20);
        const here = await hessianInNode(name, reference);
        expect(there.sketch).toEqual(here.sketch);
        expect(relativeError(there.certificate, here.certificate)).toBeLessThan(1e-6);
      },
      120_000,
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
    'the reference Hessians on WebGPU (SwiftShader) are those of PyTorch',
    async () => {
      const { page } = await open(ISOLATED, MODULE);
      for (const name of NETWORK_NAMES) await expectHessian(page, 'webgpu', name, /swiftshader/i);
    },
    300_000,
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

  testLarge(
    'webpack bundles the core and the operators of TensorFlow.js by its defaults',
    async () => {
      const home = mkdtempSync(join(resolve('dist'), 'webpack-'));
      try {
        writeFileSync(join(home, 'package.json'), '{ "private": true, "type": "module" }');
        // nothing else here needs it
        const quiet = ['--no-audit', '--no-fund', '--prefer-offline', '--loglevel', 'error'];
        await command('npm', ['install', '--ignore-scripts', ...quiet, 'webpack@5'], home);
        symlinkSync(resolve('.'), join(home, 'node_modules/eigensketch'));
        writeFileSync(
          join(home, 'entry.js'),
          `import { eigsh } from 'eigensketch';
          import { jacobian } from 'eigensketch/tfjs';
          import { certified } from '../test/browser/jobs.js';
          globalThis.jobs = { certified };
          globalThis.names = [eigsh, jacobian].map((each) => typeof each);`,
        );
        writeFileSync(
          join(home, 'build.js'),
          `import webpack from 'webpack';
          webpack({ entry: './entry.js', mode: 'production' }, (error, stats) => {
            if (error) throw error;
            const { errors, warnings } = stats.toJson();
            // TensorFlow.js is large
            const said = [...errors, ...warnings].map(({ message }) => message);
            console.log(JSON.stringify(said.filter((each) => !/size limit|performance/i.test(each))));
          });`,
        );
        const { stdout } = await command(process.execPath, ['build.js'], home);
        expect(JSON.parse(stdout)).toEqual([]);
        const { address, close } = await serve(
          { '/dist/': join(home, 'dist'), '/index.html': { text: HTML('<script src="/dist/main.js"></script>') } },
          ISOLATED,
        );
        closing.push(close);
        const page = await browser.newPage();
        await page.goto(`${address}/index.html`);
        await page.waitForFunction('globalThis.names !== undefined');
        expect(await page.evaluate('globalThis.names')).toEqual(['function', 'function']);
        expect((await run(page, 'certified')).sketch).toEqual(inNode.sketch);
      } finally {
        rmSync(home, { recursive: true, force: true });
      }
    },
    300_000,
  );
});
