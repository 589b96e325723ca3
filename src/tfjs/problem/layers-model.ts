/** Models of layers: how a tf.LayersModel runs, its weights, its penalties and its loss. */
import { addN, type Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError, UnsupportedError } from '../../core/errors.ts';
import { refuse } from '../../core/parse.ts';
import { type LayerLike, withLayerNames } from '../autodiff/place.ts';
import { type CompiledLike, compiledLoss } from './loss.ts';
import type { RunnableModel } from './model.ts';
import type { LayerWeight, NamedTensor } from './selection.ts';

/** The part of a tf.LayersModel that is used: called in inference mode, on one input or a list or dictionary of them. */
export interface LayersModelLike {
  /** Outputs for inputs, as tf.LayersModel has it. */
  // biome-ignore lint/suspicious/noExplicitAny: tfjs-layers types both with tensors of a class of its own.
  apply(inputs: any, kwargs?: any): any;
  /** Weights that training changes. */
  readonly trainableWeights: readonly LayerWeight[];
  /** Weights of frozen layers, and those that no layer trains. */
  readonly nonTrainableWeights?: readonly LayerWeight[];
  /** What the layers' regularizers give, a scalar each. */
  calculateLosses?(): readonly Tensor[];
}

/** A layer, or a model among the layers of another. */
interface LayerOrModel extends LayerLike {
  readonly layers?: readonly LayerOrModel[];
  readonly stateful?: boolean;
  readonly trainable?: boolean;
  readonly weights?: readonly LayerWeight[];
}

/** Whether it has what makes a tf.LayersModel. */
export function isLayersModel(model: unknown): model is LayersModelLike {
  const candidate = model as Partial<LayersModelLike> | null | undefined;
  return typeof candidate?.apply === 'function' && Array.isArray(candidate.trainableWeights);
}

/** Layers, and those of models among them, down to the last. */
function allLayers(model: unknown): LayerOrModel[] {
  const { layers } = model as Partial<LayerOrModel>;
  return (layers ?? []).flatMap((layer) => [layer, ...allLayers(layer)]);
}

function named(weight: LayerWeight, index: number): NamedTensor {
  if (typeof weight?.read !== 'function') {
    return refuse(`model.trainableWeights[${index}]`, 'a weight of a tf.LayersModel', weight);
  }
  const tensor = weight.read();
  return { tensor, name: (tensor as never as { name: string }).name };
}

/** @throws UnsupportedError naming a layer that carries its state from one batch to the next */
function refuseStateful(layers: readonly LayerOrModel[]): void {
  const layer = layers.find(({ stateful, layers: inner }) => stateful === true && !inner);
  if (!layer) return;
  throw new UnsupportedError(
    `layer '${layer.name}' is stateful: what it makes of a batch depends on the batches before, so the loss is no function ` +
      'of parameters and data; make the model with stateful: false',
    { layer: layer.name },
  );
}

/** Errors that tfjs-layers has of its own. Not instanceof: it exports none of them. */
const OF_LAYERS: ReadonlySet<string> = new Set(
  ['ValueError', 'RuntimeError', 'AttributeError', 'NotImplementedError'].concat('AssertionError'),
);

/** @throws ArgumentError for what tfjs-layers says of x; whatever else `run` throws */
function explainingLayers<T>(run: () => T): T {
  try {
    return run();
  } catch (error) {
    const { message } = error as Error;
    if (!OF_LAYERS.has((error as Error).constructor.name)) throw error;
    throw new ArgumentError(`x does not fit the model: ${message}`, {}, { cause: error });
  }
}

/** The model as a function. @throws UnsupportedError for a stateful layer */
export function fromLayersModel(model: LayersModelLike): RunnableModel {
  const layers = [...new Set(allLayers(model))];
  refuseStateful(layers);
  const { inputNames } = model as { inputNames?: readonly string[] };
  // A dictionary goes by the names of the inputs.
  const inputsOf = (x: unknown): unknown => {
    const isDictionary = typeof x === 'object' && x !== null && !Array.isArray(x) && !('rank' in x);
    if (!isDictionary || !inputNames) return x;
    const list = inputNames.map((name) => (x as Record<string, unknown>)[name]);
    return list.length === 1 ? list[0] : list;
  };
  // A tf.Sequential keeps what it computes in a model of its own.
  const owner = (): LayersModelLike & CompiledLike => (model as { model?: LayersModelLike }).model ?? model;
  const frozen = new Set(
    [model as unknown as LayerOrModel, ...layers].flatMap(({ trainable, weights = [] }) =>
      trainable === false ? weights : [],
    ),
  );
  const loss = compiledLoss(owner());
  return {
    run: (x) => explainingLayers(() => withLayerNames(layers, () => model.apply(inputsOf(x), { training: false }))),
    runTo: (output) => {
      throw new ArgumentError(
        'output is for a tf.GraphModel; for a tf.LayersModel make a model that ends there: ' +
          'tf.model({ inputs: model.inputs, outputs: model.getLayer(name).output })',
        { output },
      );
    },
    weights: {
      trainable: model.trainableWeights.map(named),
      fixed: (model.nonTrainableWeights ?? []).map((weight, i) => ({
        ...named(weight, i),
        reason: frozen.has(weight) ? ('frozen' as const) : ('not trainable' as const),
      })),
    },
    penalty: () => {
      const penalties = owner().calculateLosses?.() ?? [];
      return penalties.length > 0 ? addN([...penalties]) : undefined;
    },
    ...(loss && { loss }),
  };
}
