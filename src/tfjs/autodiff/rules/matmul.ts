/**
 * Matrix products: C = A B, tangent dA B + A dB. The block index is last, so a block of b tangents meets a constant in one
 * large plain product: A [m, k] times dB [k, n b], or dA as [m b, k] times B [k, n].
 *
 * Two habits of the wasm backend (XNNPACK) shape the code. Products with transposition flags run an order of magnitude
 * slower than plain ones, so constants are stored the way they are used. And the right operand is first repacked, which
 * is kept for as long as that tensor lives: the large tangent belongs on the left, even at the price of a transpose. None
 * of this holds where a BLAS does the products.
 */
import { add, matMul, reshape, type Tensor, transpose } from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../../core/errors.ts';
import { currentBackend } from '../../backends/current.ts';
import type { KernelCall } from '../tape.ts';
import { permute, view } from '../view.ts';
import { addTangents, blockSize, broadcastTangent, reshapeTangent, scale, withBlockAxis } from './block-axis.ts';
import type { Push, Rule, Save, Tangents } from './rule.ts';
import { DERIVATIVES, leakySlope } from './unary.ts';

/** Exchanges the last two axes. */
function transposed(matrix: Tensor): Tensor {
  const { rank } = matrix;
  return transpose(matrix, [...Array(rank - 2).keys(), rank - 1, rank - 2]);
}

/** A matrix with its leading axes of size 1 dropped, not transposed. Only for operands that are single matrices. */
function asMatrix(operand: Tensor): Tensor {
  return reshape(operand, operand.shape.slice(-2) as [number, number]);
}

function isSingleMatrix(operand: Tensor): boolean {
  return operand.shape.slice(0, -2).every((size) => size === 1);
}

/** Exchanges rows and columns of a plain matrix. */
function flip(matrix: Tensor): Tensor {
  return transpose(matrix, [1, 0]);
}

/** Exchanges the first two axes of a tangent: whole runs of b numbers move, which is cheap. */
function swapLeading(tangent: Tensor): Tensor {
  return permute(tangent, [1, 0, 2]);
}

/** A dB [m, n, b] for A [m, k] from dB [k, n, b], or from dB^T [n, k, b]. */
function constantTimes(A: Tensor, fromTransposed: boolean, save: Save): (tangent: Tensor) => Tensor {
  const [m, k] = A.shape as [number, number];
  if (!currentBackend().packsOperands || m >= k) {
    const saved = save(A);
    return (tangent) => {
      const byRow = fromTransposed ? swapLeading(tangent) : tangent;
      const [, n, width] = byRow.shape as [number, number, number];
      return view(matMul(saved, view(byRow, [k, n * width])), [m, n, width]);
    };
  }
  // (dB^T A^T)^T. Two transposes in a row, because one of the large [k, n b] would stride through memory.
  const flipped = save(flip(A));
  return (tangent) => {
    const byColumn = fromTransposed ? tangent : swapLeading(tangent);
    const [n, , width] = byColumn.shape as [number, number, number];
    const rows = view(permute(byColumn, [0, 2, 1]), [n * width, k]);
    return view(flip(matMul(rows, flipped)), [m, n, width]);
  };
}

/** C = op(A) op(B) for single matrices, where op transposes if the flag is set. */
function matrixPush({ inputs, attrs, outputs, moving }: KernelCall, save: Save): Push {
  const [a, b] = [asMatrix(inputs.a!), asMatrix(inputs.b!)];
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const timesA = moving.has('b') ? constantTimes(transposeA ? flip(a) : a, transposeB, save) : undefined;
  const right = moving.has('a') ? save(transposeB ? flip(b) : b) : undefined;
  const [m, n] = outputs[0]!.shape.slice(-2) as [number, number];
  return (tangents: Tangents) => {
    const terms: Tensor[] = [];
    if (tangents.b) terms.push(timesA!(reshapeTangent(tangents.b, b.shape)));
    if (tangents.a) {
      // To [m, b, k]: m and b together are the rows.
      const tangent = reshapeTangent(tangents.a, a.shape);
      const [k, width] = [right!.shape[0]!, blockSize(tangent)];
      const rows = view(permute(tangent, transposeA ? [1, 2, 0] : [0, 2, 1]), [m * width, k]);
      terms.push(permute(view(matMul(rows, right!), [m, width, n]), [0, 2, 1]));
    }
    return addTangents(terms)!;
  };
}

