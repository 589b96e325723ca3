/** Principal components of data in a .npy file, without forming or centring anything, and back to .npy. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { apost, covarianceOperator, seigh } from 'eigensketch';
import { readArray, readOperator, writeArray } from 'eigensketch/files';

// 2,000 observations of 300 variables around means of 5: three directions of variance 9, 4 and 1, noise of variance 0.01
const [ROWS, COLS] = [2000, 300];
const DEVIATIONS = [3, 2, 1];

/** Numbers in (0, 1), the same in every run (Park & Miller 1988), and normal ones of them (Box & Muller 1958). */
let state = 7;
function uniform(): number {
  state = (state * 48271) % 2147483647;
  return state / 2147483647;
}
const normal = (): number => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());

// orthonormal directions: cosines of different frequencies
const direction = (k: number, j: number): number =>
  Math.sqrt(2 / COLS) * Math.cos((Math.PI * (k + 1) * (j + 0.5)) / COLS);
const data = new Float64Array(ROWS * COLS);
for (let i = 0; i < ROWS; i++) {
  const scores = DEVIATIONS.map((deviation) => deviation * normal());
  for (let j = 0; j < COLS; j++) {
    const signal = scores.reduce((sum, score, k) => sum + score * direction(k, j), 0);
    data[i * COLS + j] = 5 + signal + 0.1 * normal();
  }
}

const home = await mkdtemp(join(tmpdir(), 'eigensketch-pca-'));
try {
  await writeArray(join(home, 'X.npy'), { rows: ROWS, cols: COLS, data });

  // 4.8 MB of data with 1 MB of memory: they stay in the file, which each product reads in row panels
  const C = covarianceOperator(await readOperator(join(home, 'X.npy'), { memory: '1MB' }));
  const pca = await seigh(C, 20, { seed: 1 });
  const cert = await apost(C, pca, { tests: 10, confidence: 0.99 });
  for (const { lower, estimate, upper } of cert.eigenvalueIntervals!.slice(0, 3)) {
    console.log(`variance ${estimate.toFixed(3)}, certified between ${lower.toFixed(3)} and ${upper.toFixed(3)}`);
  }

  const first = await pca.eigenvectors.readColumns(0, 1);
  const overlap = Math.abs(Array.from(first.data).reduce((sum, value, j) => sum + value * direction(0, j), 0));
  console.log(`cosine of the first component with its direction: ${overlap.toFixed(4)}`);

  await writeArray(join(home, 'components.npz'), { variances: pca.eigenvalues, components: pca.eigenvectors });
  const { shape } = await readArray(join(home, 'components.npz:components'));
  console.log(`components.npz holds ${shape.join(' x ')} components for numpy.load`);
} finally {
  await rm(home, { recursive: true });
}
