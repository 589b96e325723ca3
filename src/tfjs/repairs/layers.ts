/** Layers of TensorFlow.js 4.22 that fail where they need not. */
import { serialization } from '@tensorflow/tfjs-core';

/** Stands in for a weight that a layer was made without. */
const NO_WEIGHT = { read: () => undefined };

/**
 * In training mode tf.layers.batchNormalization reads its scale and its centre without asking whether it has them, and what
 * it hands both to takes undefined for neither. The layers' package is not imported here: where it is loaded, its classes
 * are registered.
 */
export function repairLayers(): void {
  const [layer] = serialization.SerializationMap.getMap().classNameMap.BatchNormalization ?? [];
  if (layer === undefined || 'gamma' in layer.prototype) return;
  for (const weight of ['gamma', 'beta']) {
    Object.defineProperty(layer.prototype, weight, { value: NO_WEIGHT, writable: true, configurable: true });
  }
}
