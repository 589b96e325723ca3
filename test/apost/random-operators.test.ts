/**
 * Statements about random operators against exact values: many spectra, scales, element types, kinds of noise and methods.
 * What is certain is never false, and what has a probability is false no more often than that leaves.
 */
import { noisyDiagonal, proportionallyNoisyDiagonal } from '../../bench/support/spectra.ts';
import { judge, truthOf } from '../../bench/support/truth.ts';
import { CERTIFIED_LENGTHS } from '../../src/apost/certificate.ts';
import {
  apost,
  type Certificate,
  diagonalOperator,
  type EighResult,
  eigsh,
  frobeniusNorm,
  type LinearOperator,
  NumericalError,
  seigh,
  spectralNorm,
  trace,
} from '../../src/index.ts';
import { withScaledFields } from '../../src/linops/at-scale.ts';
import { expect, test } from '../support/jest.ts';
import { long, repeatedTitle, repeats } from '../support/long.ts';
import { uniforms } from '../support/matrices.ts';

const OPERATORS = repeats(30, 60, 1000);
const CONFIDENCE = 0.9;
const n = 48;

/** Uniform in (0, 1). */
type Next = () => number;
const whole = (next: Next, from: number, to: number): number => from + Math.floor(next() * (to - from + 1));
const pick = <T>(next: Next, choices: readonly T[]): T => choices[whole(next, 0, choices.length - 1)]!;

/** Magnitudes of eigenvalues, i = 0, 1, ..., n - 1, with random rates, ranks and multiplicities. */
const FAMILIES: Record<string, (next: Next) => (i: number) => number> = {
  power: (next) => {
    const rate = 0.3 + 2 * next();
    return (i) => (i + 1) ** -rate;
  },
  geometric: (next) => {
    const base = 0.4 + 0.59 * next();
    return (i) => base ** i;
  },
  'low rank': (next) => {
    const rank = whole(next, 0, 14);
    return (i) => (i < rank ? 1 + next() : 0);
  },
  flat: () => () => 1,
  steps: (next) => {
    const copies = whole(next, 2, 9);
    const base = 0.1 + 0.8 * next();
    return (i) => base ** Math.floor(i / copies);
  },
  'a spike': (next) => {
    const spike = 10 ** (8 * next());
    return (i) => (i === 0 ? spike : 1 / i);
  },
  cluster: (next) => {
    const width = 10 ** (-12 * next());
    return (i) => (i < 6 ? 1 + width * i : 0.3 / (i - 4));
  },
  uniform: (next) => () => next(),
};

/** Single numbers of an element type, so that the operator has exactly these eigenvalues. */
function spectrum(next: Next, dtype: 'float32' | 'float64'): { family: string; values: Float64Array } {
  const family = pick(next, Object.keys(FAMILIES));
  const magnitude = FAMILIES[family]!(next);
  const negative = pick(next, [0, 0, 0.1, 0.5]);
  const values = Float64Array.from({ length: n }, (_, i) => (next() < negative ? -1 : 1) * magnitude(i));
  return { family, values: dtype === 'float32' ? Float64Array.from(Float32Array.from(values)) : values };
}

/** 2^e A: exact. */
function scaledBy(A: LinearOperator, e: number): LinearOperator {
  if (e === 0) return A;
  return {
    ...A,
    matmat: async (X) => {
      const Y = await A.matmat(X);
      return { ...Y, data: Y.data.map((value) => value * 2 ** e) as Float64Array };
    },
  };
}

const METHODS: Record<string, (A: LinearOperator, next: Next, seed: number) => Promise<EighResult>> = {
  hmt: (A, next, seed) => seigh(A, whole(next, 1, n), { seed }),
  'hmt, a power iteration': (A, next, seed) => seigh(A, whole(next, 1, 20), { powerIterations: 1, seed }),
  refine: (A, next, seed) => seigh(A, whole(next, 1, 30), { refine: true, seed }),
  krylov: (A, next, seed) =>
    seigh(A, whole(next, 1, n), { method: 'krylov', blockSize: whole(next, 1, 6), testMatrix: 'rademacher', seed }),
  nystrom: (A, next, seed) => seigh(A, whole(next, 2, 30), { method: 'nystrom', seed }),
  oversampled: (A, next, seed) => seigh(A, whole(next, 1, 12), { method: 'oversampled', seed }),
  eigsh: (A, next, seed) => eigsh(A, whole(next, 1, 8), { blockSize: whole(next, 1, 3), seed }),
  'eigsh, one end': (A, next, seed) => eigsh(A, whole(next, 1, 5), { which: 'SA', tol: 1e-3, seed }),
  'krylov to a tolerance': (A, next, seed) => seigh(A, { tol: 0.02 + 0.5 * next(), confidence: CONFIDENCE, seed }),
  'hmt to a tolerance': (A, next, seed) =>
    seigh(A, { tol: 0.02 + 0.5 * next(), method: 'hmt', confidence: CONFIDENCE, seed, blockSize: 6 }),
};

