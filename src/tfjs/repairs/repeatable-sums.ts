/**
 * Sums on WebGPU that come out the same every time. TensorFlow.js adds floats atomically there, in the order in which threads
 * come, so that products of one vector differ, by amounts of which some are rare: no repetition would tell how far.
 */
import {
  abs,
  add,
  backend_util,
  cast,
  concat,
  conv2d,
  div,
  engine,
  fill,
  greaterEqual,
  matMul,
  max,
  min,
  mul,
  type NamedAttrMap,
  pad,
  reshape,
  round,
  ScatterNd,
  scalar,
  slice,
  sub,
  sum,
  type Tensor,
  type Tensor4D,
  tensor1d,
  transpose,
  util,
  where,
} from '@tensorflow/tfjs-core';
import type { Compute, Inputs, Repair } from './repair.ts';

/** A sum of whole numbers stays below 2^30. */
const SUM_BITS = 30;
/** What is left out of each term is below this much of the largest, for all terms together. */
const KEPT_BITS = 24;

const POWERS = Float32Array.from({ length: 254 }, (_, i) => 2 ** (i - 126));
const LARGEST_POWER = 2 ** 127;

/** The least power of two that is not below the largest magnitude: scaling by it is exact. */
function powerAbove(x: Tensor): Tensor {
  const powers = tensor1d(POWERS);
  return min(where(greaterEqual(powers, max(abs(x))), powers, fill([POWERS.length], LARGEST_POWER)));
}

/**
 * A sum of at most `terms` of the entries of x at each place, by `add`, which sums whole numbers: no order changes those. x is
 * taken as a sum of integers at ever smaller scales, down to 2^-24 of the largest entry for all terms together.
 */
function sumOfIntegers(x: Tensor, terms: number, addUp: (integers: Tensor) => Tensor): Tensor {
  const carried = Math.ceil(Math.log2(Math.max(2, terms)));
  // entries of the largest power of two may be almost twice as large as it
  const bits = SUM_BITS - 1 - carried;
  const step = scalar(2 ** bits);
  const largest = powerAbove(x);
  let rest = div(x, largest);
  let scale = largest;
  let total: Tensor | undefined;
  for (let kept = 0; kept < KEPT_BITS + carried; kept += bits) {
    const scaled = mul(rest, step);
    const integers = round(scaled);
    rest = sub(scaled, integers);
    scale = div(scale, step);
    const part = mul(cast(addUp(cast(integers, 'int32')), 'float32'), scale);
    total = total ? add(total, part) : part;
  }
  // what is no number has no integers
  return add(total!, sum(mul(x, 0)));
}

/** Integers go to the backend's own kernel. */
export const SCATTER_ND: Omit<Repair, 'wrong'> = {
  concerns: ({ updates }) => updates.dtype === 'float32',
  compute: ({ indices, updates }, attrs) =>
    sumOfIntegers(
      updates,
      indices!.size / indices!.shape.at(-1)!,
      (integers) => engine().runKernel(ScatterNd, { indices: indices!, updates: integers }, attrs) as Tensor,
    ),
};

/** The backend's own conditions of a product whose long sums are split: a single one, of few tiles of 32 x 32. */
const LONG_SUM = 2000;
const MOST_TILES = 32;
const PART = 512;

const isSplit = (stack: number, rows: number, inner: number, cols: number): boolean =>
  stack === 1 && inner >= LONG_SUM && Math.ceil(rows / 32) * Math.ceil(cols / 32) <= MOST_TILES;

function sizesOf({ a, b }: Inputs, { transposeA, transposeB }: NamedAttrMap) {
  const [rows, inner] = a!.shape.slice(-2) as [number, number];
  const [left, right] = b!.shape.slice(-2) as [number, number];
  const stack = util.sizeFromShape(a!.shape.slice(0, -2)) * util.sizeFromShape(b!.shape.slice(0, -2));
  return { stack, rows: transposeA ? inner : rows, inner: transposeA ? rows : inner, cols: transposeB ? left : right };
}

export function isSplitProduct(inputs: Inputs, attrs: NamedAttrMap): boolean {
  const { stack, rows, inner, cols } = sizesOf(inputs, attrs);
  return isSplit(stack, rows, inner, cols);
}

/** [inner, size] or [size, inner] as a stack of parts of the inner axis, the last one filled up with zeros: [parts, PART, size]. */
function inParts(x: Tensor, innerFirst: boolean): Tensor {
  const [first, second] = x.shape.slice(-2) as [number, number];
  const matrix = reshape(x, [first, second]);
  const byInner = innerFirst ? matrix : transpose(matrix);
  const [inner, size] = byInner.shape as [number, number];
  const parts = Math.ceil(inner / PART);
  const padded = pad(byInner, [
    [0, parts * PART - inner],
    [0, 0],
  ]);
  return reshape(padded, [parts, PART, size]);
}

/** A product with long sums, as a stack of products whose sum is made in one order. */
export const splitProduct: Compute = (inputs, attrs) => {
  const { rows, cols } = sizesOf(inputs, attrs);
  const products = matMul(
    inParts(inputs.a!, attrs.transposeA as boolean),
    inParts(inputs.b!, !(attrs.transposeB as boolean)),
    true,
  );
  return reshape(sum(products, 0), [...inputs.a!.shape.slice(0, -2).fill(1), rows, cols]);
};

function planeOf({ x, filter }: Inputs, attrs: NamedAttrMap) {
  const { strides, pad: edges, dilations, dimRoundingMode } = attrs as never as Record<string, never>;
  const info = backend_util.computeConv2DInfo(
    x!.shape as never,
    filter!.shape as never,
    strides!,
    dilations!,
    edges!,
    dimRoundingMode!,
  );
  const { filterHeight, filterWidth, inHeight, inWidth, padInfo } = info;
  const whole = padInfo.type === 'VALID' && filterHeight === inHeight && filterWidth === inWidth;
  return { ...info, whole, inner: filterHeight * filterWidth * info.inChannels };
}

/** A convolution that the backend makes a product with long sums of: a window as large as the image, or a single image. */
export function isSplitConvolution(inputs: Inputs, attrs: NamedAttrMap): boolean {
  const { whole, inner, batchSize, outHeight, outWidth, outChannels } = planeOf(inputs, attrs);
  return whole
    ? isSplit(1, batchSize, inner, outChannels)
    : isSplit(batchSize, outHeight * outWidth, inner, outChannels);
}

/** As the product that it is, or of two images: only single ones are split. */
export const splitConvolution: Compute = (inputs, attrs) => {
  const { x, filter } = inputs as { x: Tensor4D; filter: Tensor4D };
  const { whole, inner, batchSize, outChannels, outShape } = planeOf(inputs, attrs);
  if (whole) {
    return reshape(matMul(reshape(x, [batchSize, inner]), reshape(filter, [inner, outChannels])), outShape);
  }
  const { strides, pad: edges, dataFormat, dilations, dimRoundingMode } = attrs as never as Record<string, never>;
  const both = conv2d(concat([x, x]), filter, strides!, edges!, dataFormat, dilations, dimRoundingMode);
  return slice(both, [0, 0, 0, 0], outShape);
};
