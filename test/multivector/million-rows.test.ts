/** A million rows: sums of so many terms round more than short ones, and no basis may be refused for that. */
import { zeros } from '../../src/core/block.ts';
import { selectKernels } from '../../src/linalg/kernels/select.ts';
import { hostSpace, viewOf } from '../../src/multivector/host.ts';
import { orthonormalise } from '../../src/multivector/orthonormalise.ts';
import { expect, test } from '../support/jest.ts';
import { testLarge } from '../support/long.ts';
import { nativeTitle, whenNative } from '../support/native.ts';

const ROWS = 1_000_000;
/** More than ten: the distance of a basis from an orthonormal one is estimated from random vectors from there on. */
const COLUMNS = 11;
/** The columns of the discrete cosine transform: orthogonal, of length sqrt(n) for the first and sqrt(n / 2) for the others. */
const Y = zeros(ROWS, COLUMNS, 'float64');
for (let i = 0; i < ROWS; i++) {
  for (let j = 0; j < COLUMNS; j++) Y.data[i * COLUMNS + j] = Math.cos((Math.PI * j * (i + 0.5)) / ROWS);
}

/** q_a^T q_b, in a thousand parts. */
function dot(Q: ArrayLike<number>, a: number, b: number): number {
  let sum = 0;
  for (let start = 0; start < ROWS; start += 1000) {
    let part = 0;
    for (let i = start; i < start + 1000; i++) part += Q[i * COLUMNS + a]! * Q[i * COLUMNS + b]!;
    sum += part;
  }
  return sum;
}

async function check(name: 'native' | 'wasm' | 'js'): Promise<void> {
  const kernels = await selectKernels(name);
  const { basis, defect, ...factor } = await orthonormalise(viewOf(Y), hostSpace(ROWS, 'float64'), { kernels });
  const R = await factor.R();
  expect(basis.cols).toBe(COLUMNS);
  expect(defect).toBeLessThan(1e-13);
  const { data: Q } = await basis.toBlock();
  for (const [a, b] of [
    [0, 0],
    [10, 10],
    [0, 10],
    [4, 7],
  ] as const) {
    expect(Math.abs(dot(Q, a, b) - (a === b ? 1 : 0))).toBeLessThan(1e-13);
    // R^T R = Y^T Y
    let product = 0;
    for (let i = 0; i < COLUMNS; i++) product += R.data[i * COLUMNS + a]! * R.data[i * COLUMNS + b]!;
    const exact = a === b ? ROWS / (a === 0 ? 1 : 2) : 0;
    expect(Math.abs(product - exact)).toBeLessThan(1e-12 * ROWS);
  }
}

whenNative(nativeTitle('native kernels'), () => check('native'));
test('wasm kernels', () => check('wasm'));
testLarge('js kernels', () => check('js'));