/** Statements by name: how often they were made, and the cases in which they were false. */
const tally = new Map<string, { made: number; false: string[] }>();
const count = (statement: string, holds: boolean, about: string): void => {
  const so = tally.get(statement) ?? { made: 0, false: [] };
  so.made++;
  if (!holds) so.false.push(about);
  tally.set(statement, so);
};

/** Counts the statements of a certificate of 2^e diag(values). */
async function countCertificate(cert: Certificate, values: Float64Array, result: EighResult, e: number, about: string) {
  const atUnit = withScaledFields(cert, CERTIFIED_LENGTHS, -e);
  const unitResult = { ...result, eigenvalues: result.eigenvalues.map((value) => value * 2 ** -e) };
  const verdicts = judge(atUnit, await truthOf(values, unitResult));
  for (const [statement, holds] of Object.entries(verdicts)) count(statement, holds, about);
}

/** Estimators of norms and traces. */
async function countEstimates(A: LinearOperator, values: Float64Array, e: number, seed: number, about: string) {
  const options = { confidence: CONFIDENCE, seed };
  const unit = 2 ** -e;
  const norm = await frobeniusNorm(A, { ...options, tests: 12 });
  const frobenius = Math.hypot(...values);
  count('frobeniusNorm.lower', norm.lower * unit <= frobenius, about);
  count('frobeniusNorm.upper', norm.upper * unit >= frobenius, about);
  const largest = await spectralNorm(A, { ...options, order: 12 });
  const spectral = Math.max(...values.map(Math.abs));
  count('spectralNorm.lower, certain', largest.lower * unit <= spectral, about);
  count('spectralNorm.upper', largest.upper * unit >= spectral, about);
  const certified = await trace(A, { ...options, maxProducts: 12 });
  const sum = values.reduce((total, value) => total + value, 0);
  count('trace.lower', certified.lower * unit <= sum, about);
  count('trace.upper', certified.upper * unit >= sum, about);
}

/** A search to a tolerance states its own certificate; others are certified with fresh vectors. */
const ownCertificate = (result: EighResult): Certificate | undefined =>
  (result as Partial<{ certificate: Certificate }>).certificate;

const CERTAIN = ['eigenvalueIntervals', 'inertia', 'spectralNorm.lower, certain'];

test(repeatedTitle(`${OPERATORS} random operators`), async () => {
  let refused = 0;
  for (let index = 0; index < OPERATORS; index++) {
    const next: Next = (() => {
      const inBoth = uniforms(index + 1);
      for (let skip = 0; skip < 5; skip++) inBoth();
      return () => (inBoth() + 1) / 2;
    })();
    const dtype = index % 2 ? 'float32' : 'float64';
    const { family, values } = spectrum(next, dtype);
    const noise = pick(next, ['none', 'none', 'in proportion', dtype === 'float32' ? 'absolute' : 'none']);
    const relative = (dtype === 'float32' ? 1e-6 : 1e-10) * 10 ** (2 * next());
    const exact = diagonalOperator(dtype === 'float32' ? Float32Array.from(values) : values);
    const unscaled = {
      none: () => exact,
      absolute: () => noisyDiagonal(values, relative * Math.max(...values.map(Math.abs)), index + 1),
      'in proportion': () => proportionallyNoisyDiagonal(values, { dtype, relative }, index + 1),
    }[noise]!();
    const e = pick(next, dtype === 'float32' ? [0, 0, -60, 60] : [0, 0, -700, -300, 300, 700]);
    const A = scaledBy({ ...unscaled }, e);
    const method = Object.keys(METHODS)[index % Object.keys(METHODS).length]!;
    const about = JSON.stringify({ index, family, dtype, noise, relative, e, method });
    try {
      const result = await METHODS[method]!(A, next, index);
      const own = ownCertificate(result);
      const cert = own ?? (await apost(A, result, { tests: 8, confidence: CONFIDENCE, seed: index }));
      await countCertificate(cert, values, result, e, about);
      if (index % 3 === 0) await countEstimates(A, values, e, index, about);
    } catch (error) {
      // noise may be too much to call the operator symmetric
      if (!(error instanceof NumericalError) || noise === 'none') throw error;
      refused++;
    }
  }
  expect(refused).toBeLessThan(0.05 * OPERATORS);
  const tooOften: Record<string, unknown> = {};
  for (const [statement, so] of tally) {
    if (statement.startsWith('likely')) continue;
    const miss = CERTAIN.includes(statement) ? 0 : 1 - CONFIDENCE;
    // 4.5 standard errors of a binomial: a correct program has more with probability 4e-6 for each of some thirty statements
    const most = so.made * miss + 4.5 * Math.sqrt(so.made * miss * (1 - miss));
    if (so.false.length > most) tooOften[statement] = { made: so.made, cases: so.false.slice(0, 10) };
    expect(so.made).toBeGreaterThan(OPERATORS / 10);
  }
  if (long) console.log(JSON.stringify([...tally].map(([name, so]) => [name, so.made, so.false.length])));
  expect(tooOften).toEqual({});
}, 900_000);
