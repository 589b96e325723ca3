/**
 * Kernels that TensorFlow.js 4.22 lacks or computes wrongly on its wasm backend, made of others: with them convolutional networks
 * and embeddings can be differentiated there.
 */
import {
  add,
  conv2d,
  matMul,
  minimum,
  mul,
  type NamedAttrMap,
  relu,
  reshape,
  scalar,
  split,
  type Tensor,
  type Tensor4D,
  util,
} from '@tensorflow/tfjs-core';
import {
  depthwiseFilterGradient,
  depthwiseInputGradient,
  depthwiseOutput,
} from '../autodiff/rules/convolution/depthwise.ts';
import { readingPads, resize } from '../autodiff/rules/convolution/padding.ts';
import { kernelProductsOf } from '../autodiff/rules/convolution/products.ts';
import {
  type Axis,
  convolutionPlane,
  convolutionSpace,
  depthwisePlane,
  dilationAxes,
  outputShape,
  poolingAxes,
} from '../autodiff/rules/convolution/window.ts';
import { dilationPairs } from '../autodiff/rules/dilation.ts';
import { finishFused } from '../autodiff/rules/fused.ts';
import { gatherRows, segmentSum } from '../autodiff/rules/indexing.ts';
import { poolingMaxima } from '../autodiff/rules/pooling.ts';
import { fetchInPlace, putBackInPlace } from '../autodiff/rules/window-maxima.ts';
import type { Compute, Inputs, Repairs } from './repair.ts';
import { einsumOf, maximumGradient } from './shared.ts';
import { STRIDED_SLICE } from './strided-slice.ts';

const NOT_POSITIVE = 'is wrong where no number of a window is positive';

const WRONG_SUMS = 'returns wrong sums with several channels';

const SPARSE_SAME = "returns zeros for padding 'same' where a stride is larger than the filter";

const ONLY_FLOATS = 'refuses whole numbers';

const areWhole = ({ a, b }: Inputs): boolean => a.dtype === 'int32' && b.dtype === 'int32';

/** A matrix, or a stack of them, as its columns [.., m, 1], or its rows [.., 1, n]. */
function parts(x: Tensor, along: 'columns' | 'rows', isTransposed: unknown): Tensor[] {
  const axis = x.rank - ((along === 'columns') === Boolean(isTransposed) ? 2 : 1);
  const shape = [...x.shape.slice(0, -2), ...(along === 'columns' ? [-1, 1] : [1, -1])];
  return split(x, x.shape[axis]!, axis).map((part) => reshape(part, shape));
}

/** Column times row after column times row, in whole numbers. */
const wholeProduct: Compute = ({ a, b }, { transposeA, transposeB }) => {
  const rows = parts(b, 'rows', transposeB);
  return parts(a, 'columns', transposeA)
    .map((column, k) => mul(column, rows[k]!))
    .reduce((sum, part) => add(sum, part));
};

const BROADCAST_ALPHA = 'takes slopes that are broadcast otherwise than along leading axes by the wrong index';

/** The wasm backend hands the padding 'same' to XNNPACK, which leaves such outputs out. */
const isSparseSame = (axes: readonly Axis[], { pad }: NamedAttrMap): boolean =>
  pad === 'same' && axes.some(({ stride, filter }) => filter > 1 && stride > filter);

const isSparsePlane = ({ x, filter }: Inputs, attrs: NamedAttrMap): boolean =>
  isSparseSame(convolutionPlane(x.shape, filter.shape, attrs), attrs);

const isSparseDepthwise = ({ x, filter }: Inputs, attrs: NamedAttrMap): boolean =>
  isSparseSame(depthwisePlane(x.shape, filter.shape, attrs), attrs);

/** The same convolution of an input that is padded, or cut, before. */
const paddedConvolution: Compute = ({ x, filter }, attrs) => {
  const plane = convolutionPlane(x.shape, filter.shape, attrs);
  const read = resize(x, readingPads(plane)) as Tensor4D;
  return conv2d(read, filter as Tensor4D, plane.map(({ stride }) => stride) as [number, number], 'valid');
};

const depthwiseConvolution: Compute = ({ x, filter }, attrs) =>
  depthwiseOutput(x, filter, depthwisePlane(x.shape, filter.shape, attrs));

/** Whether slopes are broadcast along leading axes only: the wasm backend counts through them over and over. */
function isOverAndOver(slopes: Tensor, shape: readonly number[]): boolean {
  const first = slopes.shape.findIndex((size) => size !== 1);
  if (first < 0) return true;
  const own = slopes.shape.slice(first);
  return own.length <= shape.length && util.arraysEqual(own, shape.slice(-own.length));
}

const hasOtherSlopes = ({ preluActivationWeights }: Inputs, shape: readonly number[]): boolean =>
  preluActivationWeights != null && !isOverAndOver(preluActivationWeights, shape);

const hasMisplacedBias = ({ a, b, bias }: Inputs, { transposeA, transposeB }: NamedAttrMap): boolean =>
  bias !== undefined &&
  bias !== null &&
  Boolean(transposeA || transposeB || [...a.shape.slice(0, -2), ...b.shape.slice(0, -2)].some((n) => n !== 1));

