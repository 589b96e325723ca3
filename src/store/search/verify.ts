/** Checking every byte of a stored search, and that its numbers follow from each other. */
import type { Block } from '../../core/block.ts';
import { StoreError } from '../../core/errors.ts';
import { readRecordFile } from '../../hdf5/record-file.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { readWholeFile } from '../blocks.ts';
import { checkOrthonormal, checkProducts, columnOf, type SaidProduct, spread } from '../chain.ts';
import { fileExists, probePath } from '../directory.ts';
import { checkResult } from '../eigenvectors.ts';
import { FileCheck, type Verification, verifyCertificate } from '../file-check.ts';
import { measureProbe, refuseOtherOperator } from '../fingerprint.ts';
import { checkIdentity } from '../identity.ts';
import {
  columnsIdentity,
  columnsPath,
  eigenvectorsPath,
  fileIdentity,
  productPath,
  resultPath,
  type SearchDirectory,
  searchName,
  searchPath,
  searchSpace,
  statePath,
} from './directory.ts';
import { readResult, resultFiles } from './result.ts';
import { allFiles, readState, type StoredSearch } from './state.ts';

/** The probe is part of the name of the search. */
async function checkProbe(directory: SearchDirectory): Promise<void> {
  const { run, plan } = directory;
  const file = probePath(directory);
  if (run === undefined || searchName(plan, await readWholeFile(file)) === run) return;
  throw new StoreError(`${file} belongs to another search than ${searchPath(directory)}`, { file });
}

/** V e_j and V H e_j + W B e_j for the first and the last j. */
async function saidProducts(directory: SearchDirectory, { state, files }: StoredSearch): Promise<SaidProduct[]> {
  const { H, B } = state;
  const m = H.rows;
  const space = searchSpace(directory).scope();
  try {
    const VW = await space.open(allFiles(files).map((file) => columnsPath(directory, file)));
    const said: SaidProduct[] = [];
    for (const j of spread(m, 2)) {
      const x = await columnOf(VW, j);
      const sum = new Float64Array(x.rows);
      for (let i = 0; i < VW.cols; i++) {
        const factor = i < m ? H.data[i * m + j]! : B.data[(i - m) * m + j]!;
        const { data } = await columnOf(VW, i);
        for (let row = 0; row < sum.length; row++) sum[row]! += factor * data[row]!;
      }
      const y: Block = { ...x, data: directory.plan.dtype === 'float32' ? Float32Array.from(sum) : sum };
      said.push({ where: `${statePath(directory)}: A V = V H + W B in column ${j}`, x, y });
    }
    return said;
  } finally {
    await space.close();
  }
}

/** V and W together are orthonormal, and with an operator they and H and B are its Krylov decomposition. */
async function checkBasis(directory: SearchDirectory, stored: StoredSearch, op: LinearOperator | undefined) {
  const space = searchSpace(directory).scope();
  try {
    const VW = await space.open(allFiles(stored.files).map((file) => columnsPath(directory, file)));
    await checkOrthonormal(`${directory.path}/blocks`, VW, 0);
  } finally {
    await space.close();
  }
  if (op) await checkProducts(op, await saidProducts(directory, stored));
}

/**
 * Reads all files and holds them against their checksums and each other; nothing is thrown for a damaged one.
 * @param op with it products are made again: two of a probe, two of the basis and two of eigenvectors
 */
export async function verifySearch(
  directory: SearchDirectory,
  op?: LinearOperator,
  signal?: AbortSignal,
): Promise<Verification> {
  const { n: rows, dtype } = directory.plan;
  const check = new FileCheck(signal);
  const [state, result, product] = [statePath(directory), resultPath(directory), productPath(directory)];
  await check.read(searchPath(directory), () => readRecordFile(searchPath(directory)));
  await check.block(probePath(directory), { rows, dtype });
  await check.chain(probePath(directory), () => checkProbe(directory));
  let stored: StoredSearch | undefined;
  if (await fileExists(state)) {
    await check.read(state, async () => {
      stored = await readState(directory);
    });
  }
  for (const file of stored ? allFiles(stored.files) : []) {
    const path = columnsPath(directory, file);
    await check.block(path, { rows, dtype }, (attributes) =>
      checkIdentity(path, attributes, columnsIdentity(directory, file), ''),
    );
  }
  if (await fileExists(product)) {
    await check.block(product, { rows, dtype }, (attributes) =>
      checkIdentity(product, attributes, fileIdentity(directory, 'product'), ', or remove it to make it again'),
    );
  }
  const hasResult = await fileExists(result);
  if (hasResult) {
    await check.read(result, () => readResult(directory));
    await check.block(eigenvectorsPath(directory), { rows, dtype });
  }
  await verifyCertificate(directory, check);
  if (op) {
    await check.chain(probePath(directory), async () => {
      refuseOtherOperator(probePath(directory), op, await readWholeFile(probePath(directory)), await measureProbe(op));
    });
  }
  if (stored) await check.chain(state, () => checkBasis(directory, stored!, op));
  if (hasResult) {
    await check.chain(eigenvectorsPath(directory), async () =>
      checkResult(resultFiles(directory), await readResult(directory), searchSpace(directory), op),
    );
  }
  return check.verification;
}
