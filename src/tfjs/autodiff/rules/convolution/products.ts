/**
 * The three products of a convolution: the output, and the gradients by input and by filter, of two or three spatial axes.
 * Each is one matrix product with the inputs under the windows laid out as rows: matrix products are what every backend
 * does fastest, and TensorFlow.js's wasm backend lacks some of the kernels and has others wrong.
 */
import { addN, concat, matMul, reshape, squeeze, type Tensor, tidy, transpose, util } from '@tensorflow/tfjs-core';
import { currentBackend } from '../../../backends/current.ts';
import { innerOf, patchesBack, patchesOf, samplesOf } from './patches.ts';
import { inPlaceTangents } from './prepare-in-place.ts';
import type { Axis } from './window.ts';

/**
 * The products of a trilinear form. Batch and numbers of channels are those of the tensors given. Tensors that meet a
 * constant filter may have one axis more in front of the channels, `inner`, which comes out in the same place.
 */
export interface Products {
  /** [N, ...in, (inner,) C] by [...k, C, O] to [N, ...out, (inner,) O]. */
  output(x: Tensor, filter: Tensor): Tensor;
  /** [N, ...out, (inner,) O] by [...k, C, O] to [N, ...in, (inner,) C]. */
  inputGradient(dy: Tensor, filter: Tensor): Tensor;
  /** [N, ...in, C] by [N, ...out, O] to [...k, C, O]. */
  filterGradient(x: Tensor, dy: Tensor): Tensor;
}

/** Numbers of the largest matrix of patches: 128 MB, whatever the batch. */
const LARGEST = 2 ** 25;

/** Results for as many samples at a time as their patches allow. */
function bySamples(batch: number, perSample: number, part: (first: number, size: number) => Tensor): Tensor[] {
  const parts = Math.min(batch, Math.ceil((batch * perSample) / LARGEST));
  return Array.from({ length: parts }, (_, i) => {
    const [first, end] = [Math.floor((i * batch) / parts), Math.floor(((i + 1) * batch) / parts)];
    return tidy(() => part(first, end - first));
  });
}

/** A^T B. Without a BLAS the wasm backend is slow at flags: the smaller matrix is transposed, and goes to the left. */
function transposedTimes(A: Tensor, B: Tensor): Tensor {
  if (currentBackend().usesBlas) return matMul(A, B, true);
  if (A.size < B.size) return matMul(transpose(A, [1, 0]), B);
  return transpose(matMul(transpose(B, [1, 0]), A), [1, 0]);
}

const stacked = (parts: Tensor[]): Tensor => (parts.length === 1 ? parts[0]! : concat(parts, 0));

/** A block of one direction: a product that is linear in a factor is its own tangent along that factor. */
const asBlock = (factor: Tensor): Tensor => reshape(factor, [...factor.shape, 1]);

/**
 * The products in place, for tensors without an axis `inner`; undefined where there is no such heap or no BLAS, and for other
 * tensors.
 */
function inPlace(axes: readonly Axis[], x: Tensor): Products | undefined {
  const tangents = x.rank === axes.length + 2 ? inPlaceTangents(axes) : undefined;
  if (tangents === undefined) return undefined;
  const { output, inputGradient, filterGradient } = tangents;
  const ofBlock = (result: Tensor): Tensor => reshape(result, result.shape.slice(0, -1));
  return {
    output: (images, filter) => ofBlock(output(images, filter, undefined, asBlock(filter))),
    inputGradient: (dy, filter) => ofBlock(inputGradient(dy, filter, asBlock(dy))),
    filterGradient: (images, dy) => ofBlock(filterGradient(images, dy, undefined, asBlock(dy))),
  };
}

/** The products for these windows where nobody differentiates them: inside of kernels. */
export function kernelProductsOf(axes: readonly Axis[]): Products {
  const composed = productsOf(axes);
  return {
    output: (x, filter) => (inPlace(axes, x) ?? composed).output(x, filter),
    inputGradient: (dy, filter) => (inPlace(axes, dy) ?? composed).inputGradient(dy, filter),
    filterGradient: (x, dy) => (inPlace(axes, x) ?? composed).filterGradient(x, dy),
  };
}

/** The products for these windows by public operations, on any backend. */
export function productsOf(axes: readonly Axis[]): Products {
  const outputs = axes.map(({ output }) => output);
  const entries = axes.map(({ filter }) => filter);
  const [outputSize, filterSize] = [util.sizeFromShape(outputs), util.sizeFromShape(entries)];
  return {
    output(x, filter) {
      const [channels, out] = filter.shape.slice(-2) as [number, number];
      const weights = reshape(filter, [filterSize * channels, out]);
      const patches = patchesOf(x, axes);
      const inner = x.shape.slice(axes.length + 1, -1);
      const perSample = outputSize * innerOf(x, axes) * filterSize * channels;
      const parts = bySamples(x.shape[0], perSample, (first, size) => {
        const product = matMul(patches(first, size), weights);
        return reshape(product, [size, ...outputs, ...inner, out]);
      });
      return stacked(parts);
    },
    inputGradient(dy, filter) {
      const [channels, out] = filter.shape.slice(-2) as [number, number];
      const weights = transpose(reshape(filter, [filterSize * channels, out]), [1, 0]);
      const inner = innerOf(dy, axes);
      const rowsPerSample = outputSize * inner;
      const parts = bySamples(dy.shape[0], rowsPerSample * filterSize * channels, (first, size) => {
        const rows = reshape(samplesOf(dy, first, size), [size * rowsPerSample, out]);
        const dx = patchesBack(matMul(rows, weights), axes, inner);
        return dy.rank === axes.length + 3 ? dx : squeeze(dx, [dx.rank - 2]);
      });
      return stacked(parts);
    },
    filterGradient(x, dy) {
      const [channels, out] = [x.shape[x.rank - 1]!, dy.shape[dy.rank - 1]!];
      const wide = filterSize * channels;
      const patches = patchesOf(x, axes);
      const parts = bySamples(x.shape[0]!, outputSize * wide, (first, size) => {
        const rows = reshape(samplesOf(dy, first, size), [size * outputSize, out]);
        return transposedTimes(patches(first, size), rows);
      });
      return reshape(parts.length === 1 ? parts[0]! : addN(parts), [...entries, channels, out]);
    },
  };
}
