/** Holding files against their checksums, one after the other. */
import type { DType } from '../core/dtype.ts';
import { EigensketchError } from '../core/errors.ts';
import { verifyBlockFile } from '../hdf5/block-file.ts';

/** What is wrong with one file. */
export interface Damage {
  file: string;
  message: string;
}

export interface Verification {
  /** Files that were read to the last byte. */
  files: number;
  damaged: Damage[];
}

/** What a block file must be; of any width where none is said. */
export interface ExpectedBlock {
  rows: number;
  cols?: number | undefined;
  dtype: DType;
}

/** Collects what is wrong; nothing is thrown for a damaged file. */
export class FileCheck {
  readonly #signal: AbortSignal | undefined;
  readonly #damaged: Damage[] = [];
  #files = 0;

  constructor(signal: AbortSignal | undefined) {
    this.#signal = signal;
  }

  get verification(): Verification {
    return { files: this.#files, damaged: this.#damaged };
  }

  /** Calls `readAll`, which throws when the file is damaged. @throws the signal's reason when aborted. */
  async read(file: string, readAll: () => Promise<unknown>): Promise<void> {
    this.#signal?.throwIfAborted();
    this.#files++;
    try {
      await readAll();
    } catch (error) {
      if (!(error instanceof EigensketchError)) throw error;
      this.#damaged.push({ file, message: error.message });
    }
  }

  /** Reads a block file to the end; `more` throws for what else is wrong with it. */
  async block(file: string, expected: ExpectedBlock, more?: () => Promise<void>): Promise<void> {
    await this.read(file, async () => {
      const { rows, cols, dtype } = await verifyBlockFile(file, this.#signal);
      await more?.();
      if (rows === expected.rows && dtype === expected.dtype && cols === (expected.cols ?? cols)) return;
      const message = `${file}: ${rows} x ${cols} ${dtype}, expected ${expected.rows} x ${expected.cols ?? cols} ${expected.dtype}`;
      this.#damaged.push({ file, message });
    });
  }
}
