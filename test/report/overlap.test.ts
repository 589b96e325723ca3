/** Overlaps of leading subspaces against operators whose eigenvectors are known: every interval holds, and none is empty talk. */
import { apost, denseOperator, eigsh, seigh } from '../../src/index.ts';
import { overlapSvg, subspaceOverlap } from '../../src/report/index.ts';
import { randomOrthogonal } from '../../src/testing/index.ts';
import { describe, expect, test } from '../support/jest.ts';
import { attributesOf, elementsOf, textsOf } from '../support/svg.ts';

const N = 120;
const K = 10;

/** Q diag(values) Q^T and Q, whose columns are turned by `angle` from those of the identity's in pairs (1, 41), (2, 42), ... */
function turned(angle: number, values: readonly number[]) {
  const Q = randomOrthogonal(N, 5).data;
  const [c, s] = [Math.cos(angle), Math.sin(angle)];
  const V = Float64Array.from(Q);
  for (let row = 0; row < N; row++) {
    for (let j = 0; j < 20; j++) {
      const [a, b] = [Q[row * N + j]!, Q[row * N + j + 40]!];
      V[row * N + j] = c * a + s * b;
      V[row * N + j + 40] = c * b - s * a;
    }
  }
  const A = new Float64Array(N * N);
  for (let i = 0; i < N; i++) {
    for (let j = 0; j <= i; j++) {
      let sum = 0;
      for (let k = 0; k < N; k++) sum += V[i * N + k]! * values[k]! * V[j * N + k]!;
      A[i * N + j] = sum;
      A[j * N + i] = sum;
    }
  }
  return denseOperator(A, [N, N]);
}

const steps = Array.from({ length: N }, (_, i) => (i % 3 === 1 ? -1 : 1) * 0.6 ** i);

async function certified(angle: number, dims: number, seed: number) {
  const A = turned(angle, steps);
  const result = await seigh(A, dims, { seed });
  return { result, certificate: await apost(A, result, { tests: 10, confidence: 0.99, seed: seed + 1 }) };
}

describe('of two rotated operators', () => {
  const ANGLE = 0.3;

  test('every interval contains the exact overlap, cos(angle) for every s, which the computed vectors miss', async () => {
    let [bounded, missed] = [0, 0];
    for (const seed of [1, 11, 21, 31, 41]) {
      const overlap = await subspaceOverlap(await certified(0, 14, seed), await certified(ANGLE, 14, seed + 5), {
        dims: K,
      });
      expect(overlap.confidence).toBeCloseTo(0.98, 12);
      for (const { estimate, lower, upper } of overlap.subspaces) {
        expect(lower).toBeLessThanOrEqual(Math.cos(ANGLE));
        expect(upper).toBeGreaterThanOrEqual(Math.cos(ANGLE));
        if (lower === 0 && upper === 1) continue;
        bounded++;
        if (Math.abs(estimate - Math.cos(ANGLE)) > 1e-5) missed++;
      }
    }
    // of 50
    expect(bounded).toBeGreaterThan(20);
    expect(missed).toBeGreaterThan(5);
  });

  test('cosines are those of the leading vectors by magnitude, whatever the order of a result', async () => {
    const A = turned(0, steps);
    const B = turned(ANGLE, steps);
    const all = { result: await eigsh(A, 6, { tol: 1e-12, seed: 1 }) };
    const low = { result: await eigsh(B, 2, { tol: 1e-12, seed: 1, which: 'SA' }) };
    const { cosines, dims, subspaces, confidence } = await subspaceOverlap(all, low, { dims: 2 });
    // the leading two of B's negative ones are its second and fifth
    expect(dims).toBe(2);
    expect(Array.from(cosines)).toEqual([0, 0, Math.cos(ANGLE), 0].map((value) => expect.closeTo(value, 8)));
    expect(confidence).toBeUndefined();
    expect(subspaces.map(({ lower, upper }) => [lower, upper])).toEqual([[0, 1], [0, 1]]); // biome-ignore format: a list
    expect(subspaces[1]!.estimate).toBeCloseTo(Math.cos(ANGLE) / Math.SQRT2, 8);
  });

  test('the figure has a bar where a gap is certified, and hollow points elsewhere', async () => {
    const [a, b] = [await certified(0, 14, 1), await certified(ANGLE, 14, 6)];
    const overlap = await subspaceOverlap(a, b, { dims: K });
    const without = await subspaceOverlap(a, { result: b.result }, { dims: K });
    const isBounded = overlap.subspaces.map(({ lower, upper }) => lower > 0 || upper < 1);
    const svg = await overlapSvg(overlap);
    const hollow = attributesOf(svg, 'symbol', 'fill')
      .flat()
      .map((fill) => fill === 'white');
    expect(hollow).toEqual(isBounded.map((is) => !is));
    expect(attributesOf(svg, 'rule', 'y2')).toHaveLength(isBounded.filter(Boolean).length);
    expect(elementsOf(svg).filter(({ role }) => role === 'rect')).toHaveLength(K * K);
    expect(textsOf(svg, 'title-subtitle').join(' ').replace(/\s+/g, ' ')).toContain('all with probability 0.98');
    const bare = await overlapSvg(without);
    expect(attributesOf(bare, 'rule', 'y2')).toEqual([]);
    expect(textsOf(bare, 'title-subtitle').join(' ')).toContain('no gap is certified');
  });
});

test('what cannot be compared is refused', async () => {
  const a = await certified(0, 6, 1);
  const other = { result: await seigh(denseOperator(Float64Array.of(2, 0, 0, 1), [2, 2]), 2) };
  await expect(subspaceOverlap(a, other)).rejects.toThrow(
    'subspaceOverlap: the results are of operators of size 120 and 2',
  );
  await expect(subspaceOverlap(a, a, { dims: 7 })).rejects.toThrow(
    'subspaceOverlap: dims must be an integer in 1..6, got 7',
  );
  await expect(subspaceOverlap(a, {} as never)).rejects.toThrow(
    'subspaceOverlap: second must be a record { result, certificate }',
  );
  await expect(overlapSvg({ dims: 2, cosines: [1], subspaces: [] } as never)).rejects.toThrow(
    'overlapSvg: an overlap of 2 vectors',
  );
});

test('a certificate of another result is refused, and what is none', async () => {
  const [one, other] = [await certified(0, 12, 1), await certified(0.1, 12, 2)];
  const mixed = { result: one.result, certificate: other.certificate };
  await expect(subspaceOverlap(one, mixed)).rejects.toThrow(
    /^subspaceOverlap: second\.certificate is of another result: its eigenvalue 0 is /,
  );
  await expect(subspaceOverlap({ result: one.result, certificate: {} as never }, one)).rejects.toThrow(
    'subspaceOverlap: first.certificate: its certificate has schema version undefined',
  );
});
