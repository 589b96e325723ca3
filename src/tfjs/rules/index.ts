/** The table of tangent rules: kernel name to rule. One entry a kernel, grouped by what the kernels do. */
import { arithmeticRules } from './arithmetic.ts';
import { layoutRules } from './layout.ts';
import { matmulRules } from './matmul.ts';
import { reductionRules } from './reduction.ts';
import type { Rule } from './rule.ts';
import { softmaxRules } from './softmax.ts';
import { unaryRules } from './unary.ts';

/** Every kernel that can be linearised, besides those in `constant.ts`. */
export const RULES: ReadonlyMap<string, Rule> = new Map(
  [arithmeticRules, layoutRules, matmulRules, reductionRules, softmaxRules, unaryRules].flatMap((table) =>
    Object.entries(table),
  ),
);
