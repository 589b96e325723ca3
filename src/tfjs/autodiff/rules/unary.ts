/** Elementwise kernels of one tensor: y_i = f(x_i), tangent f'(x_i) dx_i. The table holds f'. */
import {
  add,
  cast,
  cos,
  cosh,
  div,
  exp,
  greater,
  greaterEqual,
  lessEqual,
  minimum,
  mul,
  neg,
  pow,
  reciprocal,
  scalar,
  sigmoid,
  sin,
  sinh,
  sqrt,
  square,
  step,
  sub,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { scale, withBlockAxis } from './block-axis.ts';
import type { Rule } from './rule.ts';

/**
 * f'(x) from the input x, the output y and the attributes. At a kink it takes the side that TensorFlow.js's own gradient
 * takes, so that forward and backward derivatives belong to the same function.
 */
export type Derivative = (x: Tensor, y: Tensor, attrs: Readonly<Record<string, unknown>>) => Tensor;

/** Constants of Klambauer et al. 2017, as in TensorFlow.js. */
const SELU_SCALE = 1.0507009873554805;
const SELU_SCALE_ALPHA = 1.7580993408473768;

const one = () => scalar(1);
const mask = (condition: Tensor) => cast(condition, 'float32');
const onePlusSquare = (x: Tensor) => add(one(), square(x));
const oneMinusSquare = (x: Tensor) => sub(one(), square(x));

/** `below` where x <= 0, 1 where x > 0. */
export function leakySlope(x: Tensor, below: Tensor): Tensor {
  const positive = mask(greater(x, 0));
  return add(positive, mul(below, sub(one(), positive)));
}

/** Derivative of the elu from its output: 1 for y >= 0, y + 1 = exp(x) below. */
export function eluSlope(y: Tensor): Tensor {
  return add(minimum(y, scalar(0)), one());
}

/** Kernel name to f'. */
export const DERIVATIVES: Readonly<Record<string, Derivative>> = {
  Abs: (x) => step(x, -1),
  Acos: (x) => neg(reciprocal(sqrt(oneMinusSquare(x)))),
  Acosh: (x) => reciprocal(sqrt(sub(square(x), one()))),
  Asin: (x) => reciprocal(sqrt(oneMinusSquare(x))),
  Asinh: (x) => reciprocal(sqrt(onePlusSquare(x))),
  Atan: (x) => reciprocal(onePlusSquare(x)),
  Atanh: (x) => reciprocal(oneMinusSquare(x)),
  ClipByValue: (x, _y, { clipValueMin, clipValueMax }) =>
    mul(mask(greaterEqual(x, clipValueMin as number)), mask(lessEqual(x, clipValueMax as number))),
  Cos: (x) => neg(sin(x)),
  Cosh: (x) => sinh(x),
  Elu: (_x, y) => eluSlope(y),
  Erf: (x) => mul(scalar(2 / Math.sqrt(Math.PI)), exp(neg(square(x)))),
  Exp: (_x, y) => y,
  Expm1: (_x, y) => add(y, one()),
  LeakyRelu: (x, _y, { alpha }) => leakySlope(x, scalar(alpha as number)),
  Log: (x) => reciprocal(x),
  Log1p: (x) => reciprocal(add(one(), x)),
  Reciprocal: (_x, y) => neg(square(y)),
  Relu: (x) => step(x),
  Relu6: (x) => mul(step(x), mask(lessEqual(x, 6))),
  Rsqrt: (x, y) => mul(scalar(-0.5), div(y, x)),
  Selu: (x) => {
    const positive = mask(greater(x, 0));
    const below = mul(scalar(SELU_SCALE_ALPHA), exp(minimum(x, scalar(0))));
    return add(mul(scalar(SELU_SCALE), positive), mul(below, sub(one(), positive)));
  },
  Sigmoid: (_x, y) => mul(y, sub(one(), y)),
  Sin: (x) => cos(x),
  Sinh: (x) => cosh(x),
  Softplus: (x) => sigmoid(x),
  Sqrt: (_x, y) => div(scalar(0.5), y),
  Square: (x) => mul(scalar(2), x),
  Tan: (x) => pow(cos(x), scalar(-2)),
  Tanh: (_x, y) => oneMinusSquare(y),
};

function unaryRule(derivative: Derivative): Rule {
  return (call, save) => {
    const slope = save(withBlockAxis(derivative(call.inputs.x, call.outputs[0], call.attrs)));
    return ({ x }) => scale(slope, x!);
  };
}

/** Rules of the elementwise kernels of one tensor. */
export const unaryRules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(DERIVATIVES).map(([kernel, derivative]) => [kernel, unaryRule(derivative)]),
);
