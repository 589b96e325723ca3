/** What a page has to load before it calls anything, bundled and minified by esbuild and compressed by gzip. */
import { gzipSync } from 'node:zlib';
import { type BuildResult, build } from 'esbuild';
import { describeInBrowser } from '../support/browser.ts';
import { expect, test } from '../support/jest.ts';

const CORE = "export { apost, eigsh, fromMatvec, seigh } from 'eigensketch';";
const TFJS = "export { ggn, hessian, useBackend } from 'eigensketch/tfjs';";

/** Bytes of the entry and of what it imports, without what is imported when it is used. */
async function bytesAtOnce(code: string): Promise<number> {
  const { metafile, outputFiles }: BuildResult<{ metafile: true; write: false }> = await build({
    stdin: { contents: code, resolveDir: '.', sourcefile: 'entry.js' },
    bundle: true,
    minify: true,
    splitting: true,
    format: 'esm',
    outdir: 'out',
    external: ['@tensorflow/*'],
    metafile: true,
    write: false,
  });
  const { outputs } = metafile;
  const needed = new Set(Object.keys(outputs).filter((path) => outputs[path]!.entryPoint === 'entry.js'));
  for (const path of needed) {
    for (const { kind, path: next, external } of outputs[path]!.imports) {
      if (kind === 'import-statement' && !external) needed.add(next);
    }
  }
  const isNeeded = ({ path }: { path: string }): boolean => [...needed].some((each) => path.endsWith(`/${each}`));
  const files = outputFiles.filter(isNeeded);
  expect(files).toHaveLength(needed.size);
  return files.reduce((total, { contents }) => total + gzipSync(contents, { level: 9 }).length, 0);
}

describeInBrowser('the bundle of a page', () => {
  // kilobytes of 1000 when last looked at, of which a tenth more is to be noticed, and what is never to be exceeded
  test.each([
    ['decompositions and certificates', CORE, 44.4, 60],
    ['the same with the curvature of TensorFlow.js, without TensorFlow.js', CORE + TFJS, 82.2, 100],
    ['every function of the core', "export * from 'eigensketch';", 66.5, 90],
  ])(
    '%s',
    async (_, code, usual, most) => {
      const kilobytes = (await bytesAtOnce(code)) / 1000;
      expect(kilobytes).toBeLessThan(Math.min(1.1 * usual, most));
      // one that is not looked at for long says nothing
      expect(kilobytes).toBeGreaterThan(0.9 * usual);
    },
    30_000,
  );
});
