/** Checking every byte of a directory, and that its numbers follow from each other. */
import { zeros } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import { readRecordFile } from '../../hdf5/record-file.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import type { MeasuredStage } from '../../seigh/method.ts';
import { readWholeFile } from '../blocks.ts';
import { testProductsPath } from '../certificate.ts';
import { checkOrthonormal, checkPairs, checkProducts, columnOf, type SaidProduct, spread } from '../chain.ts';
import { probePath } from '../directory.ts';
import { FileCheck, type Verification, verifyCertificate } from '../file-check.ts';
import { measureProbe, refuseOtherOperator } from '../fingerprint.ts';
import { RESULT } from '../folders.ts';
import { readTests, type TestsStage, testBlockPath, testBlocks, testsFilePath } from '../test-vectors.ts';
import { completeBlocks, derivedColumns, readStage, refuseForeign, stageColumns } from './blocks.ts';
import { spaceOf } from './derive.ts';
import {
  blockPath,
  blocksThere,
  descriptionPath,
  type SketchDirectory,
  sketchName,
  stageFilePath,
  stageFolder,
} from './directory.ts';
import { inputColumns } from './measure.ts';
import { stageIsThere } from './progress.ts';
import { readNumbers } from './result.ts';
import { blockCount, blockRange, type DerivedStage, type Stage, stagesOf } from './stages.ts';
import { productsThere } from './test-products.ts';

/** Blocks of one stage, and the columns of each; of any number where the stage does not say it, for which it is damaged itself. */
async function stageFiles(directory: SketchDirectory, stage: Stage): Promise<[number, number | undefined][]> {
  const { blockSize } = directory.plan;
  const cols = await (stage.kind === 'derived'
    ? derivedColumns(directory, stage.name)
    : stageColumns(directory, stage)
  ).catch(() => undefined);
  const there = await blocksThere(directory, stage.name);
  if (cols === undefined) return there.map((block) => [block, undefined]);
  const wanted = Array.from({ length: blockCount(cols, blockSize) }, (_, block) => block);
  // a derived stage is there whole; a measured one may be under way
  const blocks = stage.kind === 'derived' ? [...new Set([...wanted, ...there])] : there;
  return blocks.map((block) => {
    const { start, end } = blockRange(cols, blockSize, block);
    return [block, Math.max(0, end - start)];
  });
}

/** The probe is part of the name of the run. */
async function checkProbe(directory: SketchDirectory): Promise<void> {
  const { run, plan } = directory;
  const file = probePath(directory);
  if (run === undefined || sketchName(plan, await readWholeFile(file)) === run) return;
  throw new StoreError(`${file} belongs to another run than ${descriptionPath(directory)}`, { file });
}

/** The columns of a derived stage: orthonormal, and with an operator its eigenvectors where they are said to be. */
async function checkDerived(directory: SketchDirectory, stage: DerivedStage, op: LinearOperator | undefined) {
  const space = spaceOf(directory).scope();
  const folder = stageFolder(directory, stage.name);
  try {
    const columns = await derivedColumns(directory, stage.name);
    const X = await space.open(await completeBlocks(directory, stage.name, columns));
    const { attributes } = await readStage(directory, stage.name);
    await checkOrthonormal(folder, X, Number(attributes.defect ?? 0));
    if (stage.name !== RESULT) return;
    const { values, residualNorms } = await readNumbers(directory);
    if (op && residualNorms) await checkPairs(folder, op, X, values, residualNorms);
  } finally {
    await space.close();
  }
}

/** The first column of the first and of the last block that is there, with what it was multiplied by. */
async function checkMeasured(directory: SketchDirectory, stage: MeasuredStage, op: LinearOperator): Promise<void> {
  const there = await blocksThere(directory, stage.name);
  // a run under way may not have come to what the stage multiplies
  if (there.length === 0) return;
  const cols = await stageColumns(directory, stage);
  const space = spaceOf(directory).scope();
  const said: SaidProduct[] = [];
  try {
    for (const index of spread(there.length, 2)) {
      const block = there[index]!;
      const where = blockPath(directory, stage.name, block);
      const { start, end } = blockRange(cols, directory.plan.blockSize, block);
      const X = await inputColumns(directory, stage)(
        start,
        end,
        zeros(directory.plan.n, end - start, directory.plan.dtype),
      );
      const x = { rows: X.rows, cols: 1, data: X.data.filter((_, at) => at % X.cols === 0) };
      said.push({ where, x, y: await columnOf(await space.open([where]), 0) });
    }
    await checkProducts(op, said);
  } finally {
    await space.close();
  }
}

/** The first column of the first and of the last block of test products that is there, with its test vector. */
async function checkTestProducts(directory: SketchDirectory, tests: TestsStage, op: LinearOperator): Promise<void> {
  const there: number[] = [];
  for (let block = 0; block < testBlocks(tests); block++) {
    if (await productsThere(directory, tests, block)) there.push(block);
  }
  const space = spaceOf(directory).scope();
  const first = async (path: string) => columnOf(await space.open([path]), 0);
  try {
    const said: SaidProduct[] = [];
    for (const index of spread(there.length, 2)) {
      const where = testProductsPath(directory, there[index]!);
      said.push({ where, x: await first(testBlockPath(directory, there[index]!)), y: await first(where) });
    }
    await checkProducts(op, said);
  } finally {
    await space.close();
  }
}

/**
 * Reads all files and holds them against their checksums, the plan and each other; nothing is thrown for a damaged one.
 * @param op with it products are made again: two of a probe, two of each pass, two of eigenvectors and two of test vectors
 */
export async function verifyDirectory(
  directory: SketchDirectory,
  op?: LinearOperator,
  signal?: AbortSignal,
): Promise<Verification> {
  const { n: rows, dtype } = directory.plan;
  const check = new FileCheck(signal);
  await check.read(descriptionPath(directory), () => readRecordFile(descriptionPath(directory)));
  await check.block(probePath(directory), { rows, dtype });
  await check.chain(probePath(directory), () => checkProbe(directory));
  for (const stage of stagesOf(directory.plan)) {
    if (stage.kind === 'derived' && (await stageIsThere(directory, stage))) {
      await check.read(stageFilePath(directory, stage.name), () => derivedColumns(directory, stage.name));
    }
    for (const [block, cols] of await stageFiles(directory, stage)) {
      await check.block(blockPath(directory, stage.name, block), { rows, cols, dtype }, (attributes) =>
        refuseForeign(directory, stage.name, block, attributes),
      );
    }
  }
  await verifyCertificate(directory, check);
  if (op) {
    await check.chain(probePath(directory), async () => {
      refuseOtherOperator(probePath(directory), op, await readWholeFile(probePath(directory)), await measureProbe(op));
    });
  }
  for (const stage of stagesOf(directory.plan)) {
    const folder = stageFolder(directory, stage.name);
    if (stage.kind === 'derived') {
      if (await stageIsThere(directory, stage)) await check.chain(folder, () => checkDerived(directory, stage, op));
    } else if (op) await check.chain(folder, () => checkMeasured(directory, stage, op));
  }
  await check.chain(testsFilePath(directory), async () => {
    const tests = await readTests(directory);
    if (op && tests) await checkTestProducts(directory, tests, op);
  });
  return check.verification;
}
