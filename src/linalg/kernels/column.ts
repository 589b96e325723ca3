/**
 * Products of a tall panel with one column, in plain TypeScript. They are bound by reading the panel: a copy of it into the
 * memory of a WebAssembly module takes longer than the whole product where it is.
 */
import type { Block, Matrix } from '../../core/block.ts';
import { allocate, dtypeOf } from '../../core/dtype.ts';

/** S += V^T x for a column x, four rows at a time so that each sum is fetched once for all of them; in float64. */
export function addColumnOverlap({ rows, cols, data: V }: Block, { data: x }: Block, { data: sums }: Matrix): void {
  const whole = rows - (rows % 4);
  for (let i = 0; i < whole; i += 4) {
    const a = x[i]!;
    const b = x[i + 1]!;
    const c = x[i + 2]!;
    const d = x[i + 3]!;
    const first = i * cols;
    const second = first + cols;
    const third = second + cols;
    const fourth = third + cols;
    for (let j = 0; j < cols; j++) {
      sums[j]! += a * V[first + j]! + b * V[second + j]! + (c * V[third + j]! + d * V[fourth + j]!);
    }
  }
  for (let i = whole; i < rows; i++) {
    for (let j = 0; j < cols; j++) sums[j]! += x[i]! * V[i * cols + j]!;
  }
}

/** z -= X c for a column c, rounded to the element type of X first; four sums, as an addition waits for the last. */
export function subtractColumn({ rows, cols, data: X }: Block, { data }: Block, { data: z }: Block): void {
  const c = allocate(dtypeOf(X), cols);
  c.set(data);
  const whole = cols - (cols % 4);
  for (let i = 0, at = 0; i < rows; i++, at += cols) {
    let p = 0;
    let q = 0;
    let r = 0;
    let s = 0;
    for (let j = 0; j < whole; j += 4) {
      p += X[at + j]! * c[j]!;
      q += X[at + j + 1]! * c[j + 1]!;
      r += X[at + j + 2]! * c[j + 2]!;
      s += X[at + j + 3]! * c[j + 3]!;
    }
    for (let j = whole; j < cols; j++) p += X[at + j]! * c[j]!;
    z[i]! -= p + q + (r + s);
  }
}

/** S += V x for a column x, four rows of V at a time so that each number of x is fetched once for all of them; in float64. */
export function addRowOverlap({ rows, cols, data: V }: Block, { data: x }: Block, { data: sums }: Matrix): void {
  const whole = rows - (rows % 4);
  for (let j = 0; j < whole; j += 4) {
    const first = j * cols;
    const second = first + cols;
    const third = second + cols;
    const fourth = third + cols;
    let [a, b, c, d] = [0, 0, 0, 0];
    for (let i = 0; i < cols; i++) {
      const value = x[i]!;
      a += V[first + i]! * value;
      b += V[second + i]! * value;
      c += V[third + i]! * value;
      d += V[fourth + i]! * value;
    }
    sums[j]! += a;
    sums[j + 1]! += b;
    sums[j + 2]! += c;
    sums[j + 3]! += d;
  }
  for (let j = whole; j < rows; j++) {
    let sum = 0;
    for (let i = 0, at = j * cols; i < cols; i++, at++) sum += V[at]! * x[i]!;
    sums[j]! += sum;
  }
}

/** x -= V^T c for a column c, rounded to the element type of V first; four rows of V at a time. */
export function subtractRows({ rows, cols, data: V }: Block, { data }: Matrix, { data: x }: Block): void {
  const weights = allocate(dtypeOf(V), rows);
  weights.set(data);
  const whole = rows - (rows % 4);
  for (let j = 0; j < whole; j += 4) {
    const first = j * cols;
    const second = first + cols;
    const third = second + cols;
    const fourth = third + cols;
    const [a, b, c, d] = [weights[j]!, weights[j + 1]!, weights[j + 2]!, weights[j + 3]!];
    for (let i = 0; i < cols; i++) {
      x[i]! -= a * V[first + i]! + b * V[second + i]! + (c * V[third + i]! + d * V[fourth + i]!);
    }
  }
  for (let j = whole; j < rows; j++) {
    for (let i = 0, at = j * cols; i < cols; i++, at++) x[i]! -= weights[j]! * V[at]!;
  }
}
