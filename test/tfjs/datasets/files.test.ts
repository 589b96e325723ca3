/** Files of images that users have: small ones of the same format, written here byte by byte. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import * as tf from '@tensorflow/tfjs-core';
import { afterAll, beforeAll, describe, expect, test } from '../../support/jest.ts';
import '@tensorflow/tfjs-backend-cpu';
import { EigensketchError } from '../../../src/index.ts';
import { hessian, imageBatches, readCifar10, readMnist, useBackend } from '../../../src/tfjs/index.ts';

let folder: string;
const file = (name: string): string => join(folder, name);

/** Red, green and blue planes that tell image, row, column and colour apart. */
const cifarPixel = (image: number, row: number, column: number, colour: number): number =>
  (17 * image + 3 * row + 5 * column + 80 * colour) % 256;

function cifarRecord(image: number, label: number): number[] {
  const bytes = [label];
  for (let colour = 0; colour < 3; colour++) {
    for (let row = 0; row < 32; row++) {
      for (let column = 0; column < 32; column++) bytes.push(cifarPixel(image, row, column, colour));
    }
  }
  return bytes;
}

const word = (value: number): number[] => [value >>> 24, (value >>> 16) & 255, (value >>> 8) & 255, value & 255];
const idx = (shape: number[], data: number[]): Uint8Array =>
  Uint8Array.from([0, 0, 8, shape.length, ...shape.flatMap(word), ...data]);
const mnistPixels = Array.from({ length: 5 * 4 * 3 }, (_, i) => (7 * i) % 256);

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'eigensketch-data-'));
  const records = [3, 9, 0].map((label, image) => cifarRecord(image, label));
  await writeFile(file('data_batch_1.bin'), Uint8Array.from(records.slice(0, 2).flat()));
  await writeFile(file('data_batch_2.bin'), Uint8Array.from(records[2]!));
  await writeFile(file('images'), idx([5, 4, 3], mnistPixels));
  await writeFile(file('labels'), idx([5], [1, 0, 9, 4, 4]));
  await writeFile(file('images.gz'), gzipSync(idx([5, 4, 3], mnistPixels)));
  await writeFile(file('labels.gz'), gzipSync(idx([5], [1, 0, 9, 4, 4])));
});

afterAll(() => rm(folder, { recursive: true, force: true }));

test('CIFAR-10: every pixel of every file, colours last', async () => {
  const { shape, pixels, labels, classes } = await readCifar10([file('data_batch_1.bin'), file('data_batch_2.bin')]);
  expect([shape, Array.from(labels), classes]).toEqual([[3, 32, 32, 3], [3, 9, 0], 10]);
  const expected = Array.from({ length: 3 * 32 * 32 * 3 }, (_, at) => {
    const place = Math.floor(at / 3);
    return cifarPixel(Math.floor(place / 1024), Math.floor(place / 32) % 32, place % 32, at % 3);
  });
  expect(Array.from(pixels)).toEqual(expected);
});

test.each(['', '.gz'])('MNIST: images%s and labels', async (suffix) => {
  const { shape, pixels, labels, classes } = await readMnist(file(`images${suffix}`), file(`labels${suffix}`));
  expect([shape, Array.from(labels), classes]).toEqual([[5, 4, 3, 1], [1, 0, 9, 4, 4], 10]);
  expect(Array.from(pixels)).toEqual(mnistPixels);
});

test('batches: pixels over 255, classes as ones in rows, a smaller last batch, as often as asked', async () => {
  const batches = imageBatches(await readMnist(file('images'), file('labels')), 2);
  for (let pass = 0; pass < 2; pass++) {
    const all = [...batches];
    expect(all.map(([x, y]) => [x.shape, y.shape])).toEqual(
      [2, 2, 1].map((count) => [
        [count, 4, 3, 1],
        [count, 10],
      ]),
    );
    expect(all.flatMap(([x]) => Array.from(x.data))).toEqual(mnistPixels.map((pixel) => Math.fround(pixel / 255)));
    expect(all.flatMap(([, y]) => Array.from(y.data)).flatMap((value, i) => (value ? [i % 10] : []))).toEqual([
      1, 0, 9, 4, 4,
    ]);
  }
});

