/** A conversation with a program that serves an operator: requests in order, answers in the same order. */
import { DeviceError, UnsupportedError } from '../core/errors.ts';
import type { Progress } from '../core/schedule.ts';
import { Child, type ChildOptions } from './child.ts';
import { encodeHead, FRAME_END, type Frame, FrameError, type FrameHeader, FrameReader } from './frames.ts';
import { type Description, errorOf, PROTOCOL_VERSION, parseDescription } from './protocol.ts';
import { canShare, type SharedName } from './shared-memory.ts';
import { after, type Slot, Slots } from './slots.ts';

export interface ConnectionOptions extends ChildOptions {
  /** Milliseconds without a word from the program, while one is waited for, after which it is given up. */
  timeout?: number | undefined;
  /** Hears how far the program says it is. */
  onProgress?: ((progress: Progress) => unknown) | undefined;
}

/** A request, and what is to be done with what comes back. */
export interface Request {
  header: FrameHeader;
  payload?: Uint8Array;
  /** Bytes of the only answer, which may come in shared memory; by default answers come through the pipe. */
  answerBytes?: number;
  /** Where the answer is wanted. */
  out?: Uint8Array | undefined;
  /** For messages: 'a product of 64 columns'. */
  what: string;
  /** Memory for the payload of an answer. */
  place(header: FrameHeader, bytes: number): Uint8Array;
  /** The answer, or one of several before it: true for the last. */
  take(frame: Frame): boolean;
}

/** Memory whose beginning is for payloads. */
interface Loan {
  buffer: ArrayBuffer;
  /** The first byte for answers. */
  answerAt: number;
  giveBack(): void;
}

interface Pending extends Request {
  /** Where its payload is, and its answer may be. */
  slot: Slot | undefined;
  resolve(): void;
  reject(error: unknown): void;
}

/** Where in a slot the answer is: where it is wanted, or after the payload. */
const answerAt = ({ payload, out }: Request, { bytes }: Slot): number =>
  out?.buffer === bytes.buffer ? out.byteOffset : after(payload!.length);

const copyUnlessThere = (from: Uint8Array, to: Uint8Array): void => {
  if (from.buffer !== to.buffer) to.set(from);
};

export class Connection {
  readonly #options: ConnectionOptions;
  readonly #child: Child;
  readonly #pending: Pending[] = [];
  #timer: NodeJS.Timeout | undefined;
  #failure: { error: unknown } | undefined;
  /** Where both sides can share memory. */
  #slots: Slots | undefined;

