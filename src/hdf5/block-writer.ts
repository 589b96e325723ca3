/** Writing a block file: beside its name, flushed, then renamed, so that it is there whole or not there. */
import { rename, unlink } from 'node:fs/promises';
import { endianness } from 'node:os';
import { resolve } from 'node:path';
import { crc32 } from 'node:zlib';
import { type Block, checkBlock } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { bytesPerEntry, dtypeOf, isFloatArray } from '../core/dtype.ts';
import { ShapeError, UnsupportedError } from '../core/errors.ts';
import { refuse, text } from '../core/parse.ts';
import { attributesField, shapeField, trafficField } from './arguments.ts';
import { type BlockShape, encodeHead, HEAD_BYTES } from './head.ts';
import { bytesOf, PIECE_BYTES, storeError, syncDirectory, type Traffic, writeFully } from './io.ts';
import type { Attributes } from './messages.ts';
import { createTemporary, type Temporary } from './temporary.ts';

/** A block file under way. Rows come in order; then `commit` or `abort`. */
export class BlockWriter {
  readonly path: string;
  readonly shape: BlockShape;
  readonly #temporary: Temporary;
  readonly #traffic: Traffic;
  #rows = 0;
  #checksum = 0;

  private constructor(path: string, shape: BlockShape, temporary: Temporary, traffic: Traffic) {
    this.path = path;
    this.shape = shape;
    this.#temporary = temporary;
    this.#traffic = traffic;
  }

  /** @throws ArgumentError for what is no path or shape, StoreError when the file cannot be made. */
  static create(path: string, shape: BlockShape, traffic?: Traffic): Promise<BlockWriter> {
    return atDoor('BlockWriter.create', async () =>
      BlockWriter.#create(
        text.parse(path, 'path'),
        shapeField.parse(shape, 'shape'),
        trafficField.parse(traffic, 'traffic'),
      ),
    );
  }

  static async #create(path: string, shape: BlockShape, traffic: Traffic): Promise<BlockWriter> {
    if (endianness() !== 'LE') throw new UnsupportedError('block files are written on little-endian machines only');
    // the working directory may change before the file gets its name
    const absolute = resolve(path);
    try {
      return new BlockWriter(absolute, shape, await createTemporary(absolute), traffic);
    } catch (cause) {
      throw storeError(path, 'write', cause);
    }
  }

  /**
   * Writes the next rows. On an error nothing is left but to `abort`.
   * @throws ArgumentError for what is no block, ShapeError for one that does not fit, StoreError when it cannot be written.
   */
  append(panel: Block): Promise<void> {
    return atDoor('BlockWriter.append', async () => this.#append(panel));
  }

  async #append(panel: Block): Promise<void> {
    const { rows, cols, dtype } = this.shape;
    checkBlock(this.path, panel, (panel as Block | null)?.rows, cols);
    if (this.#rows + panel.rows > rows || dtypeOf(panel.data) !== dtype) {
      throw new ShapeError(
        `${this.path}: ${panel.rows} rows of ${dtypeOf(panel.data)} after ${this.#rows} of ${rows} x ${cols} ${dtype}`,
      );
    }
    const bytes = bytesOf(panel.data);
    const position = HEAD_BYTES + this.#rows * cols * bytesPerEntry(dtype);
    try {
      for (let at = 0; at < bytes.length; at += PIECE_BYTES) {
        const piece = bytes.subarray(at, at + PIECE_BYTES);
        const writing = writeFully(this.#temporary.handle, piece, position + at, this.#traffic);
        this.#checksum = crc32(piece, this.#checksum);
        await writing;
      }
    } catch (cause) {
      throw storeError(this.path, 'write', cause);
    }
    this.#rows += panel.rows;
  }

  /**
   * Makes the file appear under its name, replacing one that is there; lasts through a power cut from then on.
   * @throws ArgumentError for attributes that do not fit, ShapeError when rows are missing, StoreError when it cannot be written.
   */
  commit(attributes: Attributes): Promise<void> {
    return atDoor('BlockWriter.commit', async () => this.#commit(attributesField.parse(attributes, 'attributes')));
  }

  async #commit(attributes: Attributes): Promise<void> {
    if (this.#rows !== this.shape.rows) {
      throw new ShapeError(`${this.path}: ${this.#rows} of ${this.shape.rows} rows were written`);
    }
    const head = encodeHead(this.shape, attributes, this.#checksum);
    try {
      await writeFully(this.#temporary.handle, head, 0, this.#traffic);
      await this.#temporary.handle.sync();
      // locked until it has its name
      await rename(this.#temporary.path, this.path);
      await this.#temporary.handle.close();
      await syncDirectory(this.path);
    } catch (cause) {
      throw storeError(this.path, 'write', cause);
    }
  }

  /** Leaves nothing behind. */
  async abort(): Promise<void> {
    await this.#temporary.handle.close().catch(() => undefined);
    await unlink(this.#temporary.path).catch(() => undefined);
  }
}

/** Row panels of a matrix, in order. */
export interface PanelSource extends BlockShape {
  /** The columns, some rows at a time from the first row on. */
  panels: AsyncIterable<Block> | Iterable<Block>;
}

function asPanels(source: Block | PanelSource): PanelSource {
  if (source === null || typeof source !== 'object' || !('panels' in source || isFloatArray(source.data))) {
    return refuse('source', 'a Block, or { rows, cols, dtype, panels }', source);
  }
  return 'panels' in source ? source : { ...source, dtype: dtypeOf(source.data), panels: [source] };
}

/**
 * Writes an n x b block, at once or panel by panel, to an HDF5 file with one dataset `block` that has `attributes`.
 *
 * At no moment is there an incomplete file under the name `path`: a kill, a full disk or a power cut leaves the former
 * file or none, and at most a temporary one that {@link removeTemporaries} takes away.
 *
 * @throws StoreError naming the file when the disk is full or not writable, ShapeError for panels that do not add up,
 * ArgumentError for what is no block and for attributes beyond 16 KB.
 */
export function writeBlockFile(
  path: string,
  source: Block | PanelSource,
  attributes: Attributes,
  traffic?: Traffic,
): Promise<void> {
  return atDoor('writeBlockFile', async () => {
    const panels = asPanels(source);
    return writePanels(path, panels, attributesField.parse(attributes, 'attributes'), traffic);
  });
}

async function writePanels(
  path: string,
  { panels, ...shape }: PanelSource,
  attributes: Attributes,
  traffic?: Traffic,
): Promise<void> {
  const isIterable = [Symbol.iterator, Symbol.asyncIterator].some((each) => each in Object(panels));
  if (!isIterable) refuse('panels', 'an iterable of blocks', panels);
  const writer = await BlockWriter.create(path, { rows: shape.rows, cols: shape.cols, dtype: shape.dtype }, traffic);
  try {
    for await (const panel of panels) await writer.append(panel);
    await writer.commit(attributes);
  } catch (error) {
    await writer.abort();
    throw error;
  }
}
