/** Node, and what is like it: Bun, Deno. */
import { readFile, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { availableParallelism, cpus } from 'node:os';
import { resolve } from 'node:path';
import process from 'node:process';
import { setImmediate } from 'node:timers/promises';
import type { Host } from './host.ts';

const require = createRequire(import.meta.url);

export const host: Host = {
  isPage: false,
  nextTask: () => setImmediate(),
  setting: (name) => process.env[name],
  warn: (message) => process.emitWarning(message, { type: 'EigensketchWarning' }),
  threads: () => availableParallelism(),
  absolutePath: (path) => resolve(path),
  isDirectory: (path) =>
    stat(path).then(
      (found) => found.isDirectory(),
      () => false,
    ),
  readBytes: (path) => readFile(path),
  importPackage: (name) => import(name),
  versionOf(name) {
    try {
      return (require(`${name}/package.json`) as { version: string }).version;
    } catch {
      return undefined;
    }
  },
  runtime: () => ({ node: process.version }),
  machine: () => `${process.platform} ${process.arch}, ${cpus()[0]?.model.trim() ?? 'unknown processor'}`,
};
