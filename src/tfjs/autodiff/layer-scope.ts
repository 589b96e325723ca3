/** Which layer of a tf.LayersModel is running, for messages. */

/** The part of a layer that is used. */
export interface LayerLike {
  readonly name: string;
  // biome-ignore lint/suspicious/noExplicitAny: tfjs-layers types it with tensors of a class of its own.
  call(inputs: any, kwargs: any): any;
}

const running: string[] = [];

/** The innermost layer that is running. */
export function currentLayer(): string | undefined {
  return running.at(-1);
}

/** Runs `run` while `layers` report when they are called. */
export function withLayerNames<T>(layers: readonly LayerLike[], run: () => T): T {
  const own = layers.filter((layer) => Object.hasOwn(layer, 'call')).map((layer) => ({ layer, call: layer.call }));
  for (const layer of layers) {
    const { call } = layer;
    layer.call = (inputs, kwargs) => {
      running.push(layer.name);
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
