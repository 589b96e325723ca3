/** Elementwise kernels of two tensors that broadcast: y = f(a, b), tangent f_a da + f_b db. The table holds f_a and f_b. */
import {
  add,
  cast,
  div,
  equal,
  floor,
  greater,
  greaterEqual,
  less,
  lessEqual,
  log,
  maximum,
  mul,
  neg,
  pow,
  scalar,
  square,
  sub,
  type Tensor,
} from '@tensorflow/tfjs-core';
import { addTangents, broadcastTangent, scale, withBlockAxis } from './block-axis.ts';
import type { Rule } from './rule.ts';
import { eluSlope, leakySlope } from './unary.ts';

/** A partial derivative from the two inputs and the output; a number where it is the same everywhere. */
type Partial = (a: Tensor, b: Tensor, y: Tensor) => Tensor | number;

/** A binary kernel: the names of its inputs and its partial derivative by each. */
export interface Binary {
  readonly inputs: readonly [string, string];
  readonly partials: readonly [Partial, Partial];
}

const mask = (condition: Tensor) => cast(condition, 'float32');

/** log(a) where a > 0, else 0: what TensorFlow.js takes for the derivative of a^b by b. */
function safeLog(a: Tensor): Tensor {
  const positive = mask(greater(a, 0));
  return mul(positive, log(add(maximum(a, scalar(0)), sub(scalar(1), positive))));
}

/** b a^(b - 1), and 0 for b = 0 whatever a is. */
function powerSlope(a: Tensor, b: Tensor): Tensor {
  const isZero = mask(equal(b, 0));
  return mul(b, pow(a, add(sub(b, scalar(1)), isZero)));
}

function onAB(byA: Partial, byB: Partial): Binary {
  return { inputs: ['a', 'b'], partials: [byA, byB] };
}

const TABLE: Readonly<Record<string, Binary>> = {
  Add: onAB(
    () => 1,
    () => 1,
  ),
  Atan2: onAB(
    (a, b) => div(b, add(square(a), square(b))),
    (a, b) => neg(div(a, add(square(a), square(b)))),
  ),
  EluGrad: {
    inputs: ['dy', 'y'],
    partials: [(_dy, y) => eluSlope(y), (dy, y) => mul(dy, mask(less(y, 0)))],
  },
  Maximum: onAB(
    (a, b) => mask(greaterEqual(a, b)),
    (a, b) => mask(less(a, b)),
  ),
  Minimum: onAB(
    (a, b) => mask(lessEqual(a, b)),
    (a, b) => mask(greater(a, b)),
  ),
  Mod: onAB(
    () => 1,
    (a, b) => neg(floor(div(a, b))),
  ),
  Multiply: onAB(
    (_a, b) => b,
    (a) => a,
  ),
  Pow: onAB(
    (a, b) => powerSlope(a, cast(b, 'float32')),
    (a, _b, y) => mul(y, safeLog(a)),
  ),
  Prelu: {
    inputs: ['x', 'alpha'],
    partials: [(x, alpha) => leakySlope(x, alpha), (x) => mul(x, sub(scalar(1), mask(greater(x, 0))))],
  },
  RealDiv: onAB(
    (_a, b) => div(scalar(1), b),
    (_a, b, y) => neg(div(y, b)),
  ),
  SquaredDifference: onAB(
    (a, b) => mul(scalar(2), sub(a, b)),
    (a, b) => mul(scalar(2), sub(b, a)),
  ),
  Sub: onAB(
    () => 1,
    () => -1,
  ),
};

/** The names of a kernel's two inputs and its partial derivative by each. */
export function partialDerivatives(kernel: string): Binary {
  return TABLE[kernel]!;
}

function binaryRule({ inputs, partials }: Binary): Rule {
  return (call, save) => {
    const y = call.outputs[0];
    const operands = inputs.map((name) => call.inputs[name]) as [Tensor, Tensor];
    const factors = inputs.map((name, i) => {
      if (!call.moving.has(name)) return undefined;
      const partial = partials[i]!(...operands, y);
      return typeof partial === 'number' ? partial : save(withBlockAxis(partial));
    });
    return (tangents) => {
      const terms = inputs.map((name, i) => tangents[name] && scale(factors[i]!, tangents[name]));
      return broadcastTangent(addTangents(terms)!, y.shape);
    };
  };
}

/** Rules of the elementwise kernels of two tensors. */
export const arithmeticRules: Readonly<Record<string, Rule>> = Object.fromEntries(
  Object.entries(TABLE).map(([kernel, binary]) => [kernel, binaryRule(binary)]),
);
