/** The built page of `site/`: its numbers against float64 ones, its address, its own thread and its links. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fromPermalink } from '../../site/src/settings.ts';
import type { Page } from '../support/browser.ts';
import {
  cellsOf,
  describeSite,
  eigenvaluesOf,
  expectHits,
  IDLE,
  inFloat64,
  PATIENCE,
  RUN,
} from '../support/built-site.ts';
import { command } from '../support/command.ts';
import { hessianEigenvalues } from '../support/float64-network.ts';
import { expect } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';

const htmlFiles = (folder: string): string[] =>
  readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.html'));

async function showTruth(page: Page): Promise<void> {
  await page.click('#truth');
  await page.waitForFunction(`document.querySelector('.truth') !== null && ${IDLE}`, undefined, PATIENCE);
}

/**
 * A visitor who trains for fifty steps with all tables open, and asks for the truth. In the page itself: playwright's scripts
 * would take time of the thread that is measured.
 */
const VISITOR = `
const find = (selector) => document.querySelector(selector);
const stages = [
  [() => ${IDLE}, () => { find('#numbers').open = true; find('#train').click(); }],
  [() => Number(/step (\\d+)/.exec(find('#status').textContent)[1]) >= 50, () => find('#truth').click()],
  [() => find('.truth') !== null && ${IDLE}, () => console.log('done')],
];
const visit = setInterval(() => {
  if (!stages[0][0]()) return;
  stages.shift()[1]();
  if (stages.length === 0) clearInterval(visit);
}, 20);`;

/** One event of a trace. */
interface TraceEvent {
  readonly name: string;
  readonly pid: number;
  readonly tid: number;
  /** Microseconds: the beginning, the duration of complete events, and what a processor worked in it. */
  readonly ts: number;
  readonly dur?: number;
  readonly tdur?: number;
  readonly args?: { readonly data?: { readonly url?: string } };
}

/** A task of the main thread of a page: milliseconds of a processor, and the longest steps in it. */
interface Task {
  readonly cpu: number;
  readonly steps: string;
}

/** The longest tasks of the page from an address. */
function longestTasks(trace: Uint8Array, address: string): Task[] {
  const { traceEvents } = JSON.parse(new TextDecoder().decode(trace)) as { traceEvents: TraceEvent[] };
  const thread = ({ pid, tid }: TraceEvent): string => `${pid}:${tid}`;
  // chromium has pages of its own
  const loads = ({ name, args }: TraceEvent): boolean =>
    name === 'ResourceSendRequest' && args?.data?.url?.startsWith(address) === true;
  const ofPage = traceEvents.find(loads)!;
  const events = traceEvents.filter((event) => event.tdur !== undefined && thread(event) === thread(ofPage));
  const longestFirst = events.sort((a, b) => b.tdur! - a.tdur!);
  const tasks = longestFirst
    .filter(({ name }) => name === 'RunTask')
    .slice(0, 10)
    .map((task) => {
      const isInside = (event: TraceEvent): boolean =>
        event !== task && event.ts >= task.ts && event.ts < task.ts + task.dur!;
      const steps = longestFirst.filter(isInside).slice(0, 6);
      return { cpu: task.tdur! / 1000, steps: steps.map(({ name, tdur }) => `${name} ${tdur! / 1000}`).join(', ') };
    });
  // without a step of the page's it is work of chromium's, such as writing the trace
  return tasks.filter(({ steps }) => steps !== '');
}

