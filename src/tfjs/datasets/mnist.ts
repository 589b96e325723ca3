/** MNIST and its like (Fashion-MNIST, KMNIST) in IDX files (LeCun, Cortes & Burges 1998), compressed or not. */
import { atDoor } from '../../core/door.ts';
import { ShapeError, StoreError } from '../../core/errors.ts';
import { text } from '../../core/parse.ts';
import { checkLabels, readBytes } from './file.ts';
import type { LabelledImages } from './labelled-images.ts';

const CLASSES = 10;
/** The first four bytes: two zeros, 8 for unsigned bytes, the number of axes. */
const MAGIC = 0x0800;

interface Idx {
  shape: number[];
  data: Uint8Array;
}

/** An IDX file of unsigned bytes: big-endian magic number and sizes, then the bytes, row-major. */
async function readIdx(path: string, axes: number, content: string): Promise<Idx> {
  const bytes = await readBytes(path);
  const header = 4 + 4 * axes;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const magic = bytes.length >= 4 ? view.getUint32(0) : undefined;
  if (magic !== MAGIC + axes) {
    const got = magic === undefined ? `${bytes.length} bytes` : `0x${magic.toString(16).padStart(8, '0')}`;
    throw new StoreError(
      `${path} is no IDX file of ${content}: its first bytes must be 0x${(MAGIC + axes).toString(16).padStart(8, '0')}, ` +
        `got ${got}`,
      { path, magic },
    );
  }
  if (bytes.length < header) {
    throw new StoreError(`${path} is cut off in its header of ${header} bytes`, {
      path,
      bytes: bytes.length,
    });
  }
  const shape = Array.from({ length: axes }, (_, axis) => view.getUint32(4 + 4 * axis));
  if (shape.includes(0)) {
    throw new StoreError(`${path} says ${shape.join(' x ')}: it has no ${content}`, { path, shape });
  }
  const expected = header + shape.reduce((product, size) => product * size, 1);
  if (bytes.length !== expected) {
    throw new StoreError(`${path} says ${shape.join(' x ')}, which takes ${expected} bytes, and has ${bytes.length}`, {
      path,
      shape,
      expected,
      bytes: bytes.length,
    });
  }
  return { shape, data: bytes.subarray(header) };
}

/**
 * Images and labels of MNIST, or of another set in its format: shape [count, 28, 28, 1], 10 classes. The files are yours
 * (`train-images-idx3-ubyte.gz` and `train-labels-idx1-ubyte.gz`, decompressed or not); nothing is downloaded.
 *
 * @example
 * const test = await readMnist('t10k-images-idx3-ubyte.gz', 't10k-labels-idx1-ubyte.gz');
 * @throws StoreError for a file that is missing, cut off or of another format; ShapeError when the files have different
 * numbers of images and labels; ArgumentError for what is no path.
 */
export function readMnist(imagesFile: string, labelsFile: string): Promise<LabelledImages> {
  return atDoor('readMnist', async () =>
    readBoth(text.parse(imagesFile, 'imagesFile'), text.parse(labelsFile, 'labelsFile')),
  );
}

async function readBoth(imagesFile: string, labelsFile: string): Promise<LabelledImages> {
  const images = await readIdx(imagesFile, 3, 'images');
  const labels = await readIdx(labelsFile, 1, 'labels');
  const [count, height, width] = images.shape as [number, number, number];
  if (labels.data.length !== count) {
    throw new ShapeError(`${imagesFile} has ${count} images, ${labelsFile} ${labels.data.length} labels`, {
      images: count,
      labels: labels.data.length,
    });
  }
  checkLabels(labelsFile, labels.data, CLASSES);
  return { shape: [count, height, width, 1], pixels: images.data, labels: labels.data, classes: CLASSES };
}
