/** The spectra that certificates are judged on, and operators with noise in their products. */
import { type Block, type DType, diagonalOperator, type LinearOperator } from '../../src/index.ts';

/** Eigenvalues by name. Sketches with Gaussian columns behave alike in every basis, so operators may be diagonal. */
export const judged: Record<string, (n: number) => Float64Array> = {
  'rank one': (n) => Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 0)),
  flat: (n) => new Float64Array(n).fill(1),
  '1/j': (n) => Float64Array.from({ length: n }, (_, i) => 1 / (i + 1)),
  geometric: (n) => Float64Array.from({ length: n }, (_, i) => 0.8 ** i),
  'half spike, half flat': (n) => Float64Array.from({ length: n }, (_, i) => (i === 0 ? 1 : 1 / Math.sqrt(n - 1))),
  'rank five': (n) => Float64Array.from({ length: n }, (_, i) => Math.max(0, 5 - i)),
  '± pairs': (n) => Float64Array.from({ length: n }, (_, i) => (i % 2 ? -1 : 1) / (1 + Math.floor(i / 2))),
};

/** A few large eigenvalues, some negative, over a bulk that decays like 1/j: what Hessians of networks look like. */
export function hessianLike(n: number): Float64Array {
  const leading = (i: number): number => 100 * 2 ** (-i / 2) * (i % 4 === 3 ? -0.1 : 1);
  return Float64Array.from({ length: n }, (_, i) => (i < 10 ? leading(i) : (i % 7 === 3 ? -1 : 1) / (i - 8)));
}

/** Standard normal numbers from a generator that shares nothing with the library's (Park & Miller 1988; Box & Muller). */
export function normals(seed: number): () => number {
  let state = (seed % 2147483646) + 1;
  const uniform = (): number => {
    state = (state * 48271) % 2147483647;
    return state / 2147483647;
  };
  return () => Math.sqrt(-2 * Math.log(uniform())) * Math.cos(2 * Math.PI * uniform());
}

/** diag(values) in float32 whose products carry random noise of norm `noise` per unit vector, new at every product. */
export function noisyDiagonal(values: Float64Array, noise: number, seed: number): LinearOperator {
  const exact = diagonalOperator(Float32Array.from(values));
  const next = normals(seed);
  const n = values.length;
  return {
    ...exact,
    matmat: async (X) => {
      const Y = await exact.matmat(X);
      const lengths = new Float64Array(X.cols);
      for (const [at, value] of X.data.entries()) lengths[at % X.cols]! += value ** 2;
      return { ...Y, data: Y.data.map((y, at) => y + noise * Math.sqrt(lengths[at % X.cols]! / n) * next()) };
    },
  };
}

/** Random noise of norm `relative` ||A x|| in every product of norm at least `threshold` ||x||, new each time. */
export interface ProportionalNoise {
  dtype: DType;
  relative: number;
  /** Default 0: every product. */
  threshold?: number;
}

/** diag(values) whose products carry noise in proportion to themselves, as those of deep networks do. */
export function proportionallyNoisyDiagonal(
  values: Float64Array,
  { dtype, relative, threshold = 0 }: ProportionalNoise,
  seed: number,
): LinearOperator {
  const exact = diagonalOperator(dtype === 'float32' ? Float32Array.from(values) : values);
  const next = normals(seed);
  const n = values.length;
  const squares = ({ cols, data }: Block): Float64Array => {
    const sums = new Float64Array(cols);
    for (const [at, value] of data.entries()) sums[at % cols]! += value ** 2;
    return sums;
  };
  return {
    ...exact,
    matmat: async (X) => {
      const Y = await exact.matmat(X);
      const [inputs, products] = [squares(X), squares(Y)];
      const size = products.map((square, j) =>
        square >= threshold ** 2 * inputs[j]! ? relative * Math.sqrt(square / n) : 0,
      );
      return { ...Y, data: Y.data.map((y, at) => y + size[at % Y.cols]! * next()) };
    },
  };
}
