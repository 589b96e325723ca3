/** Column blocks of a search in files, each written once and never changed. */
import type { DiskSpace } from '../../hdf5/disk-space.ts';
import { saveColumns } from '../../hdf5/save.ts';
import type { Multivector } from '../../multivector/multivector.ts';
import { columnsIdentity, columnsPath, type SearchDirectory } from './directory.ts';

/** Writes multivectors to numbered files, and knows those that lie in one. */
export class ColumnStore {
  readonly #directory: SearchDirectory;
  readonly #space: DiskSpace;
  #next: number;
  #numbers = new Map<Multivector, number>();

  constructor(directory: SearchDirectory, space: DiskSpace, next: number) {
    this.#directory = directory;
    this.#space = space;
    this.#next = next;
  }

  /** The number of the next file. */
  get next(): number {
    return this.#next;
  }

  /** A multivector that reads a file. @throws StoreError when it is missing or damaged. */
  async open(file: number): Promise<Multivector> {
    const opened = await this.#space.open([columnsPath(this.#directory, file)]);
    this.#numbers.set(opened, file);
    return opened;
  }

  /** Writes a multivector to a new file and returns its number. */
  async write(X: Multivector): Promise<number> {
    const file = this.#next++;
    const { seed } = this.#directory.plan;
    const attributes = { ...columnsIdentity(this.#directory, file), purpose: 'start', seed };
    await saveColumns(X, [{ path: columnsPath(this.#directory, file), cols: X.cols, attributes }]);
    return file;
  }

  /**
   * Multivectors with the columns of `parts` that read files, and the numbers of these. What is in a file stays as it is;
   * the others are used up.
   */
  async file(parts: readonly Multivector[]): Promise<{ parts: Multivector[]; numbers: number[] }> {
    const filed: Multivector[] = [];
    for (const part of parts) {
      if (this.#numbers.has(part)) filed.push(part);
      else {
        filed.push(await this.open(await this.write(part)));
        await this.#space.release(part);
      }
    }
    const numbers = filed.map((part) => this.#numbers.get(part)!);
    this.#numbers = new Map(filed.map((part, i) => [part, numbers[i]!]));
    return { parts: filed, numbers };
  }
}
