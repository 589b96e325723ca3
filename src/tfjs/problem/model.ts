/** Models as users have them: functions, tf.LayersModel, tf.GraphModel. */
import { addN, type Tensor } from '@tensorflow/tfjs-core';
import { type Field, refuse } from '../../core/parse.ts';
import { type LayerLike, withLayerNames } from '../autodiff/layer-scope.ts';
import type { LayerWeight, NamedTensor } from './parameters.ts';

/** The part of a tf.LayersModel that is used: called in inference mode, on one input or a list or dictionary of them. */
export interface LayersModelLike {
  /** Outputs for inputs, as tf.LayersModel has it. */
  // biome-ignore lint/suspicious/noExplicitAny: tfjs-layers types both with tensors of a class of its own.
  apply(inputs: any, kwargs?: any): any;
  /** Weights that training changes. */
  readonly trainableWeights: readonly LayerWeight[];
  /** What the layers' regularizers give, a scalar each. */
  calculateLosses?(): readonly Tensor[];
}

/** The part of a tf.GraphModel (a model of the converter) that is used. */
export interface GraphModelLike {
  /** Outputs for inputs, as tf.GraphModel has it. */
  // biome-ignore lint/suspicious/noExplicitAny: tfjs-converter types both by its own names.
  predict(inputs: any, config?: any): any;
  /** All weights by name, as tf.GraphModel has them. */
  // biome-ignore lint/suspicious/noExplicitAny: a getter of a dictionary of lists of tensors.
  readonly weights: any;
}

/** A model as a function of the batch's x, and the weights that it brings along. */
export interface RunnableModel {
  readonly run: (x: never) => unknown;
  readonly weights: readonly NamedTensor[] | undefined;
  /** The sum of the penalties that the model has of its own; undefined for none. */
  readonly penalty?: () => Tensor | undefined;
}

function isLayersModel(model: unknown): model is LayersModelLike {
  const candidate = model as Partial<LayersModelLike> | null | undefined;
  return typeof candidate?.apply === 'function' && Array.isArray(candidate.trainableWeights);
}

function isGraphModel(model: unknown): model is GraphModelLike {
  const candidate = model as Partial<GraphModelLike> | null | undefined;
  return (
    typeof candidate === 'object' &&
    typeof candidate?.predict === 'function' &&
    typeof candidate.weights === 'object' &&
    candidate.weights !== null &&
    Object.values(candidate.weights).every(Array.isArray)
  );
}

/** Layers, and those of models among them, down to the last. */
function allLayers(model: unknown): LayerLike[] {
  const { layers } = model as { layers?: readonly LayerLike[] };
  return (layers ?? []).flatMap((layer) => [layer, ...allLayers(layer)]);
}

function fromLayersModel(model: LayersModelLike): RunnableModel {
  const layers = [...new Set(allLayers(model))];
  const { inputNames } = model as { inputNames?: readonly string[] };
  // A dictionary goes by the names of the inputs.
  const inputsOf = (x: unknown): unknown => {
    const isDictionary = typeof x === 'object' && x !== null && !Array.isArray(x) && !('rank' in x);
    if (!isDictionary || !inputNames) return x;
    const list = inputNames.map((name) => (x as Record<string, unknown>)[name]);
    return list.length === 1 ? list[0] : list;
  };
  return {
    run: (x) => withLayerNames(layers, () => model.apply(inputsOf(x), { training: false })),
    weights: model.trainableWeights.map((weight, i) => {
      if (typeof weight?.read !== 'function') {
        return refuse(`model.trainableWeights[${i}]`, 'a weight of a tf.LayersModel', weight);
      }
      const tensor = weight.read();
      return { tensor, name: (tensor as never as { name: string }).name };
    }),
    penalty: () => {
      // A tf.Sequential keeps what it computes in a model of its own.
      const owner = (model as { model?: LayersModelLike }).model ?? model;
      const penalties = owner.calculateLosses?.() ?? [];
      return penalties.length > 0 ? addN([...penalties]) : undefined;
    },
  };
}

function fromGraphModel(model: GraphModelLike): RunnableModel {
  const weights = Object.entries(model.weights as Record<string, readonly Tensor[]>).flatMap(([name, tensors]) =>
    tensors.filter(({ dtype }) => dtype === 'float32').map((tensor) => ({ tensor, name })),
  );
  return { run: (x) => model.predict(x), weights };
}

/** The `model` option. */
export const MODEL: Field<RunnableModel> = {
  kind: 'value',
  parse(value, name) {
    // A LayersModel first: functions have a method `apply` too.
    if (isLayersModel(value)) return fromLayersModel(value);
    if (typeof value === 'function') return { run: value as RunnableModel['run'], weights: undefined };
    if (isGraphModel(value)) return fromGraphModel(value);
    return refuse(name, 'a function x -> outputs, a tf.LayersModel or a tf.GraphModel', value);
  },
};
