/** Kernels that TensorFlow.js 4.22 lacks or computes wrongly on its CPU backend, made of others. */
import { logicalAnd, logicalNot, logicalOr } from '@tensorflow/tfjs-core';
import type { Repairs } from './repair.ts';
import { einsumOf, maximumGradient } from './shared.ts';
import { STRIDED_SLICE } from './strided-slice.ts';

/** By kernel. */
export const CPU_REPAIRS: Repairs = {
  Einsum: { wrong: 'fails where both inputs have an index of their own that is summed', compute: einsumOf },
  LogicalXor: { compute: ({ a, b }) => logicalAnd(logicalOr(a, b), logicalNot(logicalAnd(a, b))) },
  MaxPool3DGrad: {
    wrong: 'puts numbers at wrong places where height and width of the window differ',
    compute: maximumGradient,
  },
  StridedSlice: STRIDED_SLICE,
};