describeSite('the page of the site', (site) => {
  testLarge(
    'shows bars that contain eigenvalues of the Hessian, before training and after thirty steps',
    async () => {
      for (const step of [0, 30]) {
        const hash = `${RUN}&step=${step}`;
        const page = await site.open(hash);
        const { problem, parameters } = inFloat64(hash);
        const eigenvalues = hessianEigenvalues(problem, parameters);
        const bars = await eigenvaluesOf(page);
        expect(bars).toHaveLength(100);
        expectHits(bars, eigenvalues);

        await showTruth(page);
        for (const [i, { truth }] of (await eigenvaluesOf(page)).entries()) {
          // the page trains and multiplies in float32
          expect(Math.abs(truth - eigenvalues[i]!)).toBeLessThan(1e-5 * Math.abs(eigenvalues[0]!));
        }
        const told = Object.fromEntries((await cellsOf(page, 'statements')).map(([name, , , truth]) => [name, truth]));
        expect(told.bars).toBe('100 of 100 do');
        const missed = Number(/larger than (\S+) in/.exec((await page.textContent('#statements'))!)![1]);
        expect(told['grey band']).toBe(`${eigenvalues.filter((each) => Math.abs(each) > missed).length} are`);
        await page.close();
      }
    },
    400_000,
  );

  testLarge(
    'is restored by its address, to the digit',
    async () => {
      const page = await site.open(RUN);
      await page.click('#advance');
      await page.waitForFunction(
        `document.querySelector('#status').textContent.includes('snapshot of step 10 ') && ${IDLE}`,
      );
      const hash = new URL(page.url()).hash.slice(1);
      expect(fromPermalink(hash)).toEqual({ ...fromPermalink(RUN), step: 10 });
      const again = await site.open(hash);
      const shown = await eigenvaluesOf(page);
      expect(shown).toHaveLength(100);
      expect(await eigenvaluesOf(again)).toEqual(shown);
      const statements = await cellsOf(page, 'statements');
      expect(statements.length).toBeGreaterThan(5);
      expect(await cellsOf(again, 'statements')).toEqual(statements);
      await page.close();
      await again.close();
    },
    300_000,
  );

  testLarge(
    'never keeps its own thread for 50 ms while the worker works',
    async () => {
      for (const hash of ['', 'data=digits&width=4&depth=1&rate=0.2&columns=100']) {
        const page = await site.browser.newPage();
        const done = new Promise<void>((resolve) => {
          page.on('console', (message) => message.text() === 'done' && resolve());
        });
        await page.addInitScript(VISITOR);
        // seconds of a processor, which a machine that others use does not lengthen
        const categories = ['devtools.timeline', 'disabled-by-default-devtools.timeline', 'v8', '__metadata'];
        await site.browser.startTracing(page, { categories });
        await page.goto(`${site.address}/index.html#${hash}`);
        await done;
        const tasks = longestTasks(await site.browser.stopTracing(), site.address);
        console.log(`'${hash}':\n${tasks.map(({ cpu, steps }) => `${cpu} ms: ${steps}`).join('\n')}`);
        expect(tasks[0]!.cpu).toBeLessThan(50);
        // clocks that stand still would also pass
        expect(tasks[0]!.cpu).toBeGreaterThan(1);
        await page.close();
      }
    },
    300_000,
  );

  testLarge(
    'has links that lead somewhere, as have the pages of the documentation, which fit on a phone and have their formulas',
    async () => {
      await command('npm', ['run', 'build', '-w', 'site/reference', '--', '--out', join(site.folder, 'docs')]);
      const broken: string[] = [];
      const texts = new Map<string, string>();
      const textOf = (path: string): string => {
        if (!texts.has(path)) texts.set(path, readFileSync(path, 'utf8'));
        return texts.get(path)!;
      };
      let links = 0;
      for (const name of htmlFiles(site.folder)) {
        const page = join(site.folder, name);
        for (const [, target] of textOf(page).matchAll(/<(?:a|link|img|script)\b[^>]*?\s(?:href|src)="([^"]*)"/g)) {
          if (/^(?:[a-z]+:|\/\/)/.test(target!)) continue;
          links++;
          const [path, anchor] = decodeURI(target!.replaceAll('&amp;', '&')).split('#') as [string, string | undefined];
          const file = path === '' ? page : join(dirname(page), path.split('?')[0]!);
          const isThere =
            existsSync(file) && (!anchor || !file.endsWith('.html') || textOf(file).includes(`id="${anchor}"`));
          if (!isThere) broken.push(`${name}: ${target}`);
        }
      }
      expect(broken).toEqual([]);
      expect(links).toBeGreaterThan(1000);

      const page = await site.browser.newPage();
      await page.setViewportSize({ width: 390, height: 844 });
      const wide: string[] = [];
      for (const name of htmlFiles(site.folder).filter((each) => /documents\/docs_|docs\/index/.test(each))) {
        await page.goto(`${site.address}/${name}`);
        if ((await page.evaluate('document.documentElement.scrollWidth')) !== 390) wide.push(name);
      }
      expect(wide).toEqual([]);
      await page.goto(`${site.address}/docs/documents/docs_certificate.html`);
      const isLoaded =
        "[...document.fonts].some(({ family, status }) => family.includes('KaTeX') && status === 'loaded')";
      await page.waitForFunction(isLoaded);
      expect(await page.evaluate("document.querySelectorAll('.katex').length")).toBeGreaterThan(40);
      await page.close();
    },
    600_000,
  );
});
