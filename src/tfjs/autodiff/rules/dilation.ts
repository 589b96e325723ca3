/**
 * Morphological dilation: y = max over the window of x + filter. Each output is one input plus one entry of the filter (the
 * first pair that attains the maximum), and to first order it stays that pair.
 */
import { add, mul, range, reshape, scalar, type Tensor, tile } from '@tensorflow/tfjs-core';
import type { KernelCall } from '../tape.ts';
import { addTangents, blockSize } from './block-axis.ts';
import { dilationAxes } from './convolution/window.ts';
import type { Rule } from './rule.ts';
import { fetchInPlace, findMaxima, putBackInPlace } from './window-maxima.ts';

/** int32 [outputs, 1]: flat places in x and in the filter [h, w, C]. */
interface Pairs {
  readonly inX: Tensor;
  readonly inFilter: Tensor;
}

/** Which pair each output of the dilation of `x` by `filter` is. */
export function dilationPairs(x: Tensor, filter: Tensor, attrs: KernelCall['attrs']): Pairs {
  const channels = filter.shape[2]!;
  const addend = reshape(filter, [filter.size / channels, channels]);
  const { places, entries } = findMaxima({ x, axes: dilationAxes(x.shape, filter.shape, attrs), addend });
  const channel = reshape(tile(range(0, channels, 1, 'int32'), [places.size / channels]), places.shape);
  return { inX: places, inFilter: add(mul(entries, scalar(channels, 'int32')), channel) };
}

const dilation: Rule = (call, save) => {
  const pairs = dilationPairs(call.inputs.x, call.inputs.filter!, call.attrs);
  const [inX, inFilter] = [save(pairs.inX), save(pairs.inFilter)];
  const [sizeOfX, sizeOfFilter] = [call.inputs.x.size, call.inputs.filter!.size];
  const { shape } = call.outputs[0]!;
  return ({ x, filter }) => {
    const tangent = addTangents([
      x && fetchInPlace(x, inX, sizeOfX),
      filter && fetchInPlace(filter, inFilter, sizeOfFilter),
    ])!;
    return reshape(tangent, [...shape, blockSize(tangent)]);
  };
};

/** The gradients are linear in dy; the pairs do not move with x and the filter. */
function gradient(pick: 'inX' | 'inFilter'): Rule {
  return (call, save) => {
    const places = save(dilationPairs(call.inputs.x, call.inputs.filter!, call.attrs)[pick]);
    const { shape, size } = call.outputs[0]!;
    return ({ dy }) => [dy && reshape(putBackInPlace(dy, places, size), [...shape, blockSize(dy)])];
  };
}

/** Rules of the dilation. */
export const dilationRules: Readonly<Record<string, Rule>> = {
  Dilation2D: dilation,
  Dilation2DBackpropFilter: gradient('inFilter'),
  Dilation2DBackpropInput: gradient('inX'),
};
