/**
 * Frames: what the two sides of a remote operator send each other over pipes. A frame is 16 bytes (the letters EIGS, the
 * length of its header as uint32, the length of its payload as uint64, both little-endian), a header of JSON in UTF-8,
 * a payload: the numbers of a block, row-major and little-endian, and a newline: what passes on whole lines (srun) then passes
 * on whole frames.
 */
import { Buffer } from 'node:buffer';

export interface FrameHeader {
  type: string;
  [name: string]: unknown;
}

export interface Frame {
  header: FrameHeader;
  payload: Uint8Array;
}

const MAGIC = 'EIGS';
const PREFIX = 16;
/** Headers are short: what is longer was not written by a program that speaks the protocol. */
const MOST_HEADER_BYTES = 2 ** 20;

/** Bytes that are no frame. `beginning` shows what came instead. */
export class FrameError extends Error {
  readonly beginning: string;

  constructor(message: string, beginning: Uint8Array = new Uint8Array()) {
    super(message);
    this.beginning = Buffer.from(beginning.subarray(0, 80)).toString('latin1');
  }
}

/** The bytes of a typed array, without a copy. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** What follows the payload of a frame. */
export const FRAME_END: Uint8Array = Uint8Array.of(10);

/** What precedes the payload of a frame. */
export function encodeHead(header: FrameHeader, payloadBytes: number): Uint8Array {
  const text = Buffer.from(JSON.stringify(header), 'utf8');
  const head = Buffer.alloc(PREFIX + text.length);
  head.write(MAGIC, 0, 'latin1');
  head.writeUInt32LE(text.length, 4);
  head.writeBigUInt64LE(BigInt(payloadBytes), 8);
  text.copy(head, PREFIX);
  return head;
}

/** Puts frames together from a stream of bytes, payloads where `place` says. */
export class FrameReader {
  readonly #place: (header: FrameHeader, bytes: number) => Uint8Array;
  readonly #onFrame: (frame: Frame) => void;
  /** Of a prefix or header that has not arrived as a whole. */
  #pieces: Uint8Array[] = [];
  #collected = 0;
  #headerBytes = -1;
  #payloadBytes = 0;
  #frame: Frame | undefined;
  #filled = 0;
  #isEndDue = false;

  /** `place` returns the memory for a payload of so many bytes; it may throw a FrameError for one that nobody expects. */
  constructor(place: (header: FrameHeader, bytes: number) => Uint8Array, onFrame: (frame: Frame) => void) {
    this.#place = place;
    this.#onFrame = onFrame;
  }

  /** Takes the next bytes. @throws FrameError when they cannot be part of a frame. */
  push(chunk: Uint8Array): void {
    let at = 0;
    while (at < chunk.length) {
      if (this.#isEndDue) {
        this.#finishFrame(chunk[at++]!);
        continue;
      }
      if (this.#frame) {
        const part = chunk.subarray(at, at + this.#frame.payload.length - this.#filled);
        this.#frame.payload.set(part, this.#filled);
        this.#filled += part.length;
        at += part.length;
        this.#isEndDue = this.#filled === this.#frame.payload.length;
        continue;
      }
      const wanted = this.#headerBytes < 0 ? PREFIX : this.#headerBytes;
      const part = chunk.subarray(at, at + wanted - this.#collected);
      this.#pieces.push(part.slice());
      this.#collected += part.length;
      at += part.length;
      // text in place of a frame may be shorter than a prefix, and no more may come
      if (this.#headerBytes < 0) this.#checkMagic();
      if (this.#collected === wanted) this.#finishHead();
    }
  }

  #checkMagic(): void {
    const beginning = Buffer.concat(this.#pieces);
    if (!MAGIC.startsWith(beginning.toString('latin1', 0, Math.min(4, beginning.length)))) {
      throw new FrameError('what it writes to its standard output is no frame', beginning);
    }
  }

  #finishHead(): void {
    const bytes = Buffer.concat(this.#pieces);
    this.#pieces = [];
    this.#collected = 0;
    if (this.#headerBytes < 0) {
      this.#headerBytes = bytes.readUInt32LE(4);
      this.#payloadBytes = Number(bytes.readBigUInt64LE(8));
      if (this.#headerBytes < 2 || this.#headerBytes > MOST_HEADER_BYTES) {
        throw new FrameError(`a frame announces a header of ${this.#headerBytes} bytes`);
      }
      return;
    }
    this.#headerBytes = -1;
    const header = parseHeader(bytes);
    const payload = this.#payloadBytes === 0 ? new Uint8Array() : this.#place(header, this.#payloadBytes);
    this.#filled = 0;
    this.#frame = { header, payload };
    this.#isEndDue = payload.length === 0;
  }

  #finishFrame(end: number): void {
    if (end !== FRAME_END[0]) throw new FrameError('a frame has another length than it announced');
    const frame = this.#frame!;
    this.#frame = undefined;
    this.#isEndDue = false;
    this.#onFrame(frame);
  }
}

function parseHeader(bytes: Buffer): FrameHeader {
  let header: unknown;
  try {
    header = JSON.parse(bytes.toString('utf8'));
  } catch {
    throw new FrameError('the header of a frame is no JSON', bytes);
  }
  if (header === null || typeof header !== 'object' || typeof (header as FrameHeader).type !== 'string') {
    throw new FrameError('the header of a frame has no type', bytes);
  }
  return header as FrameHeader;
}
