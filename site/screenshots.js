/**
 * Pictures of the built page as people see it, on a desktop and on a phone, light and dark: dist/screenshots/*.png.
 *
 *     npm run site && npm run site:screenshots
 */
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { preview } from 'vite';

const OUT = 'dist/screenshots';
const SIZES = { desktop: { width: 1280, height: 900 }, phone: { width: 390, height: 844 } };
const RUNS = {
  spirals: 'step=400',
  digits: 'data=digits&width=12&depth=1&step=100&rate=0.2',
  regression: 'data=regression&step=300&rate=0.1',
};

mkdirSync(OUT, { recursive: true });
const server = await preview({ root: 'site', logLevel: 'error' });
const browser = await chromium.launch({ executablePath: '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu'] });
try {
  const address = server.resolvedUrls.local[0];
  for (const [run, hash] of Object.entries(RUNS)) {
    for (const [size, viewport] of Object.entries(SIZES)) {
      const page = await browser.newPage({ viewport });
      page.on('pageerror', (error) => console.error(error.message));
      page.on('console', (message) => console.error(message.text()));
      await page.goto(`${address}#${hash}`);
      const isIdle = () => document.body.dataset.state === 'idle' && document.querySelector('#spectrum svg') !== null;
      await page.waitForFunction(isIdle, undefined, { timeout: 120_000 });
      for (let snapshots = 0; snapshots < 4; snapshots++) {
        await page.click('#advance');
        await page.waitForFunction(isIdle);
      }
      await page.click('#truth');
      await page.waitForFunction(() => document.querySelector('.truth') !== null, undefined, { timeout: 120_000 });
      for (const colorScheme of ['light', 'dark']) {
        await page.emulateMedia({ colorScheme });
        await page.waitForTimeout(200);
        await page.screenshot({ path: join(OUT, `${run}-${size}-${colorScheme}.png`), fullPage: true });
      }
      console.log(`${run}, ${size}: ${await page.textContent('#status')}`);
      await page.close();
    }
  }
} finally {
  await browser.close();
  await server.close();
}
