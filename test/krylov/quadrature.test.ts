/** Gauss quadrature: nodes and weights that are known in closed form, and what a run of random vectors costs and tells. */
import { diagonalOperator } from '../../src/index.ts';
import type { KrylovContext } from '../../src/krylov/decomposition.ts';
import { gaussRadauRule, gaussRule, stochasticRules } from '../../src/krylov/quadrature.ts';
import { jsKernels } from '../../src/linalg/kernels/js.ts';
import { hostSpace } from '../../src/multivector/host.ts';
import { describe, expect, test } from '../support/jest.ts';

/** The Jacobi matrix of Legendre polynomials, m x m, times `scale`. */
const legendre = (m: number, scale = 1) => ({
  diagonal: new Float64Array(m),
  offDiagonal: Float64Array.from({ length: m - 1 }, (_, i) => (scale * (i + 1)) / Math.sqrt(4 * (i + 1) ** 2 - 1)),
});

function expectRule(
  rule: { nodes: Float64Array; weights: Float64Array },
  nodes: number[],
  weights: number[],
  scale = 1,
) {
  expect(rule.nodes.length).toBe(nodes.length);
  for (const [i, node] of nodes.entries()) expect(rule.nodes[i]! / scale).toBeCloseTo(node, 13);
  for (const [i, weight] of weights.entries()) expect(rule.weights[i]).toBeCloseTo(weight, 13);
}

describe('rules', () => {
  // NumPy 2: numpy.polynomial.legendre.leggauss(4), weights of the mean over (-1, 1)
  test.each([1, 2 ** 600, 2 ** -900])('Gauss-Legendre with four nodes, times %d', async (scale) => {
    expectRule(
      await gaussRule(legendre(4, scale), jsKernels),
      [-0.8611363115940526, -0.33998104358485626, 0.33998104358485626, 0.8611363115940526],
      [0.17392742256872679, 0.3260725774312732, 0.3260725774312732, 0.17392742256872679],
      scale,
    );
  });

  test('one node', async () => {
    const T = { diagonal: Float64Array.of(-3), offDiagonal: new Float64Array(0) };
    expectRule(await gaussRule(T, jsKernels), [-3], [1]);
    // nodes -5 and -2: the mean -3 and the variance 2 of T and what is beside it
    expectRule(await gaussRadauRule(T, Math.SQRT2, -5, jsKernels), [-5, -2], [1 / 3, 2 / 3]);
  });

  // SciPy 1.17: x, w = roots_jacobi(3, 0, 1); w / (1 + x) / 2, and 1 / 16 for -1
  test('Gauss-Radau-Legendre with four nodes, one of them -1', async () => {
    expectRule(
      await gaussRadauRule(legendre(3), 3 / Math.sqrt(35), -1, jsKernels),
      [-1, -0.575318923521694, 0.18106627111853066, 0.8228240809745921],
      [0.0625, 0.3288443199800598, 0.38819346884317196, 0.22046221117676829],
    );
  });
});

describe('rules of random vectors', () => {
  const n = 30;
  const values = Float64Array.from({ length: n }, (_, i) => [4, -3, 1][i % 3]!);
  const context = (scale = 1): KrylovContext => ({
    op: diagonalOperator(values.map((value) => value * scale)),
    ...{ space: hostSpace(n, 'float64'), seed: 3, kernels: jsKernels },
  });

  test('a Krylov space that is invariant ends a run: so many products, and nothing beyond', async () => {
    const told: unknown[] = [];
    const onProgress = (progress: unknown): void => void told.push(progress);
    const { rules, runs, numMatvecs } = await stochasticRules({ order: 5, runs: 2, onProgress }, context());
    // three eigenvalues, the third product leaves nothing; one product finds the scale
    expect(numMatvecs).toBe(2 * 3);
    for (const rule of rules) {
      for (const [i, node] of [-3, 1, 4].entries()) expect(rule.nodes[i]).toBeCloseTo(node, 12);
      expect(rule.weights.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 13);
    }
    expect(rules[0]!.weights[0]).not.toBe(rules[1]!.weights[0]);
    expect(runs.map(({ beyond, T }) => [beyond, T.diagonal.length, T.offDiagonal.length])).toEqual([
      [0, 3, 2],
      [0, 3, 2],
    ]);
    const at = (done: number) => ({ stage: 'krylov', done, total: 10 });
    expect(told).toEqual([0, 1, 2, 3, 5, 6, 7, 8, 10].map(at));
  });

  test('T, what is beyond it and the nodes are in units of the operator, at every scale', async () => {
    const { rules, runs } = await stochasticRules({ order: 2, runs: 1 }, context());
    // p(A) v with p(x) = (x - node_1) (x - node_2) has the length of both numbers beside the diagonal
    const { nodes, weights } = rules[0]!;
    const { T, beyond } = runs[0]!;
    expect(nodes[0]! + nodes[1]!).toBeCloseTo(T.diagonal[0]! + T.diagonal[1]!, 12);
    expect(nodes[0]! * weights[0]! + nodes[1]! * weights[1]!).toBeCloseTo(T.diagonal[0]!, 12);
    expect(beyond).toBeGreaterThan(0.1);
    for (const scale of [2 ** -600, 2 ** 500]) {
      const scaled = await stochasticRules({ order: 2, runs: 1 }, context(scale));
      expect(scaled.rules[0]!.nodes).toEqual(nodes.map((node) => node * scale));
      expect(scaled.rules[0]!.weights).toEqual(weights);
      expect(scaled.runs[0]!.beyond).toBe(beyond * scale);
      expect(scaled.runs[0]!.T.diagonal).toEqual(T.diagonal.map((value) => value * scale));
      expect(scaled.runs[0]!.T.offDiagonal).toEqual(T.offDiagonal.map((value) => value * scale));
    }
  });

  test('an operator that is not symmetric is refused, a signal is heard', async () => {
    const skew = {
      ...context().op,
      matmat: (X: { data: Float64Array }) => ({
        ...X,
        data: X.data.toReversed().map((value, i) => (i % 2 ? value : 2 * value)),
      }),
    };
    await expect(stochasticRules({ order: 9, runs: 1 }, { ...context(), op: skew as never })).rejects.toThrow(
      'the operator is not symmetric',
    );
    const abort = new AbortController();
    const onProgress = ({ done }: { done: number }): void => {
      if (done === 2) abort.abort(new Error('enough'));
    };
    await expect(stochasticRules({ order: 3, runs: 2, onProgress, signal: abort.signal }, context())).rejects.toThrow(
      'enough',
    );
  });
});
