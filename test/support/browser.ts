/** Pages in Debian's chromium, headless, by playwright-core; without either they are skipped. */
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import process from 'node:process';
import { promisify } from 'node:util';
import { describe } from './jest.ts';
import { skippedTitle } from './skips.ts';

/** The parts of playwright that are used here. */
export interface Page {
  goto(url: string): Promise<unknown>;
  evaluate<T, A>(work: string | ((argument: A) => T | Promise<T>), argument?: A): Promise<T>;
  addInitScript(code: string): Promise<unknown>;
  click(selector: string): Promise<void>;
  selectOption(selector: string, value: string): Promise<unknown>;
  setViewportSize(size: { width: number; height: number }): Promise<void>;
  readonly keyboard: { press(key: string): Promise<void> };
  waitForEvent(event: 'download'): Promise<{ suggestedFilename(): string; path(): Promise<string> }>;
  setInputFiles(selector: string, files: readonly string[]): Promise<void>;
  textContent(selector: string): Promise<string | null>;
  url(): string;
  waitForFunction(condition: string, argument?: undefined, options?: { timeout: number }): Promise<unknown>;
  on(event: 'console', listener: (message: { type(): string; text(): string }) => void): void;
  on(event: 'pageerror', listener: (error: Error) => void): void;
  close(): Promise<void>;
}

export interface Browser {
  newPage(): Promise<Page>;
  startTracing(page: Page, options: { categories: string[] }): Promise<void>;
  /** The trace as JSON, in chromium's Trace Event Format. */
  stopTracing(): Promise<Uint8Array>;
  close(): Promise<void>;
}

const CHROMIUM = '/usr/bin/chromium';
const required = Boolean(process.env.EIGENSKETCH_REQUIRE_BROWSER);

const isInstalled = (name: string): boolean => existsSync(join('node_modules', name, 'package.json'));

function reasonAgainst(): string | undefined {
  if (!existsSync(CHROMIUM)) return `there is no ${CHROMIUM} (Debian: chromium)`;
  const missing = ['playwright-core', 'esbuild', 'vite'].find((name) => !isInstalled(name));
  return missing === undefined ? undefined : `${missing} is not installed: npm install`;
}

/** A group of tests in a browser; it must run where EIGENSKETCH_REQUIRE_BROWSER is set. */
export function describeInBrowser(name: string, suite: () => void): void {
  const reason = required ? undefined : reasonAgainst();
  if (reason === undefined) describe(name, suite);
  else describe.skip(skippedTitle(name, reason), suite);
}

const FLAGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--disable-background-networking'];
const SOFTWARE_WEBGPU = ['--enable-unsafe-webgpu', '--enable-features=Vulkan', '--use-webgpu-adapter=swiftshader'];

/** Chromium, with WebGPU in software. */
export async function openBrowser(): Promise<Browser> {
  const name: string = 'playwright-core';
  const { chromium } = (await import(name)) as { chromium: { launch(options: object): Promise<Browser> } };
  return chromium.launch({ executablePath: CHROMIUM, headless: true, args: [...FLAGS, ...SOFTWARE_WEBGPU] });
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.mjs': 'text/javascript',
  '.css': 'text/css',
  '.wasm': 'application/wasm',
  '.svg': 'image/svg+xml',
};

/** A server of files: by prefix of the address the folder they are in, or a text. */
export async function serve(
  places: Readonly<Record<string, string | { text: string }>>,
  headers: Readonly<Record<string, string>> = {},
): Promise<{ address: string; close(): void }> {
  const server: Server = createServer((request, response) => {
    const path = new URL(request.url ?? '/', 'http://localhost').pathname;
    const prefix = Object.keys(places).find((each) => path.startsWith(each)) ?? '';
    const place = places[prefix];
    const respond = (body: string | Uint8Array): void => {
      response.writeHead(200, { 'Content-Type': TYPES[extname(path)] ?? 'text/html', ...headers }).end(body);
    };
    if (place === undefined) response.writeHead(404).end();
    else if (typeof place !== 'string') respond(place.text);
    else readFile(join(place, path.slice(prefix.length))).then(respond, () => response.writeHead(404).end());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { address: `http://localhost:${(server.address() as AddressInfo).port}`, close: () => server.close() };
}

/** Headers with which a page may share memory among threads. */
export const ISOLATED: Readonly<Record<string, string>> = {
  'Cross-Origin-Opener-Policy': 'same-origin',
  'Cross-Origin-Embedder-Policy': 'require-corp',
};

/** Runs a bundler of the project's by its command line. @returns what it says */
export async function bundle(name: 'esbuild' | 'vite', ...args: string[]): Promise<string> {
  const { stdout, stderr } = await promisify(execFile)(join('node_modules/.bin', name), args, { maxBuffer: 2 ** 26 });
  return stdout + stderr;
}
