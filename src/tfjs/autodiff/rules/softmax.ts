/** The softmax: dy = y (dx - sum(y dx)), the sum along its axis. */
import { mul, sub, type Tensor, util } from '@tensorflow/tfjs-core';
import { reshapeTangent, sumTangent, withBlockAxis } from './block-axis.ts';
import type { Rule } from './rule.ts';

const softmax: Rule = (call, save) => {
  const { shape } = call.outputs[0];
  const axes = util.parseAxisParam(call.attrs.dim as number, shape);
  const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
  const y: Tensor = save(withBlockAxis(call.outputs[0]));
  return ({ logits }) => {
    const weighted = mul(y, logits!);
    return sub(weighted, mul(y, reshapeTangent(sumTangent(weighted, axes), kept)));
  };
};

/** Rules of the softmax kernels. */
export const softmaxRules: Readonly<Record<string, Rule>> = { Softmax: softmax };
