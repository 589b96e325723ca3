/** Which part of a model is running, for messages: a layer of a tf.LayersModel, or a node of a tf.GraphModel. */

/** A part of a model. */
export interface Place {
  readonly kind: 'layer' | 'node';
  readonly name: string;
}

/** In words: "layer 'conv1'". */
export const inWords = ({ kind, name }: Place): string => `${kind} '${name}'`;

/** As a field of an error's values. */
export const asValue = (place: Place | undefined): Record<string, string> =>
  place ? { [place.kind]: place.name } : {};

/** The part of a layer that is used. */
export interface LayerLike {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tfjs-layers types it with tensors of a class of its own.
  call(inputs: any, kwargs: any): any;
}

/** A node as the converter's executor has it, which reads the category when it comes to a node. */
export interface NodeLike {
  readonly name: string;
  readonly category: string;
}

const running: Place[] = [];

/** The innermost part that is running. */
export function currentPlace(): Place | undefined {
  return running.at(-1);
}

/** Runs `run` while `layers` report when they are called. */
export function withLayerNames<T>(layers: readonly LayerLike[], run: () => T): T {
  const own = layers.filter((layer) => Object.hasOwn(layer, 'call')).map((layer) => ({ layer, call: layer.call }));
  for (const layer of layers) {
    const { call } = layer;
    layer.call = (inputs, kwargs) => {
      running.push({ kind: 'layer', name: layer.name });
      try {
        return call.call(layer, inputs, kwargs);
      } finally {
        running.pop();
      }
    };
  }
  try {
    return run();
  } finally {
    // The methods of the classes are in place again, and what stood before them on a layer itself.
    for (const layer of layers) delete (layer as { call?: unknown }).call;
    for (const { layer, call } of own) layer.call = call;
  }
}

/** Runs `run` while `nodes` report when they are reached. */
export function withNodeNames<T>(nodes: readonly NodeLike[], run: () => T): T {
  const depth = running.length;
  const categories = nodes.map(({ category }) => category);
  const define = (node: NodeLike, property: PropertyDescriptor): void => {
    Object.defineProperty(node, 'category', { configurable: true, enumerable: true, ...property });
  };
  for (const [i, node] of nodes.entries()) {
    const get = (): string => {
      running.splice(depth, 1, { kind: 'node', name: node.name });
      return categories[i]!;
    };
    define(node, { get });
  }
  try {
    return run();
  } finally {
    running.length = depth;
    for (const [i, node] of nodes.entries()) define(node, { value: categories[i], writable: true });
  }
}
