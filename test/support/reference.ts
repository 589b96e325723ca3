/** Reading the reference files in test/reference. */
import { readFileSync } from 'node:fs';
import * as path from 'node:path';
import h5wasm, { type Dataset, type Group } from 'h5wasm/node';

/** An array of a file: its shape and its numbers, row-major. */
export interface ReferenceArray {
  shape: number[];
  data: Float32Array | Float64Array;
}

/** One reference problem: a model's parameters and data with exact derivatives of its mean loss. */
export interface Reference {
  parameters: ReferenceArray[];
  /** Leading axes (batches, samples of a batch). */
  x: ReferenceArray;
  y: ReferenceArray;
  /** Other arrays of the model, by name. */
  constants: Record<string, ReferenceArray>;
  loss: number;
  gradient: Float64Array;
  /** D x D, row-major. */
  hessian: Float64Array;
  ggn: Float64Array;
}

/** Opens test/reference/<name>.h5; the working directory of the tests is the project's root. */
export async function readReference(name: string): Promise<Reference> {
  const { FS } = await h5wasm.ready;
  const inMemory = `/${name}.h5`;
  FS.writeFile(inMemory, readFileSync(path.resolve('test/reference', `${name}.h5`)));
  const file = new h5wasm.File(inMemory, 'r');
  try {
    const read = (key: string): ReferenceArray => {
      const dataset = file.get(key) as Dataset;
      return { shape: [...dataset.shape!], data: dataset.value as Float32Array | Float64Array };
    };
    const keys = (file.get('params') as Group).keys().sort();
    return {
      parameters: keys.map((key) => read(`params/${key}`)),
      x: read('x'),
      y: read('y'),
      constants: Object.fromEntries(
        file
          .keys()
          .filter((key) => key.startsWith('bn_'))
          .map((key) => [key, read(key)]),
      ),
      loss: Number((file.get('loss') as Dataset).value),
      gradient: read('gradient').data as Float64Array,
      hessian: read('hessian').data as Float64Array,
      ggn: read('ggn').data as Float64Array,
    };
  } finally {
    file.close();
    FS.unlink(inMemory);
  }
}
