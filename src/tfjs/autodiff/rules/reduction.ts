/** Kernels that combine the numbers along axes: sums, means, extrema, products, running sums and products. */
import {
  cast,
  cumprod,
  cumsum,
  div,
  equal,
  matMul,
  mul,
  reshape,
  scalar,
  sub,
  sum,
  type Tensor,
  tensor2d,
  transpose,
  util,
} from '@tensorflow/tfjs-core';
import type { KernelCall } from '../tape.ts';
import { blockSize, reshapeTangent, scale, sumTangent, withBlockAxis } from './block-axis.ts';
import type { Rule } from './rule.ts';

/** The axes of x that a kernel works along, non-negative and sorted. */
function axesOf(call: KernelCall, attribute = 'axis'): number[] {
  const axis = call.attrs[attribute] as number | number[];
  return util.parseAxisParam(axis, call.inputs.x.shape).sort((i, j) => i - j);
}

/** y = sum over `axes` of weight x: the weights (in the shape of x, or a number) are dy/dx. */
function weightedSum(axes: (call: KernelCall) => number[], weight: (call: KernelCall) => Tensor | number): Rule {
  return (call, save) => {
    const factor = weight(call);
    const saved = typeof factor === 'number' ? factor : save(withBlockAxis(factor));
    const along = axes(call);
    const { shape } = call.outputs[0];
    // A number is cheaper to multiply with after the sum.
    return ({ x }) =>
      typeof saved === 'number'
        ? scale(saved, reshapeTangent(sumTangent(x!, along), shape))
        : reshapeTangent(sumTangent(mul(saved, x!), along), shape);
  };
}

/**
 * dy/dx of an extremum y along axes: where x attains it, one over the number of ties. Shares of one are a derivative where the
 * tied numbers move together (a common bias, zeros after a ReLU), and TensorFlow.js's ones for each are not.
 */
export function extremumShares(x: Tensor, y: Tensor, axes: readonly number[]): Tensor {
  const kept = x.shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const attained = cast(equal(x, reshape(y, kept)), 'float32');
  return div(attained, sum(attained, [...axes], true));
}

function extremum(attribute: string): Rule {
  const axes = (call: KernelCall) => axesOf(call, attribute);
  return weightedSum(axes, (call) => extremumShares(call.inputs.x, call.outputs[0], axes(call)));
}

/** The permutation that moves `axes` to the end, and the one that undoes it. */
function toEnd(rank: number, axes: readonly number[]): { forth: number[]; back: number[] } {
  const forth = [...Array(rank).keys()].filter((axis) => !axes.includes(axis)).concat(axes);
  const back = forth.map((_, axis) => forth.indexOf(axis));
  return { forth, back };
}

/** dy/dx of a product over axes: the product of the other factors, without a division, so that zeros are no problem. */
function otherFactors(call: KernelCall): Tensor {
  const x = call.inputs.x;
  const axes = axesOf(call);
  const { forth, back } = toEnd(x.rank, axes);
  const moved = transpose(x, forth);
  const length = util.sizeFromShape(axes.map((axis) => x.shape[axis]!));
  const rows = reshape(moved, [x.size / length, length]);
  const others = mul(cumprod(rows, 1, true, false), cumprod(rows, 1, true, true));
  return transpose(reshape(others, moved.shape), back);
}

const runningSum: Rule = (call) => {
  const { exclusive, reverse } = call.attrs as { exclusive: boolean; reverse: boolean };
  const axis = axesOf(call)[0];
  return ({ x }) => cumsum(x!, axis, exclusive, reverse);
};

/**
 * y_i = product of x_k over k before i (after i, if reversed): the Jacobian along the axis, `dy_i/dx_j`, has the running
 * product of x with x_j replaced by 1 where j takes part in y_i. It costs the square of the axis's length.
 * For x [..., length] the result is [rows, j, i].
 */
export function runningProductSlopes(x: Tensor, exclusive: boolean, reverse: boolean): Tensor {
  const length = x.shape[x.rank - 1]!;
  const square = (entry: (j: number, i: number) => boolean) =>
    tensor2d(
      Array.from({ length: length * length }, (_, at) => Number(entry(Math.floor(at / length), at % length))),
      [length, length],
    );
  const identity = square((j, i) => i === j);
  const takesPart = square((j, i) => (j === i ? !exclusive : j < i !== reverse));
  const rows = reshape(x, [x.size / length, 1, length]);
  const replaced = reshape(sub(rows, mul(identity, sub(rows, scalar(1)))), [x.size, length]);
  const products = reshape(cumprod(replaced, 1, exclusive, reverse), [x.size / length, length, length]);
  return mul(products, takesPart);
}

const runningProduct: Rule = (call, save) => {
  const { exclusive, reverse } = call.attrs as { exclusive: boolean; reverse: boolean };
  const x = call.inputs.x!;
  const axis = axesOf(call)[0]!;
  const length = x.shape[axis]!;
  const { forth, back } = toEnd(x.rank, [axis]);
  const jacobian = save(transpose(runningProductSlopes(transpose(x, forth), exclusive, reverse), [0, 2, 1]));
  const moved = forth.map((from) => x.shape[from]!);
  return ({ x: tangent }) => {
    const width = blockSize(tangent!);
    const rowTangents = reshape(transpose(tangent!, [...forth, x.rank]), [x.size / length, length, width]);
    return transpose(reshapeTangent(matMul(jacobian, rowTangents), moved), [...back, x.rank]);
  };
};

/** Rules of the kernels that work along axes. */
export const reductionRules: Readonly<Record<string, Rule>> = {
  Cumprod: runningProduct,
  Cumsum: runningSum,
  Max: extremum('reductionIndices'),
  Mean: weightedSum(axesOf, (call) => call.outputs[0].size / call.inputs.x.size),
  Min: extremum('axis'),
  Prod: weightedSum(axesOf, otherFactors),
  Sum: weightedSum(axesOf, () => 1),
};
