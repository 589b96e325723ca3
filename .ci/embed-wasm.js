/**
 * Writes the compiled WebAssembly modules into TypeScript, as text: neither Node, a bundler nor a server then has a file to
 * find. The hash is of the sources, and test/architecture.test.ts compares it with them.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { deflateSync } from 'node:zlib';
import { hashOfSources } from './hash-of-sources.js';

const MODULES = [
  { room: 'src/linalg/kernels/wasm', compiled: 'dist/wasm/kernels.wasm' },
  { room: 'src/tfjs/backends/wasm/heap-kernels', compiled: 'dist/wasm/heap-kernels.wasm' },
];

for (const { room, compiled } of MODULES) {
  // compressed here: as text it would not be well compressed on its way to a page
  const text = deflateSync(readFileSync(compiled), { level: 9 }).toString('base64');
  writeFileSync(
    `${room}/embedded.ts`,
    `/** The module compiled from assembly/, compressed and in base64. Made by npm run build:wasm. */

export const SOURCES = '${hashOfSources(`${room}/assembly`)}';

// biome-ignore format: one line
export const MODULE = '${text}';
`,
  );
}
