/** Orthonormalisation of more float32 columns than go through a Gram matrix of all rows: randomized Cholesky QR. */
import { type Block, zeros } from '../../src/core/block.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, multivectorOf } from '../../src/multivector/host.ts';
import { type Orthonormalised, orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { describe, expect, test } from '../support/jest.ts';
import { distance, frobenius, identity, multiply, randomBlock, transposed } from '../support/matrices.ts';

const kernels = await selectKernels();
const [n, k] = [900, 520];

/** A random orthogonal k x k matrix less the exactness of that: a product of reflections. */
function mixed(scales: readonly number[], seed: number): Block {
  const Y = zeros(n, k, 'float32');
  const left = randomBlock(n, k, seed);
  for (let at = 0; at < left.data.length; at++) left.data[at]! *= scales[at % k]!;
  const w = randomBlock(k, 3, seed + 1);
  for (let reflection = 0; reflection < 3; reflection++) {
    let square = 0;
    for (let j = 0; j < k; j++) square += w.data[3 * j + reflection]! ** 2;
    for (let i = 0; i < n; i++) {
      let dot = 0;
      for (let j = 0; j < k; j++) dot += left.data[i * k + j]! * w.data[3 * j + reflection]!;
      for (let j = 0; j < k; j++) left.data[i * k + j]! -= ((2 * dot) / square) * w.data[3 * j + reflection]!;
    }
  }
  Y.data.set(left.data);
  return Y;
}

const run = async (Y: Block): Promise<Orthonormalised> =>
  orthonormalise(await multivectorOf(Y, 'float32'), hostSpace(n, 'float32'), { kernels });

describe('float32, 520 columns', () => {
  const spectra: [string, (j: number) => number, [number, number]][] = [
    ['of one size', () => 1, [k, k]],
    ['decaying as 1/j', (j) => 1 / (j + 1), [k, k]],
    ['decaying by 10^-5', (j) => 10 ** ((-5 * j) / k), [k, k]],
    // below 4 roundings of the largest, 2.4e-7, nothing is left but rounding: 520 * 6.6 / 10 = 343
    ['decaying by 10^-10', (j) => 10 ** ((-10 * j) / k), [310, 400]],
    ['of rank 50', (j) => (j < 50 ? 1 : 0), [50, 50]],
    ['with a spike of 10^6', (j) => (j === 0 ? 1e6 : 1 / j), [1, k]],
    ['in steps', (j) => [1e4, 1, 1e-4][j % 3]!, [k / 3, k]],
  ];
  test.each(spectra)('%s: orthonormal, and Y = Q R to rounding', async (_, scale, [least, most]) => {
    const Y = mixed(
      Array.from({ length: k }, (_, j) => scale(j)),
      5,
    );
    const { basis, R, T, dropped, defect } = await run(Y);
    expect(basis.cols + dropped).toBe(k);
    expect(basis.cols).toBeGreaterThanOrEqual(least);
    expect(basis.cols).toBeLessThanOrEqual(most);
    const Q = await basis.toBlock();
    const exact = distance(multiply(transposed(Q), Q), identity(Q.cols));
    expect(exact).toBeLessThan(16 * 2 ** -24 * Math.sqrt(k));
    // an estimate of ten vectors: outside of a third and three with probability 3e-4 at the worst, rank one
    expect(defect / exact).toBeGreaterThan(1 / 3);
    // and above it by what rounds in the sums of ten vectors: some roundings for each of their k entries
    expect(defect).toBeLessThan(3 * exact + 8 * 2 ** -24 * Math.sqrt(k));
    // 4 roundings for each direction that was dropped, and those of R
    expect(distance(multiply(Q, await R()), Y)).toBeLessThan(1e-5 * frobenius(Y));
    const toBasis = await T();
    expect([toBasis.rows, toBasis.cols]).toEqual([k, basis.cols]);
  });

  test('the leading columns are those of the largest part: what is left of Y beyond them decays', async () => {
    const Y = mixed(
      Array.from({ length: k }, (_, j) => 10 ** ((-8 * j) / k)),
      6,
    );
    const { basis, ...factor } = await run(Y);
    const R = await factor.R();
    const lengths = Array.from({ length: basis.cols }, (_, i) => Math.hypot(...R.data.subarray(i * k, (i + 1) * k)));
    // ||Q_i^T Y||, which pivots keep within a factor of what is best
    for (const i of [50, 100, 200, 300]) {
      const later = Math.max(...lengths.slice(i));
      expect(later).toBeLessThan(30 * 10 ** ((-8 * i) / k) * lengths[0]!);
    }
  });
});
