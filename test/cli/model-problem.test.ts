/** A model, its data and its labels in files: the same operator as in code, and the whole job on the command line. */
import { cp, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { basename, join, relative } from 'node:path';
import process from 'node:process';
import { type LayersModel, layers, sequential } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs-core';
import { modelProblem } from '../../src/cli/model-problem.ts';
import { ShapeError } from '../../src/core/errors.ts';
import { readArray, writeArray } from '../../src/files/index.ts';
import { readRecordFile, writeRecordFile } from '../../src/hdf5/record-file.ts';
import type { Analysis } from '../../src/report/index.ts';
import { ggn, hessian } from '../../src/tfjs/index.ts';
import { runHere } from '../support/cli.ts';
import { relativeError, toDense } from '../support/dense.ts';
import { afterAll, beforeAll, describe, expect, test } from '../support/jest.ts';
import { QUICK_DISK } from '../support/quick-disk.ts';
import { artifactsOf, writeModel } from '../support/saved-model.ts';

const SAMPLES = 10;
const CLASSES = [0, 2, 1, 2, 0, 1, 1, 2, 0, 0];
let folder: string;
let model: LayersModel;
let x: tf.Tensor;
let files: { model: string; data: string; labels: string; loss: string };

beforeAll(async () => {
  await tf.setBackend('cpu');
  folder = await mkdtemp(join(QUICK_DISK, 'eigensketch-model-'));
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

test('arrays of any order and type of integers are the same problem, on the command line and as batches in code', async () => {
  const right = await toDense(hessian({ model, loss, data: [[x, rows()]] }), 31);
  const [data, labels] = [join(folder, 'x-by-columns.npy'), join(folder, 'y-int64.npy')];
  await writeArray(data, { data: Float64Array.from(x.dataSync()), shape: [SAMPLES, 3] }, { order: 'F' });
  await writeArray(labels, { data: BigInt64Array.from(CLASSES, BigInt), shape: [SAMPLES] });
  const op = await modelProblem({ ...files, data, labels });
  expect(relativeError(await toDense(op, 31), right)).toBeLessThan(1e-5);
  op.dispose();
  const batch = [await readArray(data), await readArray(labels)] as const;
  const inCode = hessian({ model, loss: 'softmaxCrossEntropy', data: [batch] });
  expect(relativeError(await toDense(inCode, 31), right)).toBeLessThan(1e-5);
  inCode.dispose();
  const beyond = { data: BigInt64Array.of(2n ** 40n), shape: [1] };
  const wide = hessian({ model, loss, data: [[{ data: Float32Array.of(1, 2, 3), shape: [1, 3] }, beyond]] });
  await expect(toDense(wide, 31)).rejects.toThrow(
    'entry 0 of an integer array is 1099511627776: tensors hold integers of 32 bits',
  );
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

describe('files that do not fit are refused on the command line, in words of ours', () => {
  const array = async (name: string, shape: readonly number[]) => {
    const data = Float64Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => i % 3);
    await writeArray(join(folder, name), { data, shape });
    return join(folder, name);
  };
  const classes = async () => {
    await writeArray(join(folder, 'many.npy'), {
      data: Float64Array.from(CLASSES, (each) => 2 * each),
      shape: [SAMPLES],
    });
    return join(folder, 'many.npy');
  };
  const copy = async (name: string) => {
    for (const file of ['model.json', 'group1-shard1.bin', 'group1-shard2.bin']) {
      await cp(join(folder, file), join(folder, name, file));
    }
    return join(folder, name, 'model.json');
  };
  const damaged = async () => {
    const path = await copy('damaged');
    await writeFile(path, '{ "modelTopology": ');
    return path;
  };
  const cut = async () => {
    const path = await copy('cut');
    await rm(join(folder, 'cut', 'group1-shard2.bin'));
    return path;
  };
  test.each<[string, () => Promise<Partial<typeof files> & Record<string, unknown>>, RegExp]>([
    ['model.json that is no JSON', async () => ({ model: await damaged() }), /cannot read .*damaged.model\.json/],
    ['a shard that is missing', async () => ({ model: await cut() }), /cannot read group1-shard2\.bin of the model/],
    [
      'samples too wide',
      async () => ({ data: await array('wide.npy', [10, 4]) }),
      /x does not fit the model: .* layer hidden/,
    ],
    [
      'samples of other axes',
      async () => ({ data: await array('deep.npy', [10, 2, 3]) }),
      /'softmaxCrossEntropy' compares outputs/,
    ],
    [
      'labels too wide',
      async () => ({ labels: await array('rows.npy', [10, 4]) }),
      /compares outputs \[10, 3\] .* got y \[10, 4\]/,
    ],
    [
      'classes for a loss of rows',
      async () => ({ loss: 'meanSquaredError' }),
      /compares outputs \[10, 3\] .* got y \[10\]/,
    ],
    ['labels that are no class', async () => ({ labels: await classes() }), /labels that are no class/],
    ['a loss that is none', async () => ({ loss: 'softmax' }), /loss must be .* got 'softmax'/],
    ['a layer that is none', async () => ({ layer: 'lost' }), /the filter matches none of: hidden\/kernel/],
    ['an output that is none', async () => ({ output: 'lost' }), /output is for a tf\.GraphModel/],
  ])('%s', async (_, change, message) => {
    const given = { ...files, ...(await change()) };
    const flags = Object.entries(given).flatMap(([name, value]) => [`--${name}`, String(value)]);
    const { code, stderr } = await runHere(['seigh', ...flags, '--dims', '3']);
    expect([code, stderr]).toEqual([expect.any(Number), expect.stringMatching(message)]);
    expect(code).not.toBe(0);
    expect(stderr).not.toMatch(/Error: |at \S+ \(/);
  });
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

  describe('in a directory', () => {
    const sketch = (...more: string[]) => [
      ...options(),
      '--curvature',
      'ggn',
      '--layer',
      'last',
      '--batch',
      '4',
      ...more,
    ];
    const small = ['--dims', '6', '--block-size', '3', '--seed', '5'];
    const stored = () => join(folder, 'stored');
    const numbersOf = ({ stdout }: { stdout: string }) => {
      const { eigenvalues, provenance } = JSON.parse(stdout) as Analysis;
      return { eigenvalues, operator: provenance.operator };
    };
    let first: ReturnType<typeof numbersOf>;

    beforeAll(async () => {
      const ended = await runHere(['run', ...sketch(...small), '--tests', '0', '--out', stored(), '--json']);
      expect([ended.code, ended.stderr]).toEqual([0, '']);
      first = numbersOf(ended);
    });

    test('it is that of the same options in memory, and called like the folder of model.json', async () => {
      const ended = await runHere(['certify', ...sketch(...small), '--tests', '3', '--json']);
      expect(ended.code).toBe(0);
      const { eigenvalues, operator } = numbersOf(ended);
      expect(operator).toBe(basename(folder));
      expect(first.operator).toBe(operator);
      for (const [i, value] of eigenvalues.entries()) expect(first.eigenvalues[i]).toBeCloseTo(value, 5);
    });

    test('the options are remembered, with paths that hold from everywhere', async () => {
      const { stdout } = await runHere(['status', stored(), '--json']);
      const { origin } = JSON.parse(stdout) as { origin: object };
      const problem = { ...files, curvature: 'ggn', layer: 'last', batch: 4 };
      expect(origin).toMatchObject({ operator: files.model, problem });
      const elsewhere = join(folder, 'elsewhere');
      const here = (path: string) => relative(process.cwd(), path);
      const paths = ['--model', here(files.model), '--data', here(files.data), '--labels', here(files.labels)];
      const args = ['run', ...paths, '--loss', files.loss, '--dims', '2', '--tests', '0', '--out', elsewhere];
      expect((await runHere(args)).code).toBe(0);
      const again = JSON.parse((await runHere(['status', elsewhere, '--json'])).stdout) as { origin: object };
      expect(again.origin).toMatchObject({ operator: files.model, problem: files });
    });

    test('--trust finds the same operator: blocks that are lost are measured again, and it is certified', async () => {
      await rm(join(stored(), 'product/000001.h5'));
      await rm(join(stored(), 'result'), { recursive: true });
      const unasked = await runHere(['run', '--out', stored()]);
      expect([unasked.code, unasked.stdout]).toEqual([2, '']);
      expect(unasked.stderr).toContain('x.npy, which would be loaded (a model.json executes no code): give --model, ');
      const again = await runHere(['run', '--out', stored(), '--trust', '--tests', '0', '--json']);
      expect([again.code, again.stderr]).toEqual([0, '']);
      expect(numbersOf(again)).toEqual(first);
      const certified = await runHere(['certify', stored(), '--trust', '--tests', '3', '--json']);
      expect(certified.code).toBe(0);
      expect((JSON.parse(certified.stdout) as Analysis).certificate?.tests).toBe(3);
      const verified = await runHere(['verify', stored(), ...sketch()]);
      expect([verified.code, verified.stdout]).toEqual([0, expect.stringContaining("the products are the operator's")]);
    });

    test('another layer of the model is another operator', async () => {
      const other = options().concat('--curvature', 'hessian', '--layer', 'last');
      const { code, stderr } = await runHere(['certify', stored(), ...other, '--tests', '3']);
      // the loss is convex in the last layer: there both matrices are the same
      expect([code, stderr]).toEqual([0, '']);
      const { code: refused, stderr: said } = await runHere(['certify', stored(), ...options(), '--tests', '3']);
      expect([refused, said]).toEqual([5, expect.stringMatching(/n 15 \(asked for 31\)/)]);
    });

    test('options of a crafted directory that are none are its damage', async () => {
      const crafted = join(folder, 'crafted');
      await cp(stored(), crafted, { recursive: true });
      const file = join(crafted, 'sketch.h5');
      const { attributes } = await readRecordFile(file);
      const problem = JSON.stringify({ ...files, batch: -1 });
      await writeRecordFile(file, { attributes: { ...attributes, problem } });
      const { code, stderr } = await runHere(['run', '--out', crafted, '--trust']);
      expect([code, stderr]).toEqual([
        5,
        `eigensketch run: ${file}: damaged: its model problem is none: batch must be an integer at least 1, got -1\n`,
      ]);
    });

    test('processes of a launch are told the model', async () => {
      const path = join(folder, 'launched');
      const args = [...sketch(...small), '--method', 'nystrom', '--rank', '3', '--tests', '0', '--out', path];
      const ended = await runHere(['launch', '--engine', 'local', ...args, '-j', '1', '--json']);
      expect(ended.code).toBe(0);
      expect(numbersOf(ended).eigenvalues).toHaveLength(3);
      const { stages } = JSON.parse((await runHere(['status', path, '--json'])).stdout);
      const workers = stages[0].done as { pid: number; backend: string }[];
      expect(workers.map(({ backend }) => backend)).toEqual(['wasm (CPU)', 'wasm (CPU)']);
      for (const { pid } of workers) expect(pid).not.toBe(process.pid);
    }, 60_000);
  });

  test('what is missing or does not go together is refused before anything is read', async () => {
    const refused = async (words: string[], message: string) => {
      const { code, stderr } = await runHere(words);
      expect(code).toBe(2);
      expect(stderr).toContain(message);
    };
    await refused(['seigh', '--dims', '3'], '--operator or --model is needed');
    await refused(['eigsh', '--model', 'model.json', '--data', 'x.npy', '--k', '3'], '--labels is needed with --model');
    await refused(['run', '--data', 'x.npy', '--dims', '3', '--out', 'nowhere'], '--model is needed with --data');
    await refused(['certify', '--dims', '3'], '--operator or --model is needed');
    await refused(
      ['launch', '--engine', 'local', '--dims', '3', '--out', 'nowhere'],
      '--operator or --model is needed',
    );
    await refused(
      ['seigh', '--operator', 'a.js', '--loss', 'huberLoss', '--dims', '3'],
      '--loss cannot be combined with --operator',
    );
  });
});
