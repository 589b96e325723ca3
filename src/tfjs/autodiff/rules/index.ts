/** The table of tangent rules: kernel name to rule. One entry a kernel, grouped by what the kernels do. */

import { arithmeticRules } from './arithmetic.ts';
import { channelwiseRules } from './channelwise.ts';
import { depthwiseRules } from './convolution/depthwise.ts';
import { convolutionRules } from './convolution/index.ts';
import { dilationRules } from './dilation.ts';
import { einsumRules } from './einsum.ts';
import { fusedRules } from './fused.ts';
import { indexingRules } from './indexing.ts';
import { layoutRules } from './layout.ts';
import { matmulRules } from './matmul.ts';
import { normalisationRules } from './normalisation.ts';
import { poolingRules } from './pooling.ts';
import { reductionRules } from './reduction.ts';
import type { Rule } from './rule.ts';
import { softmaxRules } from './softmax.ts';
import { stridedSliceRules } from './strided-slice.ts';
import { unaryRules } from './unary.ts';

/** Every kernel that can be linearised, besides those in `constant.ts`. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  [
    arithmeticRules,
    channelwiseRules,
    convolutionRules,
    depthwiseRules,
    dilationRules,
    einsumRules,
    fusedRules,
    indexingRules,
    layoutRules,
    matmulRules,
    normalisationRules,
    poolingRules,
    reductionRules,
    softmaxRules,
    stridedSliceRules,
    unaryRules,
  ].flatMap((table) => Object.entries(table)),
);
