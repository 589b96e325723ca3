/** The record: which statements share an event, what is likely only, and the helpers that read it. */
import { apost, diagonalOperator, seigh, smallestRank } from '../../src/index.ts';
import { squaredInterval, withNoise } from '../../src/stats/interval.ts';
import { describe, expect, test } from '../support/jest.ts';

const n = 200;
const A = diagonalOperator(Float64Array.from({ length: n }, (_, i) => (i % 4 === 3 ? -1 : 1) / (i + 1)));
const sketch = await seigh(A, 30, { seed: 1 });

describe('the record', () => {
  test('survives JSON whole: plain numbers, null and arrays only', async () => {
    for (const approximation of [sketch, await seigh(A, 30, { method: 'nystrom' })]) {
      const cert = await apost(A, approximation, { tests: 10 });
      expect(JSON.parse(JSON.stringify(cert))).toEqual(cert);
    }
  });

  test('every statement of an event is a field, and every certified field is in exactly one event or sure', async () => {
    const cert = await apost(A, sketch, { tests: 10, confidence: 0.95 });
    const statements = cert.events.flatMap((event) => event.statements);
    expect(new Set(statements).size).toBe(statements.length);
    for (const name of statements) expect(cert).toHaveProperty(name.replace(/\.(lower|upper)$/, ''));
    expect(cert.events.map(({ name, probability }) => [name, probability])).toEqual([
      ['upper', 0.95],
      ['lower', 0.95],
      ['spectral', 0.95],
    ]);
  });

  test('core asymmetry of a one-pass method passes through', async () => {
    const onePass = await seigh(A, 20, { method: 'oversampled' });
    const cert = await apost(A, onePass);
    expect(cert.coreAsymmetry).toBe(onePass.coreAsymmetry);
    expect(cert.coreAsymmetry).toBeGreaterThan(1e-3);
  });
});

describe('smallestRank', () => {
  test('the first rank whose certified error is small enough', async () => {
    const cert = await apost(A, sketch, { tests: 30 });
    const rank = smallestRank(cert, 0.5)!;
    expect(cert.scree![rank]!.upper).toBeLessThanOrEqual(0.5);
    expect(cert.scree![rank - 1]!.upper).toBeGreaterThan(0.5);
    expect(smallestRank(cert, 1)).toBe(0);
    expect(smallestRank(cert, 1e-9)).toBeUndefined();
    expect(smallestRank({}, 0.5)).toBeUndefined();
  });

  test('an error that is not positive is refused', () => {
    expect(() => smallestRank({ scree: [] }, 0)).toThrow(
      'smallestRank: error must be a number between 0 and Infinity, got 0',
    );
  });
});

describe('likely intervals', () => {
  test.each<[string, Float64Array, number]>([
    ['rank one', Float64Array.from({ length: n }, (_, i) => (i ? 0 : 3)), 1],
    ['flat', new Float64Array(n).fill(-2), n],
    ['two equal', Float64Array.from({ length: n }, (_, i) => (i < 2 ? 1 : 0)), 2],
  ])('the effective dimension of a %s error', async (_, values, dimension) => {
    const zero = diagonalOperator(new Float64Array(n));
    let mean = 0;
    for (let seed = 0; seed < 50; seed++) {
      mean += (await apost(diagonalOperator(values), zero, { tests: 40, seed })).likely.effectiveDimension / 50;
    }
    // over 50 runs its mean scatters by about 1 % here; 10 % is far outside
    expect(mean / dimension).toBeGreaterThan(0.9);
    expect(mean / dimension).toBeLessThan(1.1);
  });

  test('for rank one the likely interval is the certified one: nothing can be narrower', async () => {
    const spike = diagonalOperator([3, 0, 0]);
    const { likely, errorFrob } = await apost(spike, diagonalOperator([0, 0, 0]), { tests: 10, confidence: 0.95 });
    expect(likely.errorFrob.upper).toBeCloseTo(errorFrob.upper, 10);
    expect(likely.errorFrob.lower).toBeCloseTo(errorFrob.lower, 10);
  });

  test('for a long tail it is far narrower', async () => {
    const { likely, errorFrob } = await apost(A, sketch, { tests: 10, confidence: 0.95 });
    expect(likely.errorFrob.upper / likely.errorFrob.estimate - 1).toBeLessThan(
      (errorFrob.upper / errorFrob.estimate - 1) / 3,
    );
  });
});

describe('noise in squared lengths', () => {
  test('the exact root mean square is within the noise of the measured one', () => {
    expect(withNoise(4, 0.5)).toEqual({ estimate: 4, lower: 2.25, upper: 6.25 });
    expect(withNoise(4, 3).lower).toBe(0);
  });

  test('noise widens both ends and leaves the estimate', () => {
    const exact = squaredInterval(1, 10, 0.95);
    const noisy = squaredInterval(1, 10, 0.95, 0.1);
    expect(noisy.estimate).toBe(exact.estimate);
    expect(noisy.upper / exact.upper).toBeCloseTo(1.21, 12);
    expect(noisy.lower / exact.lower).toBeCloseTo(0.81, 12);
  });
});
