/**
 * Random columns of core/random.ts, to the bit: the numbers of xoroshiro128+, four columns at a time, and from them signs or
 * Gaussian pairs. All operations are those of core/, in their order.
 */
import { ownScratch, shareEnd, shareStart } from './team';

/** Columns that are made together, and the bytes of their states: s0 of each, then s1 of each. */
const LANES: usize = 4;
const STATE_BYTES: usize = 64;

/** In scratch memory: the constants of {@link gaussianPairs}, and behind them rows of four columns. */
const ROWS_AT: usize = 512;

/**
 * Constants for {@link gaussianPairs}, in both lanes. They are read from memory because engines make a constant anew, by three
 * instructions, wherever it is used.
 */
function putConstants(at: usize): void {
  v128.store(at, f64x2.splat(1));
  // u is 2^-53 above 0 at least
  v128.store(at, f64x2.splat(1 - 1.1102230246251565e-16), 16);
  // takes the bits of sqrt(1/2) to those of 1
  v128.store(at, i64x2.splat(reinterpret<i64>(<f64>1) - reinterpret<i64>(Math.SQRT1_2)), 32);
  // the exponent of a number; that of 2^52, whose last bits are an integer; 2^52 and the exponent of 1
  v128.store(at, i64x2.splat(0x7ff0000000000000), 48);
  v128.store(at, i64x2.splat(0x4330000000000000), 64);
  v128.store(at, f64x2.splat(4503599627370496 + 1023), 80);
  // 2 log 2
  v128.store(at, f64x2.splat(1.3862943611198906), 96);
  // 1 with its last bit; the middle of 1 and 2; the sign
  v128.store(at, i64x2.splat(reinterpret<i64>(<f64>1) + 1), 112);
  v128.store(at, f64x2.splat(1.5), 128);
  v128.store(at, i64x2.splat(i64.MIN_VALUE), 144);
  // P, S and C of core/gaussian.ts, last coefficient first
  v128.store(at, f64x2.splat(-0.3363860114552851), 160);
  v128.store(at, f64x2.splat(-0.3624737567914764), 176);
  v128.store(at, f64x2.splat(-0.44446740441169424), 192);
  v128.store(at, f64x2.splat(-0.5714283430249495), 208);
  v128.store(at, f64x2.splat(-0.800000001042726), 224);
  v128.store(at, f64x2.splat(-1.3333333333317499), 240);
  v128.store(at, f64x2.splat(-4), 256);
  v128.store(at, f64x2.splat(7.967284660037368e-8), 272);
  v128.store(at, f64x2.splat(-5.089247975247804e-6), 288);
  v128.store(at, f64x2.splat(0.00022689805070518905), 304);
  v128.store(at, f64x2.splat(-0.006621000189570077), 320);
  v128.store(at, f64x2.splat(0.11270239285827922), 336);
  v128.store(at, f64x2.splat(-0.913531187499427), 352);
  v128.store(at, f64x2.splat(2.221441469079183), 368);
  v128.store(at, f64x2.splat(6.582623452809833e-7), 384);
  v128.store(at, f64x2.splat(-3.563830076114449e-5), 400);
  v128.store(at, f64x2.splat(0.0013000298682438226), 416);
  v128.store(at, f64x2.splat(-0.02950541741100118), 432);
  v128.store(at, f64x2.splat(0.3587428584323398), 448);
  v128.store(at, f64x2.splat(-1.7447160499096903), 464);
  v128.store(at, f64x2.splat(Math.SQRT2), 480);
}

/** Stores one number of four columns, `low` those of the first two, in T. */
function storeRow<T>(out: usize, low: v128, high: v128): void {
  if (sizeof<T>() === 4) {
    v128.store(out, v128.shuffle<i32>(f32x4.demote_f64x2_zero(low), f32x4.demote_f64x2_zero(high), 0, 1, 4, 5));
  } else {
    v128.store(out, low);
    v128.store(out, high, 16);
  }
}

