/** Vector kernels in float64. Addresses in bytes, lengths in entries; nothing needs to be aligned. */

/** The sum of the two halves of a vector register. */
function halvesSum(pair: v128): f64 {
  return f64x2.extract_lane(pair, 0) + f64x2.extract_lane(pair, 1);
}

/** x . y; four partial sums keep the adders busy. */
export function dot(x: usize, y: usize, length: usize): f64 {
  let sum0 = f64x2.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let i: usize = 0;
  for (; i + 8 <= length; i += 8) {
    const a = x + i * 8;
    const b = y + i * 8;
    sum0 = f64x2.add(sum0, f64x2.mul(v128.load(a), v128.load(b)));
    sum1 = f64x2.add(sum1, f64x2.mul(v128.load(a, 16), v128.load(b, 16)));
    sum2 = f64x2.add(sum2, f64x2.mul(v128.load(a, 32), v128.load(b, 32)));
    sum3 = f64x2.add(sum3, f64x2.mul(v128.load(a, 48), v128.load(b, 48)));
  }
  let sum = halvesSum(f64x2.add(f64x2.add(sum0, sum1), f64x2.add(sum2, sum3)));
  for (; i < length; i++) sum += load<f64>(x + i * 8) * load<f64>(y + i * 8);
  return sum;
}

/** y += factor * x. */
export function addScaled(y: usize, factor: f64, x: usize, length: usize): void {
  const factors = f64x2.splat(factor);
  let i: usize = 0;
  for (; i + 4 <= length; i += 4) {
    const a = x + i * 8;
    const b = y + i * 8;
    v128.store(b, f64x2.add(v128.load(b), f64x2.mul(factors, v128.load(a))));
    v128.store(b, f64x2.add(v128.load(b, 16), f64x2.mul(factors, v128.load(a, 16))), 16);
  }
  for (; i < length; i++) store<f64>(y + i * 8, load<f64>(y + i * 8) + factor * load<f64>(x + i * 8));
}

/** x *= factor. */
export function scale(x: usize, factor: f64, length: usize): void {
  const factors = f64x2.splat(factor);
  let i: usize = 0;
  for (; i + 2 <= length; i += 2) v128.store(x + i * 8, f64x2.mul(factors, v128.load(x + i * 8)));
  if (i < length) store<f64>(x + i * 8, factor * load<f64>(x + i * 8));
}

/** (x, y) becomes (c x + s y, c y - s x). */
export function rotate(x: usize, y: usize, c: f64, s: f64, length: usize): void {
  const cosines = f64x2.splat(c);
  const sines = f64x2.splat(s);
  let i: usize = 0;
  for (; i + 2 <= length; i += 2) {
    const a = v128.load(x + i * 8);
    const b = v128.load(y + i * 8);
    v128.store(x + i * 8, f64x2.add(f64x2.mul(cosines, a), f64x2.mul(sines, b)));
    v128.store(y + i * 8, f64x2.sub(f64x2.mul(cosines, b), f64x2.mul(sines, a)));
  }
  if (i < length) {
    const a = load<f64>(x + i * 8);
    const b = load<f64>(y + i * 8);
    store<f64>(x + i * 8, c * a + s * b);
    store<f64>(y + i * 8, c * b - s * a);
  }
}