/** By kernel. */
export const WASM_REPAIRS: Repairs = {
  BatchMatMul: { wrong: ONLY_FLOATS, concerns: areWhole, compute: wholeProduct },
  Conv2D: { wrong: SPARSE_SAME, concerns: isSparsePlane, compute: paddedConvolution },
  Conv2DBackpropFilter: {
    compute: ({ x, dy }, attrs) =>
      kernelProductsOf(convolutionPlane(x.shape, attrs.filterShape as number[], attrs)).filterGradient(x, dy),
  },
  Conv2DBackpropInput: {
    wrong: 'is several times slower than a matrix product',
    compute: ({ dy, filter }, attrs) =>
      kernelProductsOf(convolutionPlane(attrs.inputShape as number[], filter.shape, attrs)).inputGradient(dy, filter),
  },
  Conv3DBackpropFilterV2: {
    wrong: WRONG_SUMS,
    compute: ({ x, dy }, attrs) =>
      kernelProductsOf(convolutionSpace(x.shape, attrs.filterShape as number[], attrs)).filterGradient(x, dy),
  },
  Conv3DBackpropInputV2: {
    wrong: WRONG_SUMS,
    compute: ({ dy, filter }, attrs) =>
      kernelProductsOf(convolutionSpace(attrs.inputShape as number[], filter.shape, attrs)).inputGradient(dy, filter),
  },
  DepthwiseConv2dNative: { wrong: SPARSE_SAME, concerns: isSparseDepthwise, compute: depthwiseConvolution },
  DepthwiseConv2dNativeBackpropFilter: {
    compute: ({ x, dy }, attrs) =>
      depthwiseFilterGradient(x, dy, depthwisePlane(x.shape, attrs.filterShape as number[], attrs)),
  },
  DepthwiseConv2dNativeBackpropInput: {
    compute: ({ dy, filter }, attrs) =>
      depthwiseInputGradient(dy, filter, depthwisePlane(attrs.inputShape as number[], filter.shape, attrs)),
  },
  Dilation2D: {
    wrong: NOT_POSITIVE,
    compute: ({ x, filter }, attrs) => {
      const { inX, inFilter } = dilationPairs(x, filter, attrs);
      const shape = outputShape(x.shape, dilationAxes(x.shape, filter.shape, attrs));
      return reshape(add(fetchInPlace(x, inX, x.size), fetchInPlace(filter, inFilter, filter.size)), shape);
    },
  },
  Dilation2DBackpropFilter: {
    wrong: NOT_POSITIVE,
    compute: ({ x, filter, dy }, attrs) =>
      reshape(putBackInPlace(dy, dilationPairs(x, filter, attrs).inFilter, filter.size), filter.shape),
  },
  Dilation2DBackpropInput: {
    wrong: NOT_POSITIVE,
    compute: ({ x, filter, dy }, attrs) =>
      reshape(putBackInPlace(dy, dilationPairs(x, filter, attrs).inX, x.size), x.shape),
  },
  Einsum: { compute: einsumOf },
  FusedConv2D: {
    wrong: `${SPARSE_SAME}, and ${BROADCAST_ALPHA}`,
    concerns: (inputs, attrs) =>
      isSparsePlane(inputs, attrs) ||
      hasOtherSlopes(
        inputs,
        outputShape(inputs.x.shape, convolutionPlane(inputs.x.shape, inputs.filter.shape, attrs)).with(
          -1,
          inputs.filter.shape[3]!,
        ),
      ),
    compute: (inputs, attrs) => finishFused(paddedConvolution(inputs, attrs), inputs, attrs),
  },
  FusedDepthwiseConv2D: {
    wrong: `${SPARSE_SAME}, and ${BROADCAST_ALPHA}`,
    concerns: (inputs, attrs) =>
      isSparseDepthwise(inputs, attrs) ||
      hasOtherSlopes(
        inputs,
        outputShape(inputs.x.shape, depthwisePlane(inputs.x.shape, inputs.filter.shape, attrs)).with(
          -1,
          inputs.filter.shape[2]! * inputs.filter.shape[3]!,
        ),
      ),
    compute: (inputs, attrs) => finishFused(depthwiseConvolution(inputs, attrs), inputs, attrs),
  },
  GatherV2: {
    wrong: 'takes indices of a batch for those of another one',
    concerns: (_inputs, { batchDims }) => Boolean(batchDims),
    compute: ({ x, indices }, { axis, batchDims }) =>
      gatherRows(x, indices!, util.parseAxisParam(axis as number, x.shape)[0]!, batchDims as number),
  },
  MaxPool3D: {
    wrong: NOT_POSITIVE,
    compute: ({ x }, attrs) =>
      reshape(fetchInPlace(x, poolingMaxima(x, attrs), x.size), outputShape(x.shape, poolingAxes(x.shape, attrs))),
  },
  MaxPool3DGrad: { wrong: NOT_POSITIVE, compute: maximumGradient },
  MaxPoolGrad: { wrong: NOT_POSITIVE, compute: maximumGradient },
  Prelu: {
    wrong: BROADCAST_ALPHA,
    concerns: ({ x, alpha }) => !isOverAndOver(alpha, x.shape),
    compute: ({ x, alpha }) => add(relu(x), mul(alpha, minimum(x, scalar(0)))),
  },
  StridedSlice: STRIDED_SLICE,
  UnsortedSegmentSum: {
    compute: ({ x, segmentIds }, attrs) => segmentSum(x, segmentIds, attrs.numSegments as number),
  },
  _FusedMatMul: {
    wrong: `adds the bias by the wrong index in transposed and stacked products, and ${ONLY_FLOATS}`,
    concerns: (inputs, attrs) => areWhole(inputs) || hasMisplacedBias(inputs, attrs),
    compute: (inputs, attrs) => {
      const product = matMul(inputs.a, inputs.b, attrs.transposeA as boolean, attrs.transposeB as boolean);
      return finishFused(product, inputs, attrs);
    },
  },
};
