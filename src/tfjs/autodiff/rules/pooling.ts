/**
 * Maximum pooling in two and three dimensions: each output is one of the inputs, so its tangent is fetched from there, and
 * the gradient puts it back there.
 */
import { mul, reshape, type Tensor, tensor } from '@tensorflow/tfjs-core';
import { blockSize } from './block-axis.ts';
import { poolingAxes } from './convolution/window.ts';
import type { Rule } from './rule.ts';
import { fetchInPlace, placesOfMaxima, putBackInPlace } from './window-maxima.ts';

/** The flat place in x of each output's maximum: int32 [outputs, 1]. Of equal ones the first counts. */
export function poolingMaxima(x: Tensor, attrs: Readonly<Record<string, unknown>>): Tensor {
  return placesOfMaxima(x, poolingAxes(x.shape, attrs));
}

/**
 * Average pooling: size of the window / number of inputs inside it for each output, broadcastable against the outputs;
 * undefined where no window crosses the border. An average is over the inputs inside only.
 */
export function borderFactor(x: readonly number[], attrs: Readonly<Record<string, unknown>>): Tensor | undefined {
  const factors = poolingAxes(x, attrs).map(({ input, output, filter, stride, before }) =>
    Array.from({ length: output }, (_, o) => {
      const start = o * stride - before;
      return filter / (Math.min(start + filter, input) - Math.max(start, 0));
    }),
  );
  if (factors.flat().every((factor) => factor === 1)) return undefined;
  const perAxis = factors.map((along, axis) =>
    tensor(
      along,
      x.map((_, i) => (i === axis + 1 ? along.length : 1)),
    ),
  );
  return perAxis.reduce((product, along) => mul(product, along));
}

const maxPool: Rule = ({ inputs, attrs, outputs }, save) => {
  const places = save(poolingMaxima(inputs.x, attrs));
  return ({ x }) => reshape(fetchInPlace(x!, places, inputs.x.size), [...outputs[0]!.shape, blockSize(x!)]);
};

const maxPoolGrad: Rule = ({ inputs, attrs, outputs }, save) => {
  const places = save(poolingMaxima(inputs.input, attrs));
  const { shape, size } = outputs[0];
  // To first order the places do not move with the input.
  return ({ dy }) => [dy && reshape(putBackInPlace(dy, places, size), [...shape, blockSize(dy)])];
};

/** Rules of maximum pooling. */
export const poolingRules: Readonly<Record<string, Rule>> = {
  MaxPool: maxPool,
  MaxPool3D: maxPool,
  MaxPool3DGrad: maxPoolGrad,
  MaxPoolGrad: maxPoolGrad,
};
