/** Models on disk are read as they were saved, and what is wrong with their files is named. */
import { mkdtemp, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { type GraphModel, type LayersModel, layers, sequential } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { ArgumentError, StoreError, UnsupportedError } from '../../../src/core/errors.ts';
import { gradient, loadModel, useBackend } from '../../../src/tfjs/index.ts';
import { graphArtifacts } from '../../support/graph-model.ts';
import { afterAll, beforeAll, describe, expect, test } from '../../support/jest.ts';
import { artifactsOf, quantised, writeModel } from '../../support/saved-model.ts';

let directory: string;
let model: LayersModel;
let x: tf.Tensor2D;
const random = (shape: number[], seed: number) => tf.randomNormal(shape, 0, 1, 'float32', seed);

beforeAll(async () => {
  await useBackend('cpu');
  directory = await mkdtemp(join(tmpdir(), 'eigensketch-models-'));
  model = sequential({
    layers: [
      layers.dense({ units: 5, inputShape: [3], activation: 'tanh', name: 'first' }),
      layers.dense({ units: 2, activation: 'softmax', name: 'last' }),
    ],
  });
  model.setWeights(model.getWeights().map(({ shape }, i) => random(shape, i)));
  x = random([4, 3], 9) as tf.Tensor2D;
});
afterAll(() => rm(directory, { recursive: true }));

const valuesOf = (output: unknown) => Array.from((output as tf.Tensor).dataSync());

describe('a tf.LayersModel', () => {
  test('in several shards, by its file or its directory', async () => {
    const path = await writeModel(await artifactsOf(model), join(directory, 'layers'));
    for (const from of [path, dirname(path)]) {
      const loaded = (await loadModel(from)) as LayersModel;
      expect(valuesOf(loaded.predict(x))).toEqual(valuesOf(model.predict(x)));
      expect(loaded.layers.map(({ name }) => name)).toEqual(['first', 'last']);
    }
  });

  test('quantised: the weights to half a step', async () => {
    const path = await writeModel(quantised(await artifactsOf(model)), join(directory, 'quantised'), 10);
    const loaded = (await loadModel(path)) as LayersModel;
    for (const [i, weight] of model.getWeights().entries()) {
      const [exact, coarse] = [valuesOf(weight), valuesOf(loaded.getWeights()[i])];
      const step = (Math.max(...exact) - Math.min(...exact)) / 255;
      for (const [at, value] of exact.entries()) expect(Math.abs(value - coarse[at]!)).toBeLessThan(0.51 * step + 1e-7);
    }
  });

  test('that was compiled brings its loss', async () => {
    model.compile({ optimizer: 'sgd', loss: 'categoricalCrossentropy' });
    const path = await writeModel(await artifactsOf(model, { includeOptimizer: true }), join(directory, 'compiled'));
    const y = tf.oneHot(tf.tensor1d([0, 1, 1, 0], 'int32'), 2);
    const [loaded, original] = [await loadModel(path), model];
    const [found, expected] = [
      await gradient({ model: loaded, data: [[x, y]] }),
      await gradient({ model: original, data: [[x, y]] }),
    ];
    expect(found.loss).toBe(expected.loss);
    expect(found.gradient).toEqual(expected.gradient);
  });
});

const graph = (last: string) =>
  graphArtifacts({ W: random([3, 2], 1), b: random([2], 2) }, { x: [-1, 3] }, [
    ['product', 'MatMul', ['x', 'W']],
    ['sum', 'BiasAdd', ['product', 'b']],
    ['y', last, ['sum']],
  ]);

test.each(['graph-model', undefined])('a tf.GraphModel (format %s)', async (format) => {
  const artifacts = { ...graph('Tanh'), ...(format === undefined ? {} : { format }) };
  const loaded = (await loadModel(await writeModel(artifacts, join(directory, `graph-${format}`), 7))) as GraphModel;
  const [W, b] = [random([3, 2], 1), random([2], 2)];
  expect(valuesOf(loaded.predict(x))).toEqual(valuesOf(tf.tanh(tf.add(tf.matMul(x, W as tf.Tensor2D), b))));
});

describe('refused', () => {
  const refused = async (path: string, kind: new (message: string) => Error, message: RegExp) => {
    const failure = await loadModel(path).catch((error: Error) => error);
    expect(failure).toBeInstanceOf(kind);
    expect((failure as Error).message).toMatch(message);
  };
  const saved = async (name: string) => writeModel(await artifactsOf(model), join(directory, name));

  test('no path, no file, no JSON, no model', async () => {
    await refused('', ArgumentError, /^loadModel: path must be a non-empty string/);
    await refused(join(directory, 'nothing.json'), StoreError, /^loadModel: cannot read .*nothing\.json/);
    const path = join(directory, 'other.json');
    await writeFile(path, '{"modelTopology": ');
    await refused(path, StoreError, /^loadModel: cannot read .*other\.json/);
    for (const text of ['null', '[]', '{"a": 1}', '{"modelTopology": 3}']) {
      await writeFile(path, text);
      await refused(path, StoreError, /other\.json is no model of TensorFlow\.js: it has no modelTopology/);
    }
    await writeFile(path, '{"modelTopology": {}, "format": "tflite"}');
    await refused(path, UnsupportedError, /is a model of the format 'tflite'/);
  });

  test('descriptions that are damaged', async () => {
    const path = await saved('damaged');
    const whole = JSON.parse(await readFile(path, 'utf8'));
    for (const group of [null, {}, { paths: ['a'] }, { paths: ['a'], weights: [{ name: 'b', dtype: 'float32' }] }]) {
      await writeFile(path, JSON.stringify({ ...whole, weightsManifest: [group] }));
      await refused(
        path,
        StoreError,
        /model\.json is damaged: weightsManifest\[0\] .* Save or convert the model again$/,
      );
    }
    await writeFile(path, JSON.stringify({ ...whole, format: 'graph-model' }));
    await refused(path, UnsupportedError, /cannot make the model .* not of the format that it says; save or convert/);
  });

  test('shards that are missing or cut off', async () => {
    const missing = await saved('missing');
    await rm(join(dirname(missing), 'group1-shard2.bin'));
    await refused(missing, StoreError, /^loadModel: cannot read group1-shard2\.bin of the model in .*missing/);
    const short = await saved('short');
    await truncate(join(dirname(short), 'group1-shard1.bin'), 60);
    await refused(short, StoreError, /group1-shard1\.bin, .* have 124 bytes, and model\.json describes 128/);
  });

  test('a layer that TensorFlow.js does not know', async () => {
    const artifacts = JSON.parse(JSON.stringify(await artifactsOf(model)).replace('"Dense"', '"Denser"'));
    const path = await writeModel(
      { ...artifacts, weightData: (await artifactsOf(model)).weightData },
      join(directory, 'denser'),
    );
    await refused(
      path,
      UnsupportedError,
      /^loadModel: TensorFlow\.js cannot make the model in .*: Unknown layer: Denser/,
    );
  });
});