test('hessian takes them as data: the Hessian of least squares on the pixels', async () => {
  await useBackend('cpu');
  const images = await readMnist(file('images'), file('labels'));
  const W = tf.variable(tf.zeros([12, 10]));
  const H = hessian({
    model: (x: tf.Tensor) => tf.matMul(tf.reshape(x, [-1, 12]), W as unknown as tf.Tensor2D),
    loss: (outputs: tf.Tensor, y: tf.Tensor) => tf.mean(tf.sum(tf.squaredDifference(outputs, y), 1)),
    parameters: [W],
    data: imageBatches(images, 2),
  });
  const X = { rows: 120, cols: 1, data: new Float32Array(120) };
  X.data[0] = 1;
  const product = await H.matmat(X);
  H.dispose();
  W.dispose();
  // 2 / N sum of pixel_0 pixel_j over the samples, for the first output
  for (let j = 0; j < 12; j++) {
    let sum = 0;
    for (let i = 0; i < 5; i++) sum += (mnistPixels[12 * i]! * mnistPixels[12 * i + j]!) / 255 ** 2;
    expect(product.data[10 * j]!).toBeCloseTo((2 * sum) / 5, 5);
  }
});

describe('bad files', () => {
  async function failure(run: Promise<unknown>): Promise<string> {
    const error = await run.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(EigensketchError);
    return `${(error as EigensketchError).code} ${(error as EigensketchError).message}`;
  }
  const written = async (name: string, bytes: Uint8Array): Promise<string> => {
    await writeFile(file(name), bytes);
    return file(name);
  };

  test('missing', async () => {
    expect(await failure(readCifar10([file('none.bin')]))).toMatch(
      /^STORE readCifar10: cannot read .*none\.bin: ENOENT/,
    );
    expect(await failure(readMnist(file('none'), file('labels')))).toMatch(
      /^STORE readMnist: cannot read .*none: ENOENT/,
    );
    expect(await failure(readCifar10([]))).toBe(
      'ARGUMENT readCifar10: files must be a list of at least one path, got an array of 0',
    );
  });

  test('CIFAR-10 cut off, empty, with a class that does not exist', async () => {
    const cut = await written('cut.bin', Uint8Array.from(cifarRecord(0, 1).slice(0, 3000)));
    expect(await failure(readCifar10([cut]))).toContain(
      'cut.bin has 3000 bytes, 3000 more than a whole number of records of 3073',
    );
    expect(await failure(readCifar10([await written('empty.bin', new Uint8Array())]))).toContain(
      'has 0 bytes, no record',
    );
    const label = await written('label.bin', Uint8Array.from([...cifarRecord(0, 1), ...cifarRecord(1, 10)]));
    expect(await failure(readCifar10([label]))).toContain('has label 10 for image 1, expected 0..9');
  });

  test('IDX with another magic number, cut off, too long, of another kind, with other labels', async () => {
    const good = file('labels');
    const magic = await written('magic', Uint8Array.from([0, 0, 13, 3, 0, 0, 0, 0]));
    expect(await failure(readMnist(magic, good))).toMatch(
      /magic is no IDX file of images: its first bytes must be 0x00000803, got 0x00000d03$/,
    );
    expect(await failure(readMnist(good, good))).toContain('must be 0x00000803, got 0x00000801');
    expect(await failure(readMnist(await written('tiny', Uint8Array.of(0, 0)), good))).toContain('got 2 bytes');
    const header = await written('header', idx([5, 4, 3], []).subarray(0, 10));
    expect(await failure(readMnist(header, good))).toContain('header is cut off in its header of 16 bytes');
    const lengths: [string, number[]][] = [
      ['short', mnistPixels.slice(1)],
      ['long', [...mnistPixels, 0]],
    ];
    for (const [name, data] of lengths) {
      expect(await failure(readMnist(await written(name, idx([5, 4, 3], data)), good))).toContain(
        `says 5 x 4 x 3, which takes 76 bytes, and has ${16 + data.length}`,
      );
    }
    const none = await written('none.idx', idx([0, 4, 3], []));
    expect(await failure(readMnist(none, good))).toMatch(/^STORE .*none\.idx says 0 x 4 x 3: it has no images$/);
    const labels = await written('four', idx([4], [0, 1, 2, 3]));
    expect(await failure(readMnist(file('images'), labels))).toMatch(/^SHAPE .*images has 5 images, .*four 4 labels$/);
    const classes = await written('classes', idx([5], [0, 1, 2, 3, 77]));
    expect(await failure(readMnist(file('images'), classes))).toContain('has label 77 for image 4, expected 0..9');
    const damaged = await written('damaged.gz', gzipSync(idx([5], [0, 0, 0, 0, 0])).subarray(0, 20));
    expect(await failure(readMnist(file('images'), damaged))).toMatch(/^STORE readMnist: cannot read .*damaged\.gz/);
  });

  test('batches of no size', async () => {
    const images = await readMnist(file('images'), file('labels'));
    expect(() => imageBatches(images, 0)).toThrow('imageBatches: batchSize must be an integer at least 1, got 0');
  });
});
