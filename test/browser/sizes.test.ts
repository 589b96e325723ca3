/** What a page has to load, bundled and minified by esbuild and compressed by gzip. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gzipSync } from 'node:zlib';
import { bundle, describeInBrowser } from '../support/browser.ts';
import { afterAll, beforeAll, expect, test } from '../support/jest.ts';

const CORE = "export { apost, eigsh, fromMatvec, seigh } from 'eigensketch';";
const TFJS = "export { ggn, hessian, useBackend } from 'eigensketch/tfjs';";

describeInBrowser('the bundle of a page', () => {
  let home: string;
  beforeAll(() => {
    home = mkdtempSync(join(resolve('dist'), 'sizes-'));
  });
  afterAll(() => rmSync(home, { recursive: true, force: true }));

  // kilobytes of 1000 when last looked at: a tenth more is to be noticed. The aims are 60 and 100
  test.each([
    ['decompositions and certificates', CORE, 63],
    ['the same with the curvature of TensorFlow.js, without TensorFlow.js', CORE + TFJS, 108],
    ['every function of the core', "export * from 'eigensketch';", 84],
  ])(
    '%s',
    async (_, code, usual) => {
      const [entry, out] = [join(home, 'entry.js'), join(home, 'out.js')];
      writeFileSync(entry, code);
      await bundle(
        'esbuild',
        entry,
        '--bundle',
        '--minify',
        '--format=esm',
        `--outfile=${out}`,
        '--external:@tensorflow/*',
      );
      const kilobytes = gzipSync(readFileSync(out), { level: 9 }).length / 1000;
      expect(kilobytes).toBeLessThan(1.1 * usual);
      // one that is not looked at for long says nothing
      expect(kilobytes).toBeGreaterThan(0.8 * usual);
    },
    30_000,
  );
});
