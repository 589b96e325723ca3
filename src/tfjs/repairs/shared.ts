/** What several backends need. */
import { reshape } from '@tensorflow/tfjs-core';
import { einsum } from '../autodiff/rules/einsum.ts';
import { poolingMaxima } from '../autodiff/rules/pooling.ts';
import { putBackInPlace } from '../autodiff/rules/window-maxima.ts';
import type { Compute } from './repair.ts';

export const einsumOf: Compute = (inputs, attrs) => einsum(attrs.equation as string, Object.values(inputs));

export const maximumGradient: Compute = ({ dy, input }, attrs) =>
  reshape(putBackInPlace(dy, poolingMaxima(input, attrs), input.size), input.shape);
