/** Files that the reader gives to the page: a TensorFlow.js model with its shards, and data as arrays, tables or images. */
import { readNpy } from '../../src/files/npy.ts';
import { readTable } from '../../src/files/table.ts';
import type { Dataset } from './datasets/dataset.ts';
import { oneHot } from './datasets/dataset.ts';

/** Bytes that a table may need. */
const MOST_BYTES = 2 ** 30;

/** Rows of numbers. */
interface Rows {
  readonly samples: number;
  /** Numbers in a row. */
  readonly features: number;
  readonly data: ArrayLike<number>;
}

/** What the files are. */
export interface OwnFiles {
  readonly model: File;
  readonly shards: File[];
  /** `.npy` and `.csv`, the inputs before the targets. */
  readonly arrays: File[];
  readonly images: File[];
}

const endsWith = ({ name }: File, ...endings: string[]): boolean =>
  endings.some((ending) => name.toLowerCase().endsWith(ending));

/** Of names like `y.npy`, `y_train.csv`, `labels.npy`, `test-targets.csv`. */
const isOfTargets = ({ name }: File): boolean => /^y\b|^y_|label|target|class/i.test(name);

/** Sorts them by their names. @throws Error saying what is missing */
export function sortFiles(files: readonly File[]): OwnFiles {
  const models = files.filter((file) => endsWith(file, '.json'));
  const arrays = files.filter((file) => endsWith(file, '.npy', '.csv'));
  const images = files.filter((file) => endsWith(file, '.png', '.jpg', '.jpeg', '.webp'));
  const [model] = models;
  if (!model || models.length > 1) throw new Error(`one model.json is needed, got ${models.length} files of JSON`);
  if (arrays.length + images.length === 0) {
    throw new Error(
      'data is needed with the model: x.npy and y.npy, a .csv table, or images named by their class (3-cat.png)',
    );
  }
  return {
    model,
    shards: files.filter((file) => endsWith(file, '.bin')),
    arrays: arrays.sort((a, b) => Number(isOfTargets(a)) - Number(isOfTargets(b)) || a.name.localeCompare(b.name)),
    images: images.sort((a, b) => a.name.localeCompare(b.name)),
  };
}

async function readRows(file: File): Promise<Rows> {
  if (endsWith(file, '.csv')) {
    const { rows, cols, data } = await readTable(file.name, [(await file.text()).split('\n')], MOST_BYTES);
    return { samples: rows, features: cols, data };
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  const source = {
    path: file.name,
    size: bytes.length,
    read: async (at: number, length: number) => bytes.slice(at, at + length),
  };
  const { shape, data } = await readNpy(source);
  const [samples = 1, ...rest] = shape;
  return {
    samples,
    features: rest.reduce((all, size) => all * size, 1),
    data: Float64Array.from(data as Float64Array, Number),
  };
}

/** Images as the model wants them: scaled to its size, from 0 to 1, grey or in colours. */
async function readImages(images: readonly File[], [height, width, channels]: readonly number[]): Promise<Rows> {
  const [h, w, c] = [height!, width!, channels ?? 1];
  if (c !== 1 && c !== 3) throw new Error(`images have 1 or 3 channels, and the model takes ${c}`);
  const features = h * w * c;
  const data = new Float32Array(images.length * features);
  const context = new OffscreenCanvas(w, h).getContext('2d', { willReadFrequently: true })!;
  for (const [i, file] of images.entries()) {
    context.drawImage(await createImageBitmap(file), 0, 0, w, h);
    const pixels = context.getImageData(0, 0, w, h).data;
    for (let at = 0; at < h * w; at++) {
      const [red, green, blue] = [pixels[4 * at]! / 255, pixels[4 * at + 1]! / 255, pixels[4 * at + 2]! / 255];
      if (c === 3) data.set([red, green, blue], i * features + 3 * at);
      else data[i * features + at] = 0.299 * red + 0.587 * green + 0.114 * blue;
    }
  }
  return { samples: images.length, features, data };
}

/** The number with which a name begins. */
function classOf({ name }: File): number {
  const digits = /^\d+/.exec(name)?.[0];
  if (digits === undefined) throw new Error(`${name}: the name of an image begins with its class, like 3-cat.png`);
  return Number(digits);
}

/** Splits a table into its first columns and the others. */
function split({ samples, features, data }: Rows, first: number): [Rows, Rows] {
  const part = (from: number, to: number): Rows => ({
    samples,
    features: to - from,
    data: Float64Array.from({ length: samples * (to - from) }, (_, at) => {
      const row = Math.floor(at / (to - from));
      return data[row * features + from + (at % (to - from))]!;
    }),
  });
  return [part(0, first), part(first, features)];
}

/** One-hot rows where each row is the number of a class and the model has several outputs; else the rows themselves. */
function targetsOf({ samples, features, data }: Rows, outputs: number): Pick<Dataset, 'targets' | 'classes'> {
  if (features === outputs) return { targets: Float32Array.from(data) };
  const isClass = (value: number): boolean => Number.isInteger(value) && value >= 0 && value < outputs;
  if (features !== 1 || !Array.from(data).every(isClass)) {
    throw new Error(
      `targets of ${outputs} outputs are rows of ${outputs} numbers or classes from 0 to ${outputs - 1}, got ${features} numbers a row`,
    );
  }
  const classes = Uint8Array.from(data);
  if (classes.length !== samples) throw new Error(`${samples} samples have ${classes.length} classes`);
  return { targets: oneHot(classes, outputs), classes };
}

/** The data for a model with inputs and outputs of these shapes. @throws Error saying what does not fit */
export async function readDataset(
  { arrays, images }: OwnFiles,
  shape: readonly number[],
  outputs: number,
): Promise<Dataset> {
  const features = shape.reduce((all, size) => all * size, 1);
  const [first, second] = await Promise.all(arrays.slice(0, 2).map(readRows));
  let pair: [Rows, Rows];
  if (images.length > 0) {
    const named = { samples: images.length, features: 1, data: first ? [] : images.map(classOf) };
    pair = [await readImages(images, shape), first ?? named];
  } else if (second) pair = [first!, second];
  else if (first!.features > features) pair = split(first!, features);
  else throw new Error(`${arrays[0]!.name} has inputs only: add y.npy or y.csv, or columns with the targets`);
  const [inputs, targets] = pair;
  if (inputs.features !== features) {
    throw new Error(
      `the model takes ${features} numbers a sample (${shape.join(' × ')}), the data has ${inputs.features}`,
    );
  }
  if (targets.samples !== inputs.samples) {
    throw new Error(`there are ${inputs.samples} samples of inputs and ${targets.samples} of targets`);
  }
  return {
    inputs: Float32Array.from(inputs.data),
    samples: inputs.samples,
    features,
    outputs,
    ...targetsOf(targets, outputs),
  };
}