  constructor(options: ConnectionOptions) {
    this.#options = options;
    this.#child = new Child(options);
    const reader = new FrameReader(
      (header, bytes) => {
        const first = this.#pending[0];
        if (!first) throw new FrameError(`it sends ${bytes} bytes that nobody asked for`);
        return first.place(header, bytes);
      },
      (frame) => this.#take(frame),
    );
    this.#child.stdout.on('data', (chunk: Uint8Array) => {
      if (this.#failure) return;
      this.#rearm();
      try {
        reader.push(chunk);
      } catch (error) {
        this.#misunderstood(error);
      }
    });
    this.#child.ended.then(
      (how) => this.#ended(how),
      () => {},
    );
  }

  get isOpen(): boolean {
    return this.#failure === undefined;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /**
   * What the program serves.
   * @throws UnsupportedError for a program that cannot be started or speaks otherwise; what an error frame tells of.
   */
  async describe(): Promise<Description> {
    let answer: FrameHeader | undefined;
    await this.request({
      header: { type: 'hello', role: 'client', protocol: PROTOCOL_VERSION },
      what: 'the handshake',
      place: () => {
        throw new FrameError('its handshake carries numbers');
      },
      take: ({ header }) => {
        answer = header;
        return true;
      },
    });
    try {
      const description = parseDescription(answer!);
      if (description.sharesMemory && (await canShare()))
        this.#slots = new Slots((id, where) => this.#announce(id, where));
      return description;
    } catch (error) {
      await this.fail(error);
      throw error;
    }
  }

  async #announce(slot: number, where: SharedName): Promise<boolean> {
    let isMapped = false;
    await this.#send({
      header: { type: 'memory', slot, ...where },
      what: 'the offer of shared memory',
      place: () => {
        throw new FrameError('it answers an offer of memory with numbers');
      },
      take: ({ header }) => {
        isMapped = header.mapped === true;
        return true;
      },
    });
    return isMapped;
  }

  /** Sends a request and waits for its last answer. The payload must stay as it is until then. */
  async request(request: Request): Promise<void> {
    const { payload, answerBytes = 0 } = request;
    const slot = payload && (await this.#slots?.take(payload, answerBytes));
    try {
      await this.#send(request, slot);
    } finally {
      if (slot) this.#slots?.give(slot);
    }
  }

  /** Memory for a payload and an answer of at most so many bytes, which then go without a copy. */
  async lend(payloadBytes: number, answerBytes: number): Promise<Loan | undefined> {
    const slots = this.#slots;
    const answerAt = after(payloadBytes);
    const slot = await slots?.lend(answerAt + answerBytes);
    return slot && { buffer: slot.bytes.buffer, answerAt, giveBack: () => slots!.endLoan(slot) };
  }

  #send(request: Request, slot?: Slot): Promise<void> {
    if (this.#failure) return Promise.reject(this.#failure.error);
    return new Promise((resolve, reject) => {
      this.#pending.push({ ...request, slot, resolve, reject });
      if (this.#pending.length === 1) {
        this.#child.waitFor(true);
        this.#rearm();
      }
      const { header, payload = new Uint8Array(), answerBytes } = request;
      if (!slot) return this.#write(header, payload);
      copyUnlessThere(payload, slot.bytes);
      const answer = answerBytes === undefined ? {} : { answer: answerAt(request, slot) };
      this.#write({ ...header, memory: { slot: slot.id, bytes: payload.length, ...answer } });
    });
  }

  #write(header: FrameHeader, payload: Uint8Array = new Uint8Array()): void {
    const { stdin } = this.#child;
    stdin.cork();
    for (const part of [encodeHead(header, payload.length), payload, FRAME_END]) if (part.length) stdin.write(part);
    stdin.uncork();
  }

  /** Rejects what is waited for with this error and ends the program. */
  async fail(error: unknown): Promise<void> {
    this.#stop(error);
    await this.#child.end(true);
  }

  /** Ends the program; what is still waited for is rejected. */
  async close(): Promise<void> {
    this.#stop(new DeviceError('the operator was closed', { reason: 'closed' }));
    await this.#child.end();
  }

  #stop(error: unknown): void {
    if (this.#failure) return;
    this.#failure = { error };
    clearTimeout(this.#timer);
    for (const pending of this.#pending.splice(0)) pending.reject(error);
    this.#slots = undefined;
    this.#child.waitFor(false);
  }

  #take(frame: Frame): void {
    const { header } = frame;
    if (header.type === 'progress') {
      void this.#report({ stage: 'product', done: Number(header.done), total: Number(header.total) });
      return;
    }
    const first = this.#pending[0];
    if (!first) throw new FrameError(`it sends '${header.type}' though nothing was asked`);
    if (header.type === 'error') this.#settle(errorOf(header));
    else if (first.take(header.memory === undefined ? frame : { header, payload: this.#copied(header, first) }))
      this.#settle();
  }

  /** What an answer left in shared memory, at its place. */
  #copied(header: FrameHeader, request: Pending): Uint8Array {
    const { slot, answerBytes } = request;
    if (!slot || header.memory !== answerBytes) throw new FrameError('it answers in memory that it was not given');
    const payload = request.place(header, answerBytes!);
    const at = answerAt(request, slot);
    copyUnlessThere(slot.bytes.subarray(at, at + payload.length), payload);
    return payload;
  }

  /** A callback that throws, or whose promise rejects, ends what is under way with its error. */
  async #report(progress: Progress): Promise<void> {
    try {
      await this.#options.onProgress?.(progress);
    } catch (error) {
      await this.fail(error);
    }
  }

  #settle(error?: Error): void {
    const first = this.#pending.shift()!;
    if (error) first.reject(error);
    else first.resolve();
    if (this.#pending.length > 0) return;
    clearTimeout(this.#timer);
    this.#child.waitFor(false);
  }

  #rearm(): void {
    const { timeout } = this.#options;
    if (timeout === undefined || this.#pending.length === 0) return;
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      const message = `no word from the program for ${timeout} ms during ${this.#pending[0]?.what}`;
      const hint = 'raise timeout, or report progress from the product';
      void this.fail(new DeviceError(`${message}${this.#child.saying} (${hint})`, { reason: 'timeout', timeout }));
    }, timeout);
  }

  #misunderstood(error: unknown): void {
    const known = error instanceof FrameError ? error : undefined;
    const shown = known?.beginning ? ` (it begins with ${JSON.stringify(known.beginning)})` : '';
    const message = `the program does not speak the protocol: ${known?.message ?? String(error)}${shown}`;
    void this.fail(new UnsupportedError(message + this.#child.saying, {}, { cause: error }));
  }

  #ended(how: Error | string): void {
    const { command } = this.#options;
    if (typeof how !== 'string') {
      const isMissing = (how as NodeJS.ErrnoException).code === 'ENOENT';
      const reason = isMissing
        ? `there is no program '${command[0]}'`
        : `'${command[0]}' cannot be started: ${how.message}`;
      this.#stop(new UnsupportedError(reason, { command }, { cause: how }));
      return;
    }
    const first = this.#pending[0];
    const during = first ? `during ${first.what}` : 'between products';
    const message = `the program (process ${this.pid}) ${how} ${during}`;
    this.#stop(new DeviceError(message + this.#child.saying, { reason: 'ended', how }));
  }
}
