/** How far the columns of a tall block are from orthonormal, from one pass over its row panels. */
import { asDType, type Block, type Matrix, zeroMatrix, zeros } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import { fillRandom, type StreamKey } from '../core/random.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { frobeniusNorm, identity, mirrorUpper } from '../linalg/small.ts';
import { panelBuffer } from './sweep.ts';
import { addWideGram } from './verbs.ts';

/** D = V^T V - I for a V of which row panels are shown one after the other. */
export interface DefectMeter {
  add(panel: Block): Promise<void>;
  /** ||D||_F. */
  value(): number;
}

/** A - B. */
export const difference = (A: Matrix, B: Matrix): Matrix => ({
  ...A,
  data: A.data.map((entry, at) => entry - B.data[at]!),
});

/** D itself, for few columns. */
export function exactDefect(cols: number, kernels: Kernels): DefectMeter & { matrix(): Matrix } {
  const G = zeroMatrix(cols, cols);
  const matrix = (): Matrix => difference(mirrorUpper(G), identity(cols));
  return { add: (panel) => addWideGram(kernels, panel, panel, G), matrix, value: () => frobeniusNorm(matrix()) };
}

/**
 * The norm from a few Gaussian vectors w, as the root of the mean of ||D w||^2: thin products, where V^T V would cost as much as
 * an orthonormalisation. For p vectors it is below 1/f of the truth with probability at most P(chi2_p <= p / f^2). In float32
 * roundings of the sums come to what it measures, so that it may be above a small D by as much.
 */
export function estimatedDefect(cols: number, dtype: DType, kernels: Kernels, vectors: number): DefectMeter {
  const probes = defectProbes(cols, dtype, vectors, { seed: 0, purpose: 'probe' });
  const returned = zeroMatrix(cols, vectors);
  const buffer = panelBuffer(vectors, dtype);
  return {
    async add(panel) {
      const images = buffer(panel.rows);
      await kernels.times(panel, probes, images);
      await kernels.addGram(panel, images, returned, false);
    },
    value: () => frobeniusNorm(difference(returned, probes)) / Math.sqrt(vectors),
  };
}

/** `vectors` Gaussian columns w of a stream from `first` on, cols x vectors, which `dtype` holds exactly. */
export function defectProbes(cols: number, dtype: DType, vectors: number, key: StreamKey, first = 0): Matrix {
  const drawn = zeros(cols, vectors, dtype);
  fillRandom(drawn, 'gaussian', key, first);
  return asDType(drawn, 'float64') as Matrix;
}