/** `count` pairs of rows of four columns, see core/gaussian.ts; the columns are in two registers, a and b or 0 and 1. */
function gaussianPairs<T>(states: usize, count: usize, into: usize, rowBytes: usize): void {
  const table = ownScratch();
  let a0 = v128.load(states);
  let b0 = v128.load(states, 16);
  let a1 = v128.load(states, 32);
  let b1 = v128.load(states, 48);
  const end = into + count * 2 * rowBytes;
  for (let out = into; out < end; out += 2 * rowBytes) {
    let u0 = i64x2.add(a0, a1);
    let u1 = i64x2.add(b0, b1);
    let a = v128.xor(a0, a1);
    let b = v128.xor(b0, b1);
    a0 = v128.xor(v128.xor(v128.or(i64x2.shl(a0, 24), i64x2.shr_u(a0, 40)), a), i64x2.shl(a, 16));
    b0 = v128.xor(v128.xor(v128.or(i64x2.shl(b0, 24), i64x2.shr_u(b0, 40)), b), i64x2.shl(b, 16));
    a1 = v128.or(i64x2.shl(a, 37), i64x2.shr_u(a, 27));
    b1 = v128.or(i64x2.shl(b, 37), i64x2.shr_u(b, 27));
    const t0 = i64x2.add(a0, a1);
    const t1 = i64x2.add(b0, b1);
    a = v128.xor(a0, a1);
    b = v128.xor(b0, b1);
    a0 = v128.xor(v128.xor(v128.or(i64x2.shl(a0, 24), i64x2.shr_u(a0, 40)), a), i64x2.shl(a, 16));
    b0 = v128.xor(v128.xor(v128.or(i64x2.shl(b0, 24), i64x2.shr_u(b0, 40)), b), i64x2.shl(b, 16));
    a1 = v128.or(i64x2.shl(a, 37), i64x2.shr_u(a, 27));
    b1 = v128.or(i64x2.shl(b, 37), i64x2.shr_u(b, 27));

    // u from its upper 52 bits; u = m 2^-halvings, m from sqrt(1/2) on: the exponent of u / sqrt(1/2) tells
    const one = v128.load(table);
    let constant = v128.load(table, 16);
    u0 = f64x2.sub(v128.or(i64x2.shr_u(u0, 12), one), constant);
    u1 = f64x2.sub(v128.or(i64x2.shr_u(u1, 12), one), constant);
    constant = v128.load(table, 32);
    const shifted0 = i64x2.add(u0, constant);
    const shifted1 = i64x2.add(u1, constant);
    constant = v128.load(table, 48);
    const m0 = i64x2.add(i64x2.sub(u0, v128.and(shifted0, constant)), one);
    const m1 = i64x2.add(i64x2.sub(u1, v128.and(shifted1, constant)), one);
    const s0 = f64x2.div(f64x2.sub(m0, one), f64x2.add(m0, one));
    const s1 = f64x2.div(f64x2.sub(m1, one), f64x2.add(m1, one));
    const z0 = f64x2.mul(s0, s0);
    const z1 = f64x2.mul(s1, s1);
    constant = v128.load(table, 160);
    let radius0 = f64x2.mul(constant, z0);
    let radius1 = f64x2.mul(constant, z1);
    constant = v128.load(table, 176);
    radius0 = f64x2.mul(f64x2.add(radius0, constant), z0);
    radius1 = f64x2.mul(f64x2.add(radius1, constant), z1);
    constant = v128.load(table, 192);
    radius0 = f64x2.mul(f64x2.add(radius0, constant), z0);
    radius1 = f64x2.mul(f64x2.add(radius1, constant), z1);
    constant = v128.load(table, 208);
    radius0 = f64x2.mul(f64x2.add(radius0, constant), z0);
    radius1 = f64x2.mul(f64x2.add(radius1, constant), z1);
    constant = v128.load(table, 224);
    radius0 = f64x2.mul(f64x2.add(radius0, constant), z0);
    radius1 = f64x2.mul(f64x2.add(radius1, constant), z1);
    constant = v128.load(table, 240);
    radius0 = f64x2.mul(f64x2.add(radius0, constant), z0);
    radius1 = f64x2.mul(f64x2.add(radius1, constant), z1);
    constant = v128.load(table, 256);
    radius0 = f64x2.add(radius0, constant);
    radius1 = f64x2.add(radius1, constant);
    const integer = v128.load(table, 64);
    constant = v128.load(table, 80);
    const halvings0 = f64x2.sub(constant, v128.or(i64x2.shr_u(shifted0, 52), integer));
    const halvings1 = f64x2.sub(constant, v128.or(i64x2.shr_u(shifted1, 52), integer));
    constant = v128.load(table, 96);
    radius0 = f64x2.sqrt(f64x2.add(f64x2.mul(halvings0, constant), f64x2.mul(s0, radius0)));
    radius1 = f64x2.sqrt(f64x2.add(f64x2.mul(halvings1, constant), f64x2.mul(s1, radius1)));

    // the angle
    const odd = v128.load(table, 112);
    constant = v128.load(table, 128);
    const x0 = f64x2.sub(v128.or(i64x2.shr_u(i64x2.shl(t0, 1), 12), odd), constant);
    const x1 = f64x2.sub(v128.or(i64x2.shr_u(i64x2.shl(t1, 1), 12), odd), constant);
    const y0 = f64x2.mul(x0, x0);
    const y1 = f64x2.mul(x1, x1);
    constant = v128.load(table, 272);
    let sine0 = f64x2.mul(constant, y0);
    let sine1 = f64x2.mul(constant, y1);
    constant = v128.load(table, 288);
    sine0 = f64x2.mul(f64x2.add(sine0, constant), y0);
    sine1 = f64x2.mul(f64x2.add(sine1, constant), y1);
    constant = v128.load(table, 304);
    sine0 = f64x2.mul(f64x2.add(sine0, constant), y0);
    sine1 = f64x2.mul(f64x2.add(sine1, constant), y1);
    constant = v128.load(table, 320);
    sine0 = f64x2.mul(f64x2.add(sine0, constant), y0);
    sine1 = f64x2.mul(f64x2.add(sine1, constant), y1);
    constant = v128.load(table, 336);
    sine0 = f64x2.mul(f64x2.add(sine0, constant), y0);
    sine1 = f64x2.mul(f64x2.add(sine1, constant), y1);
    constant = v128.load(table, 352);
    sine0 = f64x2.mul(f64x2.add(sine0, constant), y0);
    sine1 = f64x2.mul(f64x2.add(sine1, constant), y1);
    constant = v128.load(table, 368);
    sine0 = f64x2.add(sine0, constant);
    sine1 = f64x2.add(sine1, constant);
    sine0 = f64x2.mul(x0, sine0);
    sine1 = f64x2.mul(x1, sine1);
    constant = v128.load(table, 384);
    let cosine0 = f64x2.mul(constant, y0);
    let cosine1 = f64x2.mul(constant, y1);
    constant = v128.load(table, 400);
    cosine0 = f64x2.mul(f64x2.add(cosine0, constant), y0);
    cosine1 = f64x2.mul(f64x2.add(cosine1, constant), y1);
    constant = v128.load(table, 416);
    cosine0 = f64x2.mul(f64x2.add(cosine0, constant), y0);
    cosine1 = f64x2.mul(f64x2.add(cosine1, constant), y1);
    constant = v128.load(table, 432);
    cosine0 = f64x2.mul(f64x2.add(cosine0, constant), y0);
    cosine1 = f64x2.mul(f64x2.add(cosine1, constant), y1);
    constant = v128.load(table, 448);
    cosine0 = f64x2.mul(f64x2.add(cosine0, constant), y0);
    cosine1 = f64x2.mul(f64x2.add(cosine1, constant), y1);
    constant = v128.load(table, 464);
    cosine0 = f64x2.mul(f64x2.add(cosine0, constant), y0);
    cosine1 = f64x2.mul(f64x2.add(cosine1, constant), y1);
    constant = v128.load(table, 480);
    cosine0 = f64x2.add(cosine0, constant);
    cosine1 = f64x2.add(cosine1, constant);
    constant = v128.load(table, 144);
    const across0 = v128.xor(f64x2.sub(one, f64x2.mul(sine0, sine0)), v128.and(t0, constant));
    const across1 = v128.xor(f64x2.sub(one, f64x2.mul(sine1, sine1)), v128.and(t1, constant));
    const up0 = f64x2.mul(sine0, cosine0);
    const up1 = f64x2.mul(sine1, cosine1);
    storeRow<T>(out, f64x2.mul(radius0, across0), f64x2.mul(radius1, across1));
    storeRow<T>(out + rowBytes, f64x2.mul(radius0, up0), f64x2.mul(radius1, up1));
  }
  v128.store(states, a0);
  v128.store(states, b0, 16);
  v128.store(states, a1, 32);
  v128.store(states, b1, 48);
}

