/** Normalisation kernels, by the formulas they stand for. */
import {
  add,
  matMul,
  mul,
  pow,
  reshape,
  rsqrt,
  scalar,
  square,
  sub,
  type Tensor,
  type Tensor2D,
  tensor2d,
} from '@tensorflow/tfjs-core';
import type { KernelCall } from '../tape.ts';
import type { Rule } from './rule.ts';

/** Batch normalisation with given mean and variance: (x - mean) / sqrt(variance + eps) scale + offset. */
const batchNorm: Rule = ({ attrs }, _save, derive) =>
  derive(({ x, mean, variance, offset, scale }) => {
    const root = rsqrt(add(variance, scalar(attrs.varianceEpsilon as number)));
    const factor = scale ? mul(scale, root) : root;
    const scaled = mul(sub(x, mean), factor);
    return offset ? add(scaled, offset) : scaled;
  });

interface LrnAttributes {
  depthRadius: number;
  bias: number;
  alpha: number;
  beta: number;
}

/** Sums over the neighbouring channels, up to `radius` to both sides. */
function overNeighbours(x: Tensor, radius: number): Tensor {
  const channels = x.shape[x.rank - 1]!;
  const band = Array.from({ length: channels * channels }, (_, at) =>
    Number(Math.abs(Math.floor(at / channels) - (at % channels)) <= radius),
  );
  const rows = reshape(x, [x.size / channels, channels]) as Tensor2D;
  return reshape(matMul(rows, tensor2d(band, [channels, channels])), x.shape);
}

function lrnBase(x: Tensor, { depthRadius, bias, alpha }: LrnAttributes): Tensor {
  return add(scalar(bias), mul(scalar(alpha), overNeighbours(square(x), depthRadius)));
}

const attributesOf = ({ attrs }: KernelCall): LrnAttributes => attrs as never as LrnAttributes;

/** x base^-beta, where base = bias + alpha times the sum of squares of the neighbouring channels. */
const lrn: Rule = (call, _save, derive) => {
  const attributes = attributesOf(call);
  return derive(({ x }) => mul(x, pow(lrnBase(x, attributes), scalar(-attributes.beta))));
};

/** Its gradient by x: dy base^-beta - 2 alpha beta x times the neighbours' sum of x dy base^(-beta - 1). */
export function localResponseGradient(x: Tensor, dy: Tensor, attrs: KernelCall['attrs']): Tensor {
  const attributes = attrs as never as LrnAttributes;
  const { alpha, beta, depthRadius } = attributes;
  const base = lrnBase(x, attributes);
  const around = overNeighbours(mul(mul(x, dy), pow(base, scalar(-beta - 1))), depthRadius);
  return sub(mul(dy, pow(base, scalar(-beta))), mul(mul(scalar(2 * alpha * beta), x), around));
}

/** The same by TensorFlow.js's kernel: dy base^-beta - 2 alpha beta x times the neighbours' sum of y dy / base. */
const lrnGrad: Rule = (call, _save, derive) => {
  const attributes = attributesOf(call);
  const { alpha, beta, depthRadius } = attributes;
  return derive(({ x, y, dy }) => {
    const base = lrnBase(x, attributes);
    const around = overNeighbours(mul(mul(y, dy), pow(base, scalar(-1))), depthRadius);
    return sub(mul(dy, pow(base, scalar(-beta))), mul(mul(scalar(2 * alpha * beta), x), around));
  });
};

/** Rules of the normalisations. */
export const normalisationRules: Readonly<Record<string, Rule>> = {
  FusedBatchNorm: batchNorm,
  LRN: lrn,
  LRNGrad: lrnGrad,
};
