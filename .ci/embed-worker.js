/**
 * Bundles the Web Worker of the kernels into one text, from which pages start it: it needs no address of its own, which
 * bundlers each give in another way.
 */
import { writeFileSync } from 'node:fs';
import { build } from 'esbuild';

const FOLDER = 'dist/src/linalg/kernels/wasm';

const { outputFiles } = await build({
  entryPoints: [`${FOLDER}/worker-in-pages.js`],
  bundle: true,
  minify: true,
  format: 'iife',
  platform: 'browser',
  write: false,
});
writeFileSync(`${FOLDER}/worker-source.js`, `export const WORKER_SOURCE = ${JSON.stringify(outputFiles[0].text)};\n`);
