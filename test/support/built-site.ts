/** The page of `site/`, built and served to chromium. */
import { rmSync } from 'node:fs';
import { mkdtemp } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { DATASETS } from '../../site/src/datasets/index.ts';
import { initialWeights } from '../../site/src/initial-weights.ts';
import { fromPermalink } from '../../site/src/settings.ts';
import { type Browser, bundle, describeInBrowser, openBrowser, type Page, serve } from './browser.ts';
import { descended, type SmallProblem } from './float64-network.ts';
import { afterAll, beforeAll, expect } from './jest.ts';
import { large } from './long.ts';

/** How long a page may take on a machine with other work. */
export const PATIENCE = { timeout: 180_000 };

/** 2-8-8-2, 114 parameters, of which 100 eigenvalues are shown. */
export const RUN = 'width=8&columns=100&every=10&rate=0.3&seed=5';

/** Nothing is being computed or drawn. */
export const IDLE = "document.body.dataset.state === 'idle' && document.querySelector('#spectrum svg') !== null";

/** The built page, for the tests of a group. */
export interface BuiltSite {
  /** Where its files are. */
  readonly folder: string;
  readonly browser: Browser;
  readonly address: string;
  /** The page with a run, which has its first snapshot; errors on the way fail the test. */
  open(hash: string): Promise<Page>;
}

/** A group of large tests of the page. What `site` has is there while they run. */
export function describeSite(name: string, suite: (site: BuiltSite) => void): void {
  describeInBrowser(name, () => {
    const site: { -readonly [K in keyof BuiltSite]: BuiltSite[K] } = {
      folder: '',
      address: '',
      browser: undefined as never,
      async open(hash) {
        const page = await site.browser.newPage();
        const errors: string[] = [];
        page.on('pageerror', ({ message }) => errors.push(message));
        await page.goto(`${site.address}/index.html#${hash}`);
        await page.waitForFunction(IDLE, undefined, PATIENCE);
        expect(errors).toEqual([]);
        return page;
      },
    };
    let close: (() => void) | undefined;
    beforeAll(async () => {
      if (!large) return;
      site.folder = await mkdtemp(join(resolve('dist'), 'site-'));
      // other files of tests may be building it, too
      await bundle('vite', 'build', 'site', '--bypass-lock', '--outDir', site.folder, '--logLevel', 'error');
      ({ address: site.address, close } = await serve({ '/': site.folder }));
      site.browser = await openBrowser();
    }, 300_000);
    afterAll(async () => {
      await site.browser?.close();
      close?.();
      if (site.folder !== '') rmSync(site.folder, { recursive: true, force: true });
    });
    suite(site);
  });
}

/** The problem of two spirals of an address in float64, at its step. */
export function inFloat64(hash: string): { problem: SmallProblem; parameters: Float64Array } {
  const settings = fromPermalink(hash);
  const { inputs, targets, samples, features, outputs } = DATASETS.spirals(settings.seed);
  const layers = initialWeights({ features, outputs }, settings);
  const start = Float64Array.from(layers.flatMap(({ weights, outputs: to }) => [...weights, ...new Array(to).fill(0)]));
  const problem = { widths: [features, ...layers.map((layer) => layer.outputs)], inputs, targets, samples };
  return { problem, parameters: descended(problem, start, settings.step, settings.rate) };
}

/** The rows of a table of the page, without its heading. */
export const cellsOf = (page: Page, table: 'statements' | 'eigenvalues'): Promise<string[][]> =>
  page.evaluate<string[][], unknown>(
    `Array.from(document.querySelectorAll('#${table} tr'), (row) => Array.from(row.cells, (cell) => cell.textContent)).slice(1)`,
  );

/** Opens the table of all eigenvalues. @returns each with half the length of its bar, and more where the truth is shown */
export async function eigenvaluesOf(page: Page): Promise<{ value: number; bar: number; truth: number }[]> {
  if (!(await page.evaluate("document.querySelector('#numbers').open"))) await page.click('#numbers summary');
  await page.waitForFunction(`${IDLE} && document.querySelector('#eigenvalues tr') !== null`, undefined, PATIENCE);
  return (await cellsOf(page, 'eigenvalues')).map(([, value, bar, truth]) => ({
    value: Number(value),
    bar: Number(bar!.replace('± ', '')),
    truth: Number(truth),
  }));
}

/** Each bar of the page contains an eigenvalue, but for what float32 changes in the matrix. */
export function expectHits(bars: readonly { value: number; bar: number }[], eigenvalues: readonly number[]): void {
  const slack = 1e-5 * Math.abs(eigenvalues[0]!);
  for (const { value, bar } of bars) {
    expect(Math.min(...eigenvalues.map((each) => Math.abs(each - value)))).toBeLessThan(bar + slack);
  }
  // bars that say nothing would also be true
  expect(bars[0]!.bar).toBeLessThan(1e-2 * Math.abs(eigenvalues[0]!));
  expect(Math.abs(bars[0]!.value - eigenvalues[0]!)).toBeLessThan(1e-3 * Math.abs(eigenvalues[0]!));
}