/** `rows` Gaussian rows of the first `width` of four columns. */
function gaussianRows<T>(states: usize, out: usize, rowBytes: usize, rows: usize, width: usize): void {
  const whole: usize = width === LANES ? rows / 2 : 0;
  gaussianPairs<T>(states, whole, out, rowBytes);
  if (whole * 2 === rows) return;
  const rest = rows - whole * 2;
  const made = ownScratch() + ROWS_AT;
  gaussianPairs<T>(states, (rest + 1) / 2, made, LANES * sizeof<T>());
  for (let i: usize = 0; i < rest; i++) {
    const row = out + (whole * 2 + i) * rowBytes;
    for (let j: usize = 0; j < width; j++) {
      store<T>(row + j * sizeof<T>(), load<T>(made + (i * LANES + j) * sizeof<T>()));
    }
  }
}

/** The next words of signs of four columns. */
function signWords(states: usize): v128 {
  const a0 = v128.load(states);
  const b0 = v128.load(states, 16);
  const a1 = v128.load(states, 32);
  const b1 = v128.load(states, 48);
  const a = v128.xor(a0, a1);
  const b = v128.xor(b0, b1);
  const a24 = v128.or(i64x2.shl(a0, 24), i64x2.shr_u(a0, 40));
  const b24 = v128.or(i64x2.shl(b0, 24), i64x2.shr_u(b0, 40));
  v128.store(states, v128.xor(v128.xor(a24, a), i64x2.shl(a, 16)));
  v128.store(states, v128.xor(v128.xor(b24, b), i64x2.shl(b, 16)), 16);
  v128.store(states, v128.or(i64x2.shl(a, 37), i64x2.shr_u(a, 27)), 32);
  v128.store(states, v128.or(i64x2.shl(b, 37), i64x2.shr_u(b, 27)), 48);
  let word = v128.shuffle<i32>(i64x2.add(a0, a1), i64x2.add(b0, b1), 0, 2, 4, 6);
  word = i32x4.mul(v128.xor(word, i32x4.shr_u(word, 16)), i32x4.splat(0x21f0aaad));
  word = i32x4.mul(v128.xor(word, i32x4.shr_u(word, 15)), i32x4.splat(0x735a2d97));
  return v128.xor(word, i32x4.shr_u(word, 15));
}

