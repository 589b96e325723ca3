/** Images with labels in memory, and batches of them as curvature operators take data. */
import { atDoor } from '../../core/door.ts';
import { ArgumentError, ShapeError } from '../../core/errors.ts';
import { asRecord, integer, refuse } from '../../core/parse.ts';

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

/** `[x, y]`: pixels divided by 255, and classes as rows of zeros with a one. */
export type ImageBatch = readonly [x: FloatBatch, y: FloatBatch];

const isBytes = (value: unknown): value is Uint8Array =>
  Object.prototype.toString.call(value) === '[object Uint8Array]';

/** @throws ArgumentError for a field of the wrong kind, ShapeError for sizes that do not fit each other. */
function checkImages(value: unknown): LabelledImages {
  const { shape, pixels, labels, classes } = asRecord(value ?? null, 'images');
  if (!Array.isArray(shape) || shape.length !== 4 || !shape.every((size) => Number.isSafeInteger(size) && size > 0)) {
    return refuse('images.shape', 'four positive integers [count, height, width, channels]', shape);
  }
  if (!isBytes(pixels)) return refuse('images.pixels', 'a Uint8Array', pixels);
  if (!isBytes(labels)) return refuse('images.labels', 'a Uint8Array', labels);
  const classCount = integer(1, 256).parse(classes, 'images.classes');
  const size = shape.reduce((product, length) => product * length, 1);
  if (pixels.length !== size || labels.length !== shape[0]) {
    throw new ShapeError(
      `images of shape [${shape.join(', ')}] have ${size} pixels and ${shape[0]} labels, got ${pixels.length} and ${labels.length}`,
      { shape, pixels: pixels.length, labels: labels.length },
    );
  }
  const wrong = labels.findIndex((label) => label >= classCount);
  if (wrong >= 0) {
    throw new ArgumentError(`images.labels must be in 0..${classCount - 1}, got ${labels[wrong]} for image ${wrong}`, {
      image: wrong,
    });
  }
  return value as LabelledImages;
}

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
 * @throws ArgumentError for what are no labelled images and unless batchSize is a positive integer; ShapeError for other
 * numbers of pixels or labels than the shape says.
 */
export function imageBatches(images: LabelledImages, batchSize: number): Iterable<ImageBatch> {
  return atDoor('imageBatches', () => {
    const checked = checkImages(images);
    const size = integer(1).parse(batchSize, 'batchSize');
    const count = checked.shape[0];
    return {
      *[Symbol.iterator]() {
        for (let first = 0; first < count; first += size) {
          yield batchAt(checked, first, Math.min(size, count - first));
        }
      },
    };
  });
}