/** The same for stacks of matrices `[..., m, k] x [..., k, n]` whose leading axes broadcast. */
function stackPush({ inputs, attrs, moving }: KernelCall, save: Save): Push {
  const { transposeA, transposeB } = attrs as { transposeA: boolean; transposeB: boolean };
  const left = moving.has('b') ? save(transposeA ? transposed(inputs.a!) : inputs.a!) : undefined;
  const right = moving.has('a') ? save(transposeB ? transposed(inputs.b!) : inputs.b!) : undefined;
  return (tangents: Tangents) => {
    const terms: Tensor[] = [];
    if (tangents.b) {
      // [..., k, n, b]: n and b together are the columns.
      const tangent = transposeB ? permuteLastThree(tangents.b, [1, 0, 2]) : tangents.b;
      const [k, n, width] = tangent.shape.slice(-3) as [number, number, number];
      const stack = tangent.shape.slice(0, -3);
      const product = matMul(left!, view(tangent, [...stack, k, n * width]));
      terms.push(view(product, [...product.shape.slice(0, -1), n, width]));
    }
    if (tangents.a) {
      // To [..., m, b, k]: m and b together are the rows.
      const tangent = permuteLastThree(tangents.a, transposeA ? [1, 2, 0] : [0, 2, 1]);
      const [m, width, k] = tangent.shape.slice(-3) as [number, number, number];
      const stack = tangent.shape.slice(0, -3);
      const product = matMul(view(tangent, [...stack, m * width, k]), right!);
      const n = product.shape[product.rank - 1]!;
      terms.push(permuteLastThree(view(product, [...product.shape.slice(0, -2), m, width, n]), [0, 2, 1]));
    }
    return addTangents(terms)!;
  };
}

function permuteLastThree(tangent: Tensor, order: readonly number[]): Tensor {
  const first = tangent.rank - 3;
  return permute(tangent, [...Array(first).keys(), ...order.map((axis) => first + axis)]);
}

/** Tangent of the product alone, in the shape of the output. */
function productPush(call: KernelCall, save: Save): Push {
  const single = isSingleMatrix(call.inputs.a!) && isSingleMatrix(call.inputs.b!);
  const push = single ? matrixPush(call, save) : stackPush(call, save);
  const { shape } = call.outputs[0]!;
  return (tangents) => {
    const tangent = push(tangents) as Tensor;
    return broadcastTangent(single ? reshapeTangent(tangent, shape) : tangent, shape);
  };
}

/** f'(z) of a fused activation from z and y = f(z); 1 for none. */
function activationSlope({ attrs, inputs, outputs }: KernelCall, z: Tensor): Tensor | 1 {
  const activation = attrs.activation as string;
  if (activation === 'linear') return 1;
  if (activation === 'prelu') return leakySlope(z, inputs.preluActivationWeights!);
  const kernels: Record<string, string> = { leakyrelu: 'LeakyRelu' };
  const kernel = kernels[activation] ?? activation[0]!.toUpperCase() + activation.slice(1);
  return DERIVATIVES[kernel]!(z, outputs[0]!, { alpha: attrs.leakyreluAlpha });
}

/** y = f(A B + bias). Inside a gradient TensorFlow.js fuses the bias but never an activation. */
const fusedMatMul: Rule = (call, save) => {
  if (call.moving.has('preluActivationWeights')) {
    throw new UnsupportedError('_FusedMatMul: the weights of a fused prelu must not depend on the parameters', {});
  }
  const { a, b, bias } = call.inputs;
  const { shape } = call.outputs[0]!;
  const product = productPush(call, save);
  const z = () => {
    const { transposeA, transposeB } = call.attrs as { transposeA: boolean; transposeB: boolean };
    const ab = matMul(a!, b!, transposeA, transposeB);
    return bias ? add(ab, bias) : ab;
  };
  const slope = call.attrs.activation === 'linear' ? 1 : activationSlope(call, z());
  const factor = slope === 1 ? slope : save(withBlockAxis(slope));
  return (tangents) => {
    const moved = tangents.a || tangents.b ? (product(tangents) as Tensor) : undefined;
    return scale(factor, broadcastTangent(addTangents([moved, tangents.bias])!, shape));
  };
};

/** Rules of the matrix products. */
export const matmulRules: Readonly<Record<string, Rule>> = {
  BatchMatMul: productPush,
  _FusedMatMul: fusedMatMul,
};