/** `rows` rows of signs of the first `width` of four columns: 1 where a bit of the column's word is set. */
function signRows<T>(states: usize, out: usize, rowBytes: usize, rows: usize, width: usize): void {
  const zero = i32x4.splat(0);
  const made = ownScratch() + ROWS_AT;
  let word = zero;
  for (let i: usize = 0; i < rows; i++) {
    word = (i & 31) === 0 ? signWords(states) : i32x4.shr_u(word, 1);
    const row = out + i * rowBytes;
    const to = width < LANES ? made : row;
    const sign = i32x4.shl(word, 31);
    if (sizeof<T>() === 4) {
      v128.store(to, v128.xor(sign, f32x4.splat(-1)));
    } else {
      v128.store(to, v128.xor(v128.shuffle<i32>(zero, sign, 0, 4, 1, 5), f64x2.splat(-1)));
      v128.store(to, v128.xor(v128.shuffle<i32>(zero, sign, 2, 6, 3, 7), f64x2.splat(-1)), 16);
    }
    if (width === LANES) continue;
    for (let j: usize = 0; j < width; j++) store<T>(row + j * sizeof<T>(), load<T>(made + j * sizeof<T>()));
  }
}

/** `finalise` of core/random.ts: a bijection of words that spreads each bit over all. */
export function finalise(number: u32): u32 {
  let word = (number ^ (number >> 16)) * 0x21f0aaad;
  word = (word ^ (word >> 15)) * 0x735a2d97;
  return word ^ (word >> 15);
}

