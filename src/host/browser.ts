/** A page of a browser, or a Web Worker of one. */
import type { Host } from './host.ts';

/** The parts of a page that are used here and that Node's types do not have. */
interface Page {
  readonly crossOriginIsolated?: boolean;
  readonly navigator?: {
    readonly hardwareConcurrency?: number;
    readonly platform?: string;
    readonly userAgent?: string;
  };
  readonly location?: { readonly href: string };
  readonly document?: { readonly baseURI: string };
}

/** Node's types know the class without its handlers. */
interface Channel {
  readonly port1: { onmessage: (() => void) | null };
  readonly port2: { postMessage(message: unknown): void };
}

const page = globalThis as unknown as Page;

/** Against the page, which a worker made of text has no address of. */
function absolute(path: string): string {
  const base = page.document?.baseURI ?? page.location?.href;
  return base === undefined ? path : new URL(path, base).href;
}

const turns: (() => void)[] = [];
let channel: Channel | undefined;

/** A message to oneself: timers of pages wait for at least 4 ms, and for a second where nobody sees the page. */
function nextTask(): Promise<void> {
  if (channel === undefined) {
    channel = new MessageChannel() as unknown as Channel;
    channel.port1.onmessage = () => turns.shift()?.();
  }
  const { port2 } = channel;
  return new Promise((resolve) => {
    turns.push(resolve);
    port2.postMessage(undefined);
  });
}

/** The names by which browsers tell themselves from those whose names they also carry. */
const BROWSERS = [/(?:Edg|OPR)\/\d+/, /Firefox\/\d+/, /(?:Headless)?Chrome\/\d+/, /Version\/\d+.* Safari/];

function browserName(agent: string): string {
  for (const pattern of BROWSERS) {
    const found = pattern.exec(agent);
    if (found) return found[0].replace(/^Version\/(\d+).*$/, 'Safari $1').replace('/', ' ');
  }
  return agent || 'unknown browser';
}

export const host: Host = {
  isPage: true,
  nextTask,
  setting: () => undefined,
  warn: (message) => console.warn(`EigensketchWarning: ${message}`),
  threads: () => (page.crossOriginIsolated ? (page.navigator?.hardwareConcurrency ?? 1) : 0),
  absolutePath: (path) => path,
  async readBytes(path) {
    const response = await fetch(absolute(path));
    if (!response.ok) throw new Error(`the server answers ${response.status} ${response.statusText}`.trim());
    return new Uint8Array(await response.arrayBuffer());
  },
  importPackage: (name) => Promise.reject(new Error(`a page cannot look for ${name}`)),
  versionOf: () => undefined,
  runtime: () => ({ browser: browserName(page.navigator?.userAgent ?? '') }),
  machine: () =>
    `${page.navigator?.platform || 'unknown system'}, ${page.navigator?.hardwareConcurrency ?? '?'} threads`,
};
