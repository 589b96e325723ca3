/** The program behind an operator: started when it is needed, and again when it has ended. */
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { betweenCalls } from '../linalg/kernels/native.ts';
import { Connection } from './connection.ts';
import type { ParsedRemoteOptions } from './options.ts';
import type { Description } from './protocol.ts';

export class Program {
  readonly #options: ParsedRemoteOptions;
  #connection: Connection | undefined;
  #starting: Promise<void> | undefined;
  #description: Promise<Description> | undefined;
  #first: Description | undefined;
  #isClosed = false;

  constructor(options: ParsedRemoteOptions) {
    this.#options = options;
    options.signal?.addEventListener('abort', this.#onAbort);
  }

  readonly #onAbort = (): void => {
    void this.#connection?.fail(this.#options.signal?.reason);
  };

  get pid(): number | undefined {
    return this.#connection?.isOpen ? this.#connection.pid : undefined;
  }

  /** A connection whose program has said what it serves. */
  async connect(): Promise<{ connection: Connection; description: Description }> {
    this.#options.signal?.throwIfAborted();
    if (this.#isClosed) throw new ArgumentError('the operator was closed');
    if (!this.#connection?.isOpen) await this.#start();
    const connection = this.#connection!;
    try {
      const description = await this.#description!;
      this.#first ??= description;
      const [now, before] = [description, this.#first].map(({ shape, dtype }) => `${shape.join(' x ')} ${dtype}`);
      if (now === before) return { connection, description };
      throw new ShapeError(`the program now serves ${now}, before it served ${before}`);
    } catch (error) {
      await connection.fail(error);
      throw error;
    }
  }

  /** Once for all who wait for it. */
  #start(): Promise<void> {
    this.#starting ??= betweenCalls(() => {
      // who closed or aborted meanwhile gets no program
      this.#options.signal?.throwIfAborted();
      if (this.#isClosed) throw new ArgumentError('the operator was closed');
      this.#connection = new Connection(this.#options);
      this.#description = this.#connection.describe();
    }).finally(() => {
      this.#starting = undefined;
    });
    return this.#starting;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#options.signal?.removeEventListener('abort', this.#onAbort);
    await this.#connection?.close();
  }
}
