/** A temporary file of column blocks: without a name where the system allows that, so that nothing of it outlives us. */
import { type FileHandle, unlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Block, zeros } from '../core/block.ts';
import { bytesPerEntry } from '../core/dtype.ts';
import { type BlockShape, dataBytes } from './head.ts';
import { bytesOf, readFully, storeError, type Traffic, writeFully } from './io.ts';
import { createTemporary } from './temporary.ts';

/** Column blocks of like height side by side in one file, each row-major. */
export class ScratchFile {
  readonly #path: string;
  readonly #handle: FileHandle;
  readonly #traffic: Traffic;
  readonly #isNameless: boolean;
  #isClosed = false;

  private constructor(path: string, handle: FileHandle, traffic: Traffic, isNameless: boolean) {
    this.#path = path;
    this.#handle = handle;
    this.#traffic = traffic;
    this.#isNameless = isNameless;
  }

  /** A file of `bytes` zeros, which take no space until they are overwritten. @throws StoreError */
  static async create(directory: string, bytes: number, traffic: Traffic): Promise<ScratchFile> {
    try {
      const { path, handle } = await createTemporary(join(directory, 'scratch'));
      // Windows does not free the name of an open file
      const isNameless = await unlink(path).then(
        () => true,
        () => false,
      );
      await handle.truncate(bytes);
      return new ScratchFile(path, handle, traffic, isNameless);
    } catch (cause) {
      throw storeError(directory, 'write', cause);
    }
  }

  /** The block of `shape` that begins at byte `offset`. */
  block(shape: BlockShape, offset: number): ScratchBlock {
    const rowBytes = shape.cols * bytesPerEntry(shape.dtype);
    return {
      ...shape,
      bytes: dataBytes(shape),
      readRows: async (start, count, into = zeros(count, shape.cols, shape.dtype)) => {
        try {
          await readFully(this.#path, this.#handle, bytesOf(into.data), offset + start * rowBytes, this.#traffic);
        } catch (cause) {
          throw storeError(this.#path, 'read', cause);
        }
        return into;
      },
      writeRows: async (start, panel) => {
        try {
          await writeFully(this.#handle, bytesOf(panel.data), offset + start * rowBytes, this.#traffic);
        } catch (cause) {
          throw storeError(this.#path, 'write', cause);
        }
      },
    };
  }

  async close(): Promise<void> {
    if (this.#isClosed) return;
    this.#isClosed = true;
    await this.#handle.close();
    if (!this.#isNameless) await unlink(this.#path).catch(() => undefined);
  }
}

/** Some columns of a multivector that are kept together. */
export interface ColumnBlock extends BlockShape {
  /** Rows `start..start + count`, into `into` where it is given. */
  readRows(start: number, count: number, into?: Block): Promise<Block>;
  /** Replaces rows; absent where they are only read. `panel` is of the block's type. */
  writeRows?(start: number, panel: Block): Promise<void>;
}

type ScratchBlock = ColumnBlock & { bytes: number };
