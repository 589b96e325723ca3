/** Times of change that say that this process lives, from a thread of its own: products may keep the main one busy for hours. */
import type { FileHandle } from 'node:fs/promises';
import { Worker } from 'node:worker_threads';

const BEATING = `
const { parentPort } = require('node:worker_threads');
const { futimesSync } = require('node:fs');
const timers = new Map();
parentPort.on('message', ({ fd, beat }) => {
  if (beat === undefined) {
    clearInterval(timers.get(fd));
    timers.delete(fd);
    parentPort.postMessage(fd);
    return;
  }
  timers.set(fd, setInterval(() => {
    const now = new Date();
    try { futimesSync(fd, now, now); } catch {}
  }, beat));
});`;

/** A thread that nobody needs any more is kept for so many milliseconds: searches in a row share it. */
const KEPT_MS = 1000;

let heart: Worker | undefined;
let files = 0;
let waiting = 0;
let idle: NodeJS.Timeout | undefined;

function thread(): Worker {
  clearTimeout(idle);
  if (heart) return heart;
  const resourceLimits = { maxYoungGenerationSizeMb: 2, maxOldGenerationSizeMb: 16 };
  const started = new Worker(BEATING, { eval: true, execArgv: [], resourceLimits });
  started.setMaxListeners(0);
  started.on('error', () => undefined);
  started.on('exit', () => {
    if (heart === started) heart = undefined;
  });
  started.unref();
  heart = started;
  return started;
}

/**
 * Sets the time of change of an open file every `beat` milliseconds.
 * @returns stops it; to be waited for before the file is closed, whose number another one may then have
 */
export function startHeart({ fd }: FileHandle, beat: number): () => Promise<void> {
  const worker = thread();
  files++;
  worker.postMessage({ fd, beat });
  return async () => {
    // an answer is waited for even where nothing else keeps the process
    waiting++;
    worker.ref();
    await new Promise<void>((resolve) => {
      const done = (): void => {
        worker.off('message', heard);
        worker.off('exit', done);
        resolve();
      };
      const heard = (answer: number): void => {
        if (answer === fd) done();
      };
      worker.on('message', heard);
      worker.on('exit', done);
      worker.postMessage({ fd });
    });
    waiting--;
    if (waiting === 0) worker.unref();
    files--;
    if (files > 0) return;
    idle = setTimeout(() => {
      if (files === 0) void worker.terminate();
    }, KEPT_MS);
    idle.unref();
  };
}
