/** CIFAR-10 in its binary version (Krizhevsky 2009): records of a label and a 32 x 32 image, one colour after the other. */
import { concatenateBytes } from '../../core/bytes.ts';
import { atDoor } from '../../core/door.ts';
import { StoreError } from '../../core/errors.ts';
import { refuse, text } from '../../core/parse.ts';
import { checkLabels, readBytes } from './file.ts';
import type { LabelledImages } from './labelled-images.ts';

const SIDE = 32;
const PLANE = SIDE * SIDE;
const RECORD = 1 + 3 * PLANE;
const CLASSES = 10;

async function readRecords(path: string): Promise<Uint8Array> {
  const bytes = await readBytes(path);
  if (bytes.length > 0 && bytes.length % RECORD === 0) return bytes;
  const rest = bytes.length % RECORD;
  throw new StoreError(
    `${path} has ${bytes.length} bytes, ${rest === 0 ? 'no record' : `${rest} more than a whole number of records`} ` +
      `of ${RECORD} (a label and 3 x 32 x 32 pixels): it is cut off, or not the binary version of CIFAR-10`,
    { path, bytes: bytes.length, record: RECORD },
  );
}

/**
 * The images of one or more files of the binary version of CIFAR-10 (`data_batch_1.bin`, ..., `test_batch.bin`), in order,
 * colours last: shape [count, 32, 32, 3], 10 classes. The files are yours; nothing is downloaded.
 *
 * @example
 * const train = await readCifar10([1, 2, 3, 4, 5].map((i) => `cifar-10-batches-bin/data_batch_${i}.bin`));
 * @throws StoreError for a file that is missing, cut off or of another format; ArgumentError without files.
 */
export function readCifar10(files: readonly string[]): Promise<LabelledImages> {
  return atDoor('readCifar10', async () => {
    if (!Array.isArray(files) || files.length === 0) refuse('files', 'a list of at least one path', files);
    return readAll(files.map((path, i) => text.parse(path, `files[${i}]`)));
  });
}

async function readAll(files: readonly string[]): Promise<LabelledImages> {
  const parts: { labels: Uint8Array; pixels: Uint8Array }[] = [];
  for (const path of files) {
    const bytes = await readRecords(path);
    const count = bytes.length / RECORD;
    const labels = Uint8Array.from({ length: count }, (_, i) => bytes[i * RECORD]!);
    checkLabels(path, labels, CLASSES);
    const pixels = new Uint8Array(count * 3 * PLANE);
    for (let i = 0, at = 0; i < count; i++) {
      const start = i * RECORD + 1;
      for (let pixel = start; pixel < start + PLANE; pixel++) {
        for (let colour = 0; colour < 3; colour++) pixels[at++] = bytes[pixel + colour * PLANE]!;
      }
    }
    parts.push({ labels, pixels });
  }
  const labels = concatenateBytes(parts.map((part) => part.labels));
  return {
    shape: [labels.length, SIDE, SIDE, 3],
    pixels: concatenateBytes(parts.map((part) => part.pixels)),
    labels,
    classes: CLASSES,
  };
}
