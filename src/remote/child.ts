/** A program that runs beside us: its pipes, the end of what it wrote to standard error, and how it ended. */
import { type ChildProcess, spawn } from 'node:child_process';
import { statSync } from 'node:fs';
import type { Socket } from 'node:net';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { StoreError } from '../core/errors.ts';

export interface ChildOptions {
  command: readonly string[];
  cwd?: string | undefined;
  env?: Readonly<Record<string, string>> | undefined;
  /** Hears what it writes to standard error. */
  onOutput?: ((text: string) => void) | undefined;
}

/** Characters of its standard error that are kept for messages. */
const KEPT = 4000;
/** What a program has, once its standard input is closed and again once it is asked to end, before it is made to. */
const GRACE_MS = 2000;
/** Time for the rest of what it wrote to arrive after its end. */
const REST_MS = 300;

/** It keeps this process alive only while somebody waits for it, and it sees the end of its standard input when we end. */
export class Child {
  readonly #process: ChildProcess;
  readonly stdin: Socket;
  readonly stdout: Socket;
  /** Settles with the error of a program that could not be started, or how it ended, in words. */
  readonly ended: Promise<Error | string>;
  #stderr = '';

  /** @throws StoreError when there is no directory `cwd`. */
  constructor({ command, cwd, env, onOutput }: ChildOptions) {
    if (cwd !== undefined && !statSync(cwd, { throwIfNoEntry: false })?.isDirectory()) {
      throw new StoreError(`there is no directory ${cwd} to start the program in`, { cwd });
    }
    const [file, ...args] = command as [string, ...string[]];
    const child = spawn(file, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: 'pipe',
      // a group of its own: Ctrl-C in a terminal is for us, and what the program starts can be ended with it
      detached: process.platform !== 'win32',
    });
    this.#process = child;
    this.stdin = child.stdin as Socket;
    this.stdout = child.stdout as Socket;
    // that the program has gone is heard from its end
    this.stdin.on('error', () => {});
    this.stdout.on('error', () => {});
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      this.#stderr = (this.#stderr + text).slice(-KEPT);
      onOutput?.(text);
    });
    const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
    this.ended = new Promise((resolve) => {
      child.once('error', resolve);
      child.once('exit', (code, signal) => {
        const how = signal ? `was ended by ${signal}` : `ended with exit code ${code}`;
        // a program that it started may hold the pipes open
        Promise.race([closed, after(REST_MS)]).then(() => resolve(how), resolve);
      });
    });
    this.waitFor(false);
  }

  get pid(): number | undefined {
    return this.#process.pid;
  }

  /** The end of its standard error, as the end of a message. */
  get saying(): string {
    const text = this.#stderr.trim();
    return text === '' ? '; it wrote nothing to standard error' : `; its standard error ends with:\n${text}`;
  }

  /** Whether this process stays alive for it. */
  waitFor(isAwaited: boolean): void {
    const verb = isAwaited ? 'ref' : 'unref';
    this.#process[verb]();
    for (const stream of [this.stdin, this.stdout, this.#process.stderr as Socket]) stream[verb]?.();
  }

  #signal(signal: 'SIGTERM' | 'SIGKILL'): void {
    const { pid } = this.#process;
    if (pid === undefined) return;
    try {
      process.kill(process.platform === 'win32' ? pid : -pid, signal);
    } catch {
      // it has ended
    }
  }

  /** Ends it: closes its standard input, unless `now` asks it to end, and makes it end when it does not. */
  async end(now = false): Promise<void> {
    this.waitFor(true);
    this.stdin.destroy();
    const hasEnded = async (): Promise<boolean> => {
      const controller = new AbortController();
      const waiting = after(GRACE_MS, false, { signal: controller.signal }).catch(() => false);
      const result = await Promise.race([this.ended.then(() => true), waiting]);
      controller.abort();
      return result;
    };
    if (!now && (await hasEnded())) return;
    this.#signal('SIGTERM');
    if (await hasEnded()) return;
    this.#signal('SIGKILL');
    await hasEnded();
  }
}
