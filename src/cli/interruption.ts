/** Ctrl-C and SIGTERM, listened to from the first moment: this file loads nothing. */

const CODES = { SIGINT: 130, SIGTERM: 143 } as const;

/** Why a command was stopped. */
export class Interrupted extends Error {
  /** 128 and the number of the signal, as shells have it. */
  readonly exitCode: number;

  constructor(signal: keyof typeof CODES) {
    super(`interrupted by ${signal}`);
    this.name = 'Interrupted';
    this.exitCode = CODES[signal];
  }
}

/** Signals as a command sees them. */
export interface Interruption {
  /** Aborted, with an {@link Interrupted}, by the first signal; the second one ends the process. */
  signal: AbortSignal;
  /** Leaves signals to the system again. */
  ignore(): void;
}

/** Begins to listen. What the first signal waits for is said at once. */
export function listen(): Interruption {
  const controller = new AbortController();
  const names = Object.keys(CODES) as (keyof typeof CODES)[];
  const ignore = (): void => {
    for (const name of names) process.off(name, interrupt);
  };
  const interrupt = (name: keyof typeof CODES): void => {
    ignore();
    const reason = new Interrupted(name);
    console.error(`\n${reason.message}: waiting for the products under way; a second signal stops at once`);
    controller.abort(reason);
  };
  for (const name of names) process.on(name, interrupt);
  return { signal: controller.signal, ignore };
}
