/**
 * The test vectors of a stored certificate, as a stage of its own: freeing them of the span of the eigenvectors is done once, and
 * all processes that share their products multiply the very same numbers.
 */
import { createHash } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { drawTestVectors, type TestVectors } from '../apost/apost.ts';
import { StoreError } from '../core/errors.ts';
import { BlockFile } from '../hdf5/block-file.ts';
import type { DiskSpace } from '../hdf5/disk-space.ts';
import { bytesOf } from '../hdf5/io.ts';
import type { Attributes } from '../hdf5/messages.ts';
import { readRecordFile } from '../hdf5/record-file.ts';
import type { VerbContext } from '../multivector/verbs.ts';
import type { EighResult } from '../spectrum/result.ts';
import { readWholeFile } from './blocks.ts';
import { type Certified, ofRun } from './certificate.ts';
import { blockName, fileExists } from './directory.ts';
import { TESTS } from './folders.ts';
import { checkIdentity } from './identity.ts';
import { publishStage, STAGE_FILE } from './publish.ts';
import { recordAttributes, recordFrom, recordWork, type Worker, type WorkRecord } from './record.ts';

/** A combination of the leading eigenvectors, which shows the noise of the largest products. */
const LEADING = 'leading.h5';

const REMEDY = `, or remove the folder ${TESTS} to make it again`;

export const testsFilePath = ({ path }: Pick<Certified, 'path'>): string => join(path, TESTS, STAGE_FILE);

export const testBlockPath = ({ path }: Pick<Certified, 'path'>, block: number): string =>
  join(path, TESTS, blockName(block));

/** Which test vectors are wanted. */
export interface WantedTests {
  tests: number;
  seed: number;
  /** Columns of one product. Vectors that are there with others are taken as they are. */
  blockSize: number;
}

/** What the stage says of itself. */
export interface TestsStage extends WantedTests {
  /** The eigenpairs that they are the test vectors of: {@link nameOfResult}. */
  result: string;
  /** Squared lengths of the eigenvectors, where the vectors were freed of their span. */
  squares?: Float64Array;
  /** Then, how far the eigenvectors are from orthonormal: {@link SeenVectors}. */
  defect?: number;
  spread?: number;
  probes?: number;
  work: WorkRecord;
}

const stageIdentity = (directory: Certified): Attributes => ({ ...ofRun(directory), stage: TESTS });

const testBlockIdentity = (directory: Certified, first: number): Attributes => ({
  ...stageIdentity(directory),
  first_column: first,
});

const leadingIdentity = (directory: Certified): Attributes => ({ ...ofRun(directory), stage: `${TESTS}/leading` });

export const leadingPath = ({ path }: Pick<Certified, 'path'>): string => join(path, TESTS, LEADING);

/**
 * @param first column of a block of test vectors; none for the combination of the leading eigenvectors
 * @throws StoreError for a file that belongs elsewhere.
 */
export function refuseForeignTests(path: string, directory: Certified, attributes: Attributes, first?: number): void {
  const identity = first === undefined ? leadingIdentity(directory) : testBlockIdentity(directory, first);
  checkIdentity(path, attributes, identity, REMEDY);
}

/** Names the eigenpairs of a result by their values and one row of the vectors: with others of the same run, those differ in rounding. */
async function nameOfResult({ eigenvalues, residualNorms, eigenvectors: V }: EighResult): Promise<string> {
  const hash = createHash('sha256').update(bytesOf(eigenvalues));
  if (residualNorms) hash.update(bytesOf(residualNorms));
  const { data } = await V.readRows(Math.floor(V.rows / 2), 1);
  return hash.update(bytesOf(data)).digest('hex').slice(0, 16);
}

/** What there is. @throws StoreError for a stage that is damaged or of another run. */
export async function readTests(directory: Certified): Promise<TestsStage | undefined> {
  const file = testsFilePath(directory);
  if (!(await fileExists(file))) return undefined;
  const { attributes } = await readRecordFile(file);
  checkIdentity(file, attributes, stageIdentity(directory), REMEDY);
  const [tests, seed, blockSize] = [attributes.columns, attributes.seed, attributes.block_size].map(Number) as [
    number,
    number,
    number,
  ];
  if (!(Number.isSafeInteger(tests) && tests > 0 && Number.isSafeInteger(blockSize) && blockSize > 0)) {
    throw new StoreError(`${file}: ${tests} test vectors in blocks of ${blockSize} are none of ours${REMEDY}`, {
      file,
    });
  }
  const stage = { tests, seed, blockSize, result: String(attributes.result), work: recordFrom(attributes) };
  if (attributes.freed !== 1) return stage;
  const { arrays } = await readRecordFile(file, ['squares']);
  const [defect, spread] = [Number(attributes.defect), Number(attributes.spread)];
  // absent where the two are exact, and of vectors that were made before the number was kept: they are bounds then
  const probes = attributes.probes === undefined ? {} : { probes: Number(attributes.probes) };
  if (!(defect >= 0 && spread >= 0 && Number.isSafeInteger(probes.probes ?? 1) && (probes.probes ?? 1) > 0)) {
    const from = probes.probes === undefined ? '' : ` from ${probes.probes} vectors`;
    throw new StoreError(`${file}: the eigenvectors have no defect of ${defect} and ${spread}${from}${REMEDY}`, {
      file,
    });
  }
  return { ...stage, squares: arrays.squares!.data, defect, spread, ...probes };
}

