/** Images with labels in memory, and batches of them as curvature operators take data. */
import { checkInteger } from '../../core/checks.ts';

/** Images of one size with a class each, as files hold them: a byte a pixel. */
export interface LabelledImages {
  /** [count, height, width, channels]. */
  shape: readonly [count: number, height: number, width: number, channels: number];
  /** Row-major in the order of `shape`, 0..255. */
  pixels: Uint8Array;
  /** `count` classes, each in 0..classes - 1. */
  labels: Uint8Array;
  /** Number of classes. */
  classes: number;
}

/** Numbers with a shape, which tensors are made of. */
export interface FloatBatch {
  /** Pixels, last index fastest. */
  data: Float32Array;
  /** [images, height, width, channels]. */
  shape: number[];
}

/** [x, y]: pixels divided by 255, and classes as rows of zeros with a one. */
export type ImageBatch = readonly [x: FloatBatch, y: FloatBatch];

function batchAt({ shape, pixels, labels, classes }: LabelledImages, first: number, count: number): ImageBatch {
  const sample = shape.slice(1);
  const size = pixels.length / labels.length;
  const x = Float32Array.from(pixels.subarray(first * size, (first + count) * size), (pixel) => pixel / 255);
  const y = new Float32Array(count * classes);
  for (let i = 0; i < count; i++) y[i * classes + labels[first + i]!] = 1;
  return [
    { data: x, shape: [count, ...sample] },
    { data: y, shape: [count, classes] },
  ];
}

/**
 * The images in order, `batchSize` at a time, the rest in a smaller last batch; made as they are asked for, any number of
 * times. What the `data` of `hessian` and its like can be.
 *
 * @example
 * const images = await readCifar10(['data_batch_1.bin']);
 * const H = hessian({ model, loss, data: imageBatches(images, 500) });
 * @throws ArgumentError unless batchSize is a positive integer.
 */
export function imageBatches(images: LabelledImages, batchSize: number): Iterable<ImageBatch> {
  checkInteger('imageBatches', 'batchSize', batchSize, 1, Number.MAX_SAFE_INTEGER);
  const count = images.shape[0];
  return {
    *[Symbol.iterator]() {
      for (let first = 0; first < count; first += batchSize) {
        yield batchAt(images, first, Math.min(batchSize, count - first));
      }
    },
  };
}