/**
 * `rows` rows of one sparse column, which are zero before: one sign in each `stride` rows, times its root. With stride 1 a number
 * makes 32 signs, as in {@link signRows}. `state` addresses the column's s0; s1 is behind those of its group.
 */
function sparseRows<T>(state: usize, out: usize, rowBytes: usize, rows: usize, stride: usize): void {
  let s0 = load<u64>(state);
  let s1 = load<u64>(state, LANES * 8);
  const step: usize = stride === 1 ? 32 : stride;
  const size = <T>Math.sqrt(<f64>stride);
  for (let first: usize = 0; first < rows; first += step) {
    let word = finalise(<u32>(s0 + s1));
    const s = s0 ^ s1;
    s0 = rotl<u64>(s0, 24) ^ s ^ (s << 16);
    s1 = rotl<u64>(s, 37);
    if (stride === 1) {
      const end = min(first + step, rows);
      for (let i = first; i < end; i++, word >>= 1) store<T>(out + i * rowBytes, (word & 1) === 1 ? 1 : -1);
    } else {
      const row = first + (<usize>word & (stride - 1));
      if (row < rows) store<T>(out + row * rowBytes, <i32>word < 0 ? -size : size);
    }
  }
  store<u64>(state, s0);
  store<u64>(state, s1, LANES * 8);
}

/** Columns `first..end` of a chunk of sparse columns, `strides` of all columns in u32. */
function sparseChunk<T>(
  states: usize,
  strides: usize,
  out: usize,
  rowBytes: usize,
  rows: usize,
  first: usize,
  end: usize,
): void {
  const bytes = (end - first) * sizeof<T>();
  for (let i: usize = 0; i < rows; i++) memory.fill(out + i * rowBytes + first * sizeof<T>(), 0, bytes);
  let col = first;
  // strides only grow: columns of signs come first
  for (; col + LANES <= end && load<u32>(strides + (col + LANES - 1) * 4) === 1; col += LANES) {
    signRows<T>(states + (col / LANES) * STATE_BYTES, out + col * sizeof<T>(), rowBytes, rows, LANES);
  }
  for (; col < end; col++) {
    const state = states + (col / LANES) * STATE_BYTES + (col % LANES) * 8;
    const stride = <usize>load<u32>(strides + col * 4);
    sparseRows<T>(state, out + col * sizeof<T>(), rowBytes, rows, stride);
  }
}

/** Numbers of the distributions. */
const GAUSSIAN: i32 = 0;
const SIGNS: i32 = 1;

/**
 * Fills rows of random columns, called by every thread of the team: they share the columns, in pieces of a cache line
 * where rows begin with one. What
 * others have filled is there when all have returned.
 * @param distribution 0 Gaussian, 1 signs, 2 sparse signs
 * @param states of groups of four columns, left where the next rows go on: a multiple of `chunk` further
 * @param strides of sparse columns, in u32
 * @param chunk rows made at once, a multiple of 64 and of all strides
 * @param out row-major, rows end to end
 */
export function randomColumns<T>(
  distribution: i32,
  states: usize,
  strides: usize,
  chunk: usize,
  out: usize,
  rows: usize,
  cols: usize,
): void {
  if (distribution === GAUSSIAN) putConstants(ownScratch());
  const rowBytes = cols * sizeof<T>();
  // where rows begin anywhere in a cache line threads share one of each row anyhow, and smaller pieces share the work more evenly
  const piece: usize = rowBytes % 64 === 0 ? 64 / sizeof<T>() : LANES;
  const pieces = (cols + piece - 1) / piece;
  const first = shareStart(pieces) * piece;
  const end = min(cols, shareEnd(pieces) * piece);
  for (let row: usize = 0; row < rows; row += chunk) {
    const height = min(chunk, rows - row);
    const start = out + row * rowBytes;
    if (distribution > SIGNS) {
      sparseChunk<T>(states, strides, start, rowBytes, height, first, end);
      continue;
    }
    for (let col = first; col < end; col += LANES) {
      const state = states + (col / LANES) * STATE_BYTES;
      const at = start + col * sizeof<T>();
      const width = min(LANES, end - col);
      if (distribution === GAUSSIAN) gaussianRows<T>(state, at, rowBytes, height, width);
      else signRows<T>(state, at, rowBytes, height, width);
    }
  }
}
