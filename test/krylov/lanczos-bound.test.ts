/** The bound of an eigenvalue from a Lanczos run whose products carry noise: by hand, and against the worst noise. */
import { eigenvalueBound, mirrored } from '../../src/krylov/lanczos-bound.ts';
import { expect, test } from '../support/jest.ts';
import { uniforms } from '../support/matrices.ts';

test('one and two steps by hand', () => {
  // (x - 1) s / L = b + noise
  const one = { length: 2, diagonal: [1], offDiagonal: [0.5] };
  expect(eigenvalueBound(one, 0.1, () => 0.4)).toBeCloseTo(1 + (0.6 * 2) / 0.4, 12);
  // x = 3: (x - T) y = e_1 has y = (2, 1) / 3, so 0.1 (2 + 1) / 3 + 0.8 / 3 = s / L
  const two = { length: 3, diagonal: [1, 1], offDiagonal: [1, 0.8] };
  expect(eigenvalueBound(two, 0.1, () => 1.1)).toBeCloseTo(3, 12);
  expect(eigenvalueBound(mirrored({ ...two, diagonal: [-1, -1] }), 0.1, () => 1.1)).toBeCloseTo(3, 12);
});

test('the same at every scale, bit for bit', () => {
  const run = { length: 3, diagonal: [1, 0.3], offDiagonal: [1.7, 0.8] };
  const bound = eigenvalueBound(run, 0.1, () => 0.2);
  for (const scale of [2 ** -1000, 2 ** -300, 2 ** 900]) {
    const scaled = { ...run, diagonal: [scale, 0.3 * scale], offDiagonal: [1.7 * scale, 0.8 * scale] };
    expect(eigenvalueBound(scaled, 0.1 * scale, () => 0.2)).toBe(bound * scale);
  }
});

test('a vector that lies in the basis leaves no space for an eigenvalue', () => {
  const run = { length: 0, diagonal: [3], offDiagonal: [1] };
  expect(eigenvalueBound(run, 0.1, () => 0.2)).toBe(Number.NEGATIVE_INFINITY);
  // nor does a run that ended with one value, without noise, for another one
  expect(eigenvalueBound({ length: 2, diagonal: [0], offDiagonal: [0] }, 0, () => 0.2)).toBe(0);
});

const dot = (x: number[], y: number[]): number => x.reduce((sum, value, i) => sum + value * y[i]!, 0);

test.each([0, 1e-6, 1e-3, 0.1])(
  'with noise %f along the eigenvector, whichever way hurts, it holds and is attained',
  (noise) => {
    const next = uniforms(7);
    let closest = Number.POSITIVE_INFINITY;
    for (let trial = 0; trial < 300; trial++) {
      const n = 3 + (trial % 10);
      // the eigenvector of the largest eigenvalue is the first unit vector, and g has little of it
      const values = Array.from({ length: n }, (_, i) => (i === 0 ? 1 : next()));
      const g = Array.from({ length: n }, (_, i) => (i === 0 ? 0.05 * (next() + 1.2) : next()));
      const length = Math.sqrt(dot(g, g));
      const sign = [1, -1, 0][trial % 3]!;
      let [before, v] = [new Array<number>(n).fill(0), g.map((value) => value / length)];
      const [diagonal, offDiagonal] = [[] as number[], [] as number[]];
      for (let step = 0; step < Math.min(4, n - 1); step++) {
        const product = v.map((value, i) => values[i]! * value - (i === 0 ? sign * noise : 0));
        const alpha = dot(v, product);
        const beta = offDiagonal.at(-1) ?? 0;
        const rest = product.map((value, i) => value - alpha * v[i]! - beta * before[i]!);
        const left = Math.sqrt(dot(rest, rest));
        diagonal.push(alpha);
        offDiagonal.push(left);
        [before, v] = [v, rest.map((value) => value / left)];
      }
      const bound = eigenvalueBound({ length, diagonal, offDiagonal }, noise, () => Math.abs(g[0]!));
      expect(bound).toBeGreaterThanOrEqual(1 - 1e-9);
      closest = Math.min(closest, bound);
    }
    expect(closest).toBeLessThan(1.01);
  },
);
