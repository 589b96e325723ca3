/** Small models as the converter writes them. */
import { type GraphModel, type io, loadGraphModel } from '@tensorflow/tfjs';
import type * as tf from '@tensorflow/tfjs-core';

/** A node: its name, its kernel, its inputs, its attributes as in model.json. */
export type Node = readonly [name: string, op: string, input: readonly string[], attr?: Record<string, unknown>];

/** What model.json and its shard have of a graph: constants with their values, inputs with their shapes, nodes. */
export function graphArtifacts(
  constants: Readonly<Record<string, tf.Tensor>>,
  inputs: Readonly<Record<string, readonly number[]>>,
  nodes: readonly Node[],
): io.ModelArtifacts {
  const typeOf = ({ dtype }: tf.Tensor) => (dtype === 'int32' ? 'DT_INT32' : 'DT_FLOAT');
  const dims = (shape: readonly number[]) => ({ dim: shape.map((size) => ({ size: String(size) })) });
  const bytes = Object.values(constants).map((value) => new Uint8Array(value.dataSync().slice().buffer));
  return {
    modelTopology: {
      node: [
        ...Object.entries(inputs).map(([name, shape]) => ({
          name,
          op: 'Placeholder',
          attr: { dtype: { type: 'DT_FLOAT' }, shape: { shape: dims(shape) } },
        })),
        ...Object.entries(constants).map(([name, value]) => ({
          name,
          op: 'Const',
          attr: {
            dtype: { type: typeOf(value) },
            value: { tensor: { dtype: typeOf(value), tensorShape: dims(value.shape) } },
          },
        })),
        ...nodes.map(([name, op, input, attr = {}]) => ({ name, op, input: [...input], attr })),
      ],
      versions: { producer: 1 },
    },
    weightSpecs: Object.entries(constants).map(([name, { shape, dtype }]) => ({
      name,
      shape,
      dtype: dtype as 'float32' | 'int32',
    })),
    weightData: Uint8Array.from(bytes.flatMap((part) => [...part])).buffer,
  };
}

/** The graph as a tf.GraphModel. */
export function graphModel(...parts: Parameters<typeof graphArtifacts>): Promise<GraphModel> {
  const artifacts = graphArtifacts(...parts);
  return loadGraphModel({ load: async () => artifacts });
}
