/** Reading block files: rows go straight into typed arrays, and every byte is held against its checksum. */
import { type FileHandle, stat } from 'node:fs/promises';
import { crc32 } from 'node:zlib';
import { type Block, checkBlock, zeros } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { bytesPerEntry, dtypeOf } from '../core/dtype.ts';
import { ShapeError, StoreError } from '../core/errors.ts';
import { CONTROL, integer, text } from '../core/parse.ts';
import { trafficField } from './arguments.ts';
import { type Description, readDescription } from './attributes.ts';
import { checkHead, dataBytes, HEAD_BYTES } from './head.ts';
import { bytesOf, openFile, PIECE_BYTES, readFully, storeError, type Traffic } from './io.ts';
import type { Attributes } from './messages.ts';

const isShape = ({ rows, cols }: Description): boolean => Number.isSafeInteger(rows) && Number.isSafeInteger(cols);

/** An open block file. */
export class BlockFile implements Description {
  readonly path: string;
  readonly rows: number;
  readonly cols: number;
  readonly dtype: Description['dtype'];
  readonly attributes: Attributes;
  readonly checksum: number;
  readonly #handle: FileHandle;
  readonly #traffic: Traffic;
  /** The sum over rows 0..row as far as they were read in order. */
  #running = { row: 0, checksum: 0 };

  private constructor(path: string, description: Description, handle: FileHandle, traffic: Traffic) {
    const { rows, cols, dtype, attributes, checksum } = description;
    this.path = path;
    this.rows = rows;
    this.cols = cols;
    this.dtype = dtype;
    this.attributes = attributes;
    this.checksum = checksum;
    this.#handle = handle;
    this.#traffic = traffic;
  }

  /**
   * Opens a file: its length and everything but the numbers is checked now; the numbers are by {@link verify}, and
   * whenever all rows were read in order.
   * @throws StoreError naming the file when it is missing, truncated, damaged, or of another format or version.
   */
  static open(path: string, traffic?: Traffic): Promise<BlockFile> {
    return atDoor('BlockFile.open', async () =>
      BlockFile.#open(text.parse(path, 'path'), trafficField.parse(traffic, 'traffic')),
    );
  }

  static async #open(path: string, traffic: Traffic): Promise<BlockFile> {
    let handle: FileHandle | undefined;
    try {
      handle = await openFile(path);
      const { size, ino } = await handle.stat();
      const head = new Uint8Array(Math.min(size, HEAD_BYTES));
      await readFully(path, handle, head, 0, traffic);
      checkHead(path, head, size);
      const description = await readDescription(path);
      if (!isShape(description) || HEAD_BYTES + dataBytes(description) !== size) {
        throw new StoreError(`${path}: its ${size} bytes are not ${description.rows} x ${description.cols} numbers`, {
          path,
        });
      }
      if ((await stat(path)).ino === ino) return new BlockFile(path, description, handle, traffic);
      // another process has just put a new file in its place
      await handle.close();
      return await BlockFile.#open(path, traffic);
    } catch (cause) {
      await handle?.close();
      throw storeError(path, 'read', cause);
    }
  }

  /** @throws StoreError when rows read in order from the first to the last are not those that were written. */
  #check(start: number, count: number, bytes: Uint8Array): void {
    if (start === 0) this.#running = { row: 0, checksum: 0 };
    if (start !== this.#running.row) return;
    const checksum = crc32(bytes, this.#running.checksum);
    this.#running = { row: start + count, checksum };
    if (start + count === this.rows && checksum !== this.checksum) {
      throw new StoreError(`${this.path}: damaged: its numbers fail their checksum`, { path: this.path });
    }
  }

  /**
   * Rows `start..start + count`, into `into` where one is given.
   * @throws ArgumentError for rows that are not there, ShapeError for an `into` of another shape or type, StoreError naming the file.
   */
  readRows(start: number, count: number, into?: Block): Promise<Block> {
    return atDoor('BlockFile.readRows', async () => {
      integer(0, this.rows).parse(start, 'start');
      integer(0, this.rows - start).parse(count, 'count');
      if (into === undefined) return this.#read(start, count, zeros(count, this.cols, this.dtype));
      const place = checkBlock('into', into, count, this.cols);
      if (dtypeOf(place.data) !== this.dtype) throw new ShapeError(`into must be of ${this.dtype}, as the file is`);
      return this.#read(start, count, place);
    });
  }

  async #read(start: number, count: number, into: Block): Promise<Block> {
    const bytes = bytesOf(into.data);
    const position = HEAD_BYTES + start * this.cols * bytesPerEntry(this.dtype);
    try {
      await readFully(this.path, this.#handle, bytes, position, this.#traffic);
    } catch (cause) {
      throw storeError(this.path, 'read', cause);
    }
    this.#check(start, count, bytes);
    return into;
  }

  /** Reads all numbers and compares their checksum. @throws StoreError naming the file, the signal's reason when aborted. */
  verify(signal?: AbortSignal): Promise<void> {
    return atDoor('BlockFile.verify', async () => this.#verify(CONTROL.signal.parse(signal, 'signal')));
  }

  async #verify(signal: AbortSignal | undefined): Promise<void> {
    const step = Math.max(1, Math.floor((PIECE_BYTES * this.rows) / Math.max(1, dataBytes(this))));
    let piece: Block | undefined;
    for (let start = 0; start < this.rows; start += step) {
      signal?.throwIfAborted();
      const count = Math.min(step, this.rows - start);
      if (piece?.rows !== count) piece = zeros(count, this.cols, this.dtype);
      await this.#read(start, count, piece);
    }
  }

  async close(): Promise<void> {
    // closing twice does no harm
    if (this.#handle.fd >= 0) await this.#handle.close();
  }
}

/**
 * Checks a whole file.
 * @returns what it says about itself
 * @throws ArgumentError for what is no path or signal, StoreError naming the file when it is missing, truncated, damaged in any
 * bit, or of another format or version; the signal's reason when aborted.
 */
export function verifyBlockFile(path: string, signal?: AbortSignal): Promise<Description> {
  return atDoor('verifyBlockFile', async () => {
    const file = await BlockFile.open(path);
    try {
      await file.verify(signal);
      const { rows, cols, dtype, attributes, checksum } = file;
      return { rows, cols, dtype, attributes, checksum };
    } finally {
      await file.close();
    }
  });
}
