/** Models as users have them: functions, tf.LayersModel, tf.GraphModel. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError } from '../../core/errors.ts';
import { type Field, refuse } from '../../core/parse.ts';
import { fromGraphModel, isGraphModel } from './graph-model.ts';
import { fromLayersModel, isLayersModel } from './layers-model.ts';
import type { LossFunction } from './loss.ts';
import type { ModelWeights } from './selection.ts';

/** A model as a function of the batch's x, and what it brings along. */
export interface RunnableModel {
  readonly run: (x: never) => unknown;
  /** The run that ends at other nodes, by name. @throws ArgumentError for names that it has not */
  readonly runTo: (output: unknown) => (x: never) => unknown;
  /** Its weights; undefined for a function. */
  readonly weights: ModelWeights | undefined;
  /** The sum of the penalties that the model has of its own; undefined for none. */
  readonly penalty?: () => Tensor | undefined;
  /** The loss that it was compiled with. */
  readonly loss?: LossFunction;
}

function fromFunction(model: RunnableModel['run']): RunnableModel {
  return {
    run: model,
    runTo: (output) => {
      throw new ArgumentError('output is for a tf.GraphModel; a function returns what it wants', { output });
    },
    weights: undefined,
  };
}

function parseModel(value: unknown, name: string): RunnableModel {
  // A LayersModel first: functions have a method `apply` too.
  if (isLayersModel(value)) return fromLayersModel(value);
  if (typeof value === 'function') return fromFunction(value as RunnableModel['run']);
  if (isGraphModel(value)) return fromGraphModel(value);
  return refuse(name, 'a function x -> outputs, a tf.LayersModel or a tf.GraphModel', value);
}

/** The `model` option. */
export const MODEL: Field<RunnableModel> = {
  kind: 'value',
  parse(value, name) {
    try {
      return parseModel(value, name);
    } catch (error) {
      const { message } = error as Error;
      if (!/is already disposed/.test(message)) throw error;
      throw new ArgumentError(`${name} is disposed: ${message} Make or load it again`, {}, { cause: error });
    }
  },
};
