/** Holding files against their checksums and against each other, one after the other. */
import { join } from 'node:path';
import type { DType } from '../core/dtype.ts';
import { EigensketchError } from '../core/errors.ts';
import { verifyBlockFile } from '../hdf5/block-file.ts';
import type { Attributes } from '../hdf5/messages.ts';
import {
  type Certified,
  certificatePath,
  loadCertificate,
  testProductsIdentity,
  testProductsPath,
} from './certificate.ts';
import { entries, fileExists } from './directory.ts';
import { CERTIFICATE } from './folders.ts';
import { checkIdentity } from './identity.ts';
import {
  leadingPath,
  readTests,
  refuseForeignTests,
  type TestsStage,
  testBlockPath,
  testBlocks,
  testsFilePath,
} from './test-vectors.ts';

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

  /** Calls `follow`, which throws where numbers do not follow from each other; not while a file is damaged. */
  async chain(file: string, follow: () => Promise<void>): Promise<void> {
    if (this.#damaged.length > 0) return;
    await this.read(file, follow);
    this.#files--;
  }

  /** Reads a block file to the end; `more` is given its attributes and throws for what else is wrong with it. */
  async block(file: string, expected: ExpectedBlock, more?: (attributes: Attributes) => void): Promise<void> {
    await this.read(file, async () => {
      const { rows, cols, dtype, attributes } = await verifyBlockFile(file, this.#signal);
      more?.(attributes);
      if (rows === expected.rows && dtype === expected.dtype && cols === (expected.cols ?? cols)) return;
      const message = `${file}: ${rows} x ${cols} ${dtype}, expected ${expected.rows} x ${expected.cols ?? cols} ${expected.dtype}`;
      this.#damaged.push({ file, message });
    });
  }
}

type VerifiedDirectory = Certified & { plan: { n: number; dtype: DType } };

/** Reads the test vectors of a directory. */
async function verifyTests(directory: VerifiedDirectory, check: FileCheck): Promise<void> {
  const { n: rows, dtype } = directory.plan;
  const file = testsFilePath(directory);
  if (!(await fileExists(file))) return;
  let stage: TestsStage | undefined;
  await check.read(file, async () => {
    stage = await readTests(directory);
  });
  for (let block = 0; stage && block < testBlocks(stage); block++) {
    const first = block * stage.blockSize;
    const cols = Math.min(stage.blockSize, stage.tests - first);
    const path = testBlockPath(directory, block);
    await check.block(path, { rows, cols, dtype }, (attributes) =>
      refuseForeignTests(path, directory, attributes, first),
    );
  }
  if (!stage?.squares) return;
  const leading = leadingPath(directory);
  await check.block(leading, { rows, cols: 1, dtype }, (attributes) =>
    refuseForeignTests(leading, directory, attributes),
  );
}

/** Reads the certificate of a directory, the test vectors and the products with them behind it. */
export async function verifyCertificate(directory: VerifiedDirectory, check: FileCheck): Promise<void> {
  const { n: rows, dtype } = directory.plan;
  await verifyTests(directory, check);
  const names = (await entries(join(directory.path, CERTIFICATE))) ?? [];
  for (const name of names.filter((each) => /^\d{6}\.h5$/.test(each)).sort()) {
    const block = Number.parseInt(name, 10);
    const file = testProductsPath(directory, block);
    await check.block(file, { rows, dtype }, (attributes) =>
      checkIdentity(file, attributes, testProductsIdentity(directory, block), ', or remove it to make it again'),
    );
  }
  const certificate = certificatePath(directory);
  if (await fileExists(certificate)) await check.read(certificate, () => loadCertificate(directory));
}