/** Whether the vectors that are there are those of a result that are wanted. */
export async function areWanted(
  stage: TestsStage | undefined,
  result: EighResult,
  { tests, seed }: Pick<WantedTests, 'tests' | 'seed'>,
): Promise<boolean> {
  if (stage?.tests !== tests || stage.seed !== seed) return false;
  return stage.result === (await nameOfResult(result));
}

/** Blocks of one stage of test vectors. */
export const testBlocks = ({ tests, blockSize }: Pick<WantedTests, 'tests' | 'blockSize'>): number =>
  Math.ceil(tests / blockSize);

/**
 * The test vectors of a result, which are made where they are not there, or are others.
 * @throws StoreError for files that are damaged or cannot be written; the signal's reason when aborted.
 */
export async function ensureTests(
  directory: Certified,
  result: EighResult,
  wanted: WantedTests,
  { space, verbs, worker }: { space: DiskSpace; verbs: VerbContext; worker: Worker },
): Promise<TestsStage> {
  const there = await readTests(directory);
  if (there && (await areWanted(there, result, wanted))) return there;
  const folder = join(directory.path, TESTS);
  if (there) await rm(folder, { recursive: true, force: true });
  const { tests, seed, blockSize } = wanted;
  const scope = space.scope();
  const startedAt = performance.now();
  try {
    const vectors = { seed, cols: tests, firstColumn: 0 };
    const { Omega, seen } = await drawTestVectors(result, vectors, scope, Math.min(blockSize, tests), verbs);
    const work = recordWork(worker, (performance.now() - startedAt) / 1000);
    const attributes = {
      ...stageIdentity(directory),
      ...{ seed, block_size: blockSize, result: await nameOfResult(result), freed: seen ? 1 : 0 },
      ...(seen ? { defect: seen.defect, spread: seen.spread } : {}),
      ...(seen?.probes === undefined ? {} : { probes: seen.probes }),
      ...recordAttributes(work),
    };
    const arrays = seen && { squares: { shape: [seen.squares.length], data: seen.squares } };
    await publishStage(folder, {
      columns: Omega,
      blockSize,
      blockAttributes: (block) => ({ purpose: 'test', seed, ...testBlockIdentity(directory, block * blockSize) }),
      ...(seen ? { others: { [LEADING]: { block: seen.leading, attributes: leadingIdentity(directory) } } } : {}),
      record: { attributes, ...(arrays ? { arrays } : {}) },
      signal: verbs.signal,
    });
  } finally {
    await scope.close();
  }
  // where another process was first, its
  const made = await readTests(directory);
  if (made && (await areWanted(made, result, wanted))) return made;
  throw new StoreError(`${folder} was replaced by another process while its vectors were made`, { folder });
}

/** Opens a block of test vectors, checked for its place. @throws StoreError naming the file. */
export async function openTestBlock(directory: Certified, stage: TestsStage, block: number): Promise<BlockFile> {
  const path = testBlockPath(directory, block);
  const file = await BlockFile.open(path);
  try {
    const first = block * stage.blockSize;
    refuseForeignTests(path, directory, file.attributes, first);
    const cols = Math.min(stage.blockSize, stage.tests - first);
    if (file.cols === cols) return file;
    throw new StoreError(`${path} has ${file.cols} columns, expected ${cols}${REMEDY}`, { file: path });
  } catch (error) {
    await file.close();
    throw error;
  }
}

/** What a block of test vectors says of itself. @throws as {@link openTestBlock}. */
export async function checkTestBlock(directory: Certified, stage: TestsStage, block: number): Promise<BlockFile> {
  const file = await openTestBlock(directory, stage, block);
  await file.close();
  return file;
}

/** Opens the vectors; those on disk belong to `space`. @throws StoreError for a file that is damaged or of another place. */
export async function openTests(directory: Certified, stage: TestsStage, space: DiskSpace): Promise<TestVectors> {
  const blocks = Array.from({ length: testBlocks(stage) }, (_, block) => block);
  for (const block of blocks) await checkTestBlock(directory, stage, block);
  const Omega = await space.open(blocks.map((block) => testBlockPath(directory, block)));
  const { squares, defect, spread, probes } = stage;
  if (!squares || defect === undefined || spread === undefined) return { Omega };
  const path = leadingPath(directory);
  const file = await BlockFile.open(path);
  await file.close();
  refuseForeignTests(path, directory, file.attributes);
  return {
    Omega,
    seen: { squares, defect, spread, leading: await readWholeFile(path), ...(probes === undefined ? {} : { probes }) },
  };
}
