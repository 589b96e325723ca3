/** A model, its data and its labels in files: the same operator as in code, and the whole job on the command line. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { modelProblem } from '../../src/cli/model-problem.ts';
import { ShapeError } from '../../src/core/errors.ts';
import { writeArray } from '../../src/files/index.ts';
import { ggn, hessian } from '../../src/tfjs/index.ts';
import { runHere } from '../support/cli.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { artifactsOf, writeModel } from '../support/saved-model.ts';

const SAMPLES = 10;
const CLASSES = [0, 2, 1, 2, 0, 1, 1, 2, 0, 0];
let folder: string;
let model: LayersModel;
let x: tf.Tensor;
let files: { model: string; data: string; labels: string; loss: string };

beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(tmpdir(), 'eigensketch-model-'));
  model = sequential({
    layers: [
      layers.dense({ units: 4, inputShape: [3], activation: 'tanh', name: 'hidden' }),
      layers.dense({ units: 3, name: 'last' }),
    ],
  });
  model.setWeights(model.getWeights().map(({ shape }, i) => tf.randomNormal(shape, 0, 1, 'float32', i)));
  x = tf.randomNormal([SAMPLES, 3], 0, 1, 'float32', 9);
  files = {
    model: await writeModel(await artifactsOf(model), folder),
    data: join(folder, 'x.npy'),
    labels: join(folder, 'y.npy'),
    loss: 'softmaxCrossEntropy',
  };
  await writeArray(files.data, { data: Float64Array.from(x.dataSync()), shape: [SAMPLES, 3] });
  await writeArray(files.labels, { data: Float64Array.from(CLASSES), shape: [SAMPLES] });
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const rows = () => tf.oneHot(tf.tensor1d(CLASSES, 'int32'), 3);
const loss = (outputs: tf.Tensor, y: tf.Tensor) => tf.losses.softmaxCrossEntropy(y, outputs);

test.each([
  ['hessian', hessian],
  ['ggn', ggn],
] as const)('the %s of files is that of the same model in code, whatever the batch', async (curvature, make) => {
  const right = await toDense(make({ model, loss, data: [[x, rows()]] }), 31);
  for (const batch of [undefined, 4]) {
    const op = await modelProblem({ ...files, curvature, batch });
    expect(op.parameters.map(({ name }) => name.replace(/_\d+$/, ''))).toEqual([
      'hidden/kernel',
      'hidden/bias',
      'last/kernel',
      'last/bias',
    ]);
    expect(relativeError(await toDense(op, 31), right)).toBeLessThan(1e-5);
    op.dispose();
  }
});

test('one layer', async () => {
  const op = await modelProblem({ ...files, layer: 'last' });
  expect(op.numParameters).toBe(15);
  op.dispose();
  await expect(modelProblem({ ...files, layer: 'lst' })).rejects.toThrow(
    /^modelProblem: no parameters; the filter matches/,
  );
});

test('files of different lengths, unknown options and losses', async () => {
  const short = join(folder, 'short.npy');
  await writeArray(short, { data: new Float64Array(3), shape: [3] });
  const failure = await modelProblem({ ...files, labels: short }).catch((error: Error) => error);
  expect(failure).toBeInstanceOf(ShapeError);
  expect((failure as Error).message).toMatch(/^modelProblem: data has the shape \[10, 3\] and labels \[3\]: /);
  await expect(modelProblem({ ...files, bach: 3 } as never)).rejects.toThrow(
    "unknown option 'bach'; did you mean 'batch'?",
  );
  await expect(modelProblem({ ...files, batch: 0 })).rejects.toThrow(
    'modelProblem: batch must be an integer at least 1',
  );
  await expect(modelProblem({ ...files, loss: 'mse' })).rejects.toThrow('modelProblem: loss must be a function');
});

describe('on the command line', () => {
  const options = () => ['--model', files.model, '--data', files.data, '--labels', files.labels, '--loss', files.loss];

  test('seigh and eigsh', async () => {
    const op = await modelProblem(files);
    const dense = await toDense(op, 31);
    op.dispose();
    const trace = Array.from({ length: 31 }, (_, i) => dense[32 * i]!).reduce((a, b) => a + b);
    const whole = await runHere(['seigh', ...options(), '--dims', '31', '--batch', '4', '--json']);
    expect([whole.code, whole.stderr]).toEqual([0, expect.stringContaining('31 columns by hmt')]);
    const { eigenvalues } = JSON.parse(whole.stdout) as { eigenvalues: number[] };
    expect(eigenvalues.reduce((a, b) => a + b)).toBeCloseTo(trace, 4);
    const leading = await runHere(['eigsh', ...options(), '--k', '2', '--tol', '1e-3', '--json']);
    expect(leading.code).toBe(0);
    for (const [i, value] of (JSON.parse(leading.stdout).eigenvalues as number[]).entries()) {
      expect(Math.abs(value - eigenvalues[i]!)).toBeLessThan(2e-3 * Math.abs(eigenvalues[0]!));
    }
  });

  test('what is missing or does not go together is refused before anything is read', async () => {
    const refused = async (words: string[], message: string) => {
      const { code, stderr } = await runHere(words);
      expect(code).toBe(2);
      expect(stderr).toContain(message);
    };
    await refused(['seigh', '--dims', '3'], '--operator or --model is needed');
    await refused(['eigsh', '--model', 'model.json', '--data', 'x.npy', '--k', '3'], '--labels is needed with --model');
    await refused(
      ['seigh', '--operator', 'a.js', '--loss', 'huberLoss', '--dims', '3'],
      '--loss cannot be combined with --operator',
    );
  });
});
