/**
 * Two standard Gaussian numbers from 128 random bits, by operations that IEEE 754 fixes to the last bit (+ - * / and the
 * square root, none of them fused): every engine, and WebAssembly, gives the same bits. `log`, `sin` and `cos` of an engine
 * would not.
 *
 * The polar method of Box & Muller 1958, (r cos t, r sin t) with r = sqrt(-2 log u). Both u and t are midpoints of 2^52 equal
 * parts, of (0, 1) and of a circle, so r reaches 8.57. Before rounding, the distribution function of each number is off by at
 * most 2^-52; rounding and polynomials move a pair by at most 1e-15 r.
 */

/** Of -2 log m = s P(s^2), s = (m - 1) / (m + 1), for m from sqrt(1/2) to sqrt(2): minimax with P0 fixed, relative error 2e-16. */
const P0 = -4;
const P1 = -1.3333333333317499;
const P2 = -0.800000001042726;
const P3 = -0.5714283430249495;
const P4 = -0.44446740441169424;
const P5 = -0.3624737567914764;
const P6 = -0.3363860114552851;

/** Of sqrt(2) sin(pi x / 2) = x S(x^2) for |x| <= 1/2: minimax, relative error 4e-18. */
const S0 = 2.221441469079183;
const S1 = -0.913531187499427;
const S2 = 0.11270239285827922;
const S3 = -0.006621000189570077;
const S4 = 0.00022689805070518905;
const S5 = -5.089247975247804e-6;
const S6 = 7.967284660037368e-8;

/** Of sqrt(2) cos(pi x / 2) = C(x^2) for |x| <= 1/2: minimax, relative error 1e-16. */
const C0 = Math.SQRT2;
const C1 = -1.7447160499096903;
const C2 = 0.3587428584323398;
const C3 = -0.02950541741100118;
const C4 = 0.0013000298682438226;
const C5 = -3.563830076114449e-5;
const C6 = 6.582623452809833e-7;

const TWICE_LOG_2 = 1.3862943611198906;

/** 2^(i - 52): takes a midpoint with i leading zeros to [1/2, 1). */
const SCALES: Float64Array = Float64Array.from({ length: 53 }, (_, i) => 2 ** (i - 52));

/**
 * Writes the pair to `into`. Words are 32 bits: the upper 52 of the first two are u; the first bit of the others is the sign of the
 * cosine, the next 51 are t / pi in (-1/2, 1/2).
 */
export function gaussianPair(
  highOfU: number,
  lowOfU: number,
  highOfT: number,
  lowOfT: number,
  into: Float64Array,
): void {
  const low = lowOfU >>> 12;
  let halvings = highOfU === 0 ? 20 + Math.clz32(low) : Math.clz32(highOfU);
  let m = ((highOfU >>> 0) * 2 ** 20 + low + 0.5) * SCALES[halvings]!;
  if (m < Math.SQRT1_2) {
    m *= 2;
    halvings++;
  }
  const s = (m - 1) / (m + 1);
  const z = s * s;
  const logarithm = s * ((((((P6 * z + P5) * z + P4) * z + P3) * z + P2) * z + P1) * z + P0);
  const radius = Math.sqrt(halvings * TWICE_LOG_2 + logarithm);
  const x = ((highOfT & 0x7fffffff) * 2 ** 20 + (lowOfT >>> 12) + 0.5) * 2 ** -51 - 0.5;
  const y = x * x;
  // of half the angle, each times sqrt(2)
  const sine = x * ((((((S6 * y + S5) * y + S4) * y + S3) * y + S2) * y + S1) * y + S0);
  const cosine = (((((C6 * y + C5) * y + C4) * y + C3) * y + C2) * y + C1) * y + C0;
  const across = 1 - sine * sine;
  into[0] = radius * (highOfT < 0 ? -across : across);
  into[1] = radius * (sine * cosine);
}