/** Products of four rows, `rowBytes` apart, with one vector: the vector is read once for all four. */
export function fourDots(rows: usize, rowBytes: usize, x: usize, length: usize, into: usize): void {
  const row1 = rows + rowBytes;
  const row2 = row1 + rowBytes;
  const row3 = row2 + rowBytes;
  let sum0 = f64x2.splat(0);
  let sum1 = sum0;
  let sum2 = sum0;
  let sum3 = sum0;
  let more0 = sum0;
  let more1 = sum0;
  let more2 = sum0;
  let more3 = sum0;
  let i: usize = 0;
  for (; i + 4 <= length; i += 4) {
    const at = i * 8;
    const low = v128.load(x + at);
    const high = v128.load(x + at, 16);
    sum0 = f64x2.add(sum0, f64x2.mul(v128.load(rows + at), low));
    sum1 = f64x2.add(sum1, f64x2.mul(v128.load(row1 + at), low));
    sum2 = f64x2.add(sum2, f64x2.mul(v128.load(row2 + at), low));
    sum3 = f64x2.add(sum3, f64x2.mul(v128.load(row3 + at), low));
    more0 = f64x2.add(more0, f64x2.mul(v128.load(rows + at, 16), high));
    more1 = f64x2.add(more1, f64x2.mul(v128.load(row1 + at, 16), high));
    more2 = f64x2.add(more2, f64x2.mul(v128.load(row2 + at, 16), high));
    more3 = f64x2.add(more3, f64x2.mul(v128.load(row3 + at, 16), high));
  }
  const rest = length - i;
  const at = i * 8;
  store<f64>(into, halvesSum(f64x2.add(sum0, more0)) + dot(rows + at, x + at, rest));
  store<f64>(into + 8, halvesSum(f64x2.add(sum1, more1)) + dot(row1 + at, x + at, rest));
  store<f64>(into + 16, halvesSum(f64x2.add(sum2, more2)) + dot(row2 + at, x + at, rest));
  store<f64>(into + 24, halvesSum(f64x2.add(sum3, more3)) + dot(row3 + at, x + at, rest));
}

/** Products of `count` rows, `rowBytes` apart, with one vector. */
export function manyDots(rows: usize, rowBytes: usize, count: usize, x: usize, length: usize, into: usize): void {
  let row: usize = 0;
  for (; row + 4 <= count; row += 4) fourDots(rows + row * rowBytes, rowBytes, x, length, into + row * 8);
  for (; row < count; row++) store<f64>(into + row * 8, dot(rows + row * rowBytes, x, length));
}

/** y -= the sum of four rows, `rowBytes` apart, each times its factor: y is read once for all four. */
function subtractFour(y: usize, factors: usize, rows: usize, rowBytes: usize, length: usize): void {
  const a = load<f64>(factors);
  const b = load<f64>(factors, 8);
  const c = load<f64>(factors, 16);
  const d = load<f64>(factors, 24);
  const row1 = rows + rowBytes;
  const row2 = row1 + rowBytes;
  const row3 = row2 + rowBytes;
  const as = f64x2.splat(a);
  const bs = f64x2.splat(b);
  const cs = f64x2.splat(c);
  const ds = f64x2.splat(d);
  let i: usize = 0;
  for (; i + 2 <= length; i += 2) {
    const at = i * 8;
    const first = f64x2.add(f64x2.mul(as, v128.load(rows + at)), f64x2.mul(bs, v128.load(row1 + at)));
    const second = f64x2.add(f64x2.mul(cs, v128.load(row2 + at)), f64x2.mul(ds, v128.load(row3 + at)));
    v128.store(y + at, f64x2.sub(v128.load(y + at), f64x2.add(first, second)));
  }
  if (i < length) {
    const at = i * 8;
    const first = a * load<f64>(rows + at) + b * load<f64>(row1 + at);
    const second = c * load<f64>(row2 + at) + d * load<f64>(row3 + at);
    store<f64>(y + at, load<f64>(y + at) - (first + second));
  }
}

/** y -= the sum of `count` rows, `rowBytes` apart, each times its factor; what has factors of 0 alone is not read. */
export function subtractScaled(
  y: usize,
  factors: usize,
  rows: usize,
  rowBytes: usize,
  count: usize,
  length: usize,
): void {
  let row: usize = 0;
  for (; row + 4 <= count; row += 4) {
    const four = factors + row * 8;
    if (v128.any_true(v128.or(v128.load(four), v128.load(four, 16)))) {
      subtractFour(y, four, rows + row * rowBytes, rowBytes, length);
    }
  }
  for (; row < count; row++) {
    const factor = load<f64>(factors + row * 8);
    if (factor !== 0) addScaled(y, -factor, rows + row * rowBytes, length);
  }
}
