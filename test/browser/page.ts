/** What the pages of the tests offer to them, as a global. */
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import { diagonalOperator, seigh } from '../../src/index.ts';
import { analysisOf, paperSentence, svgToPng, toMarkdown } from '../../src/report/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { type BackendName, hessian, loadModel, useBackend } from '../../src/tfjs/index.ts';
import { certified, chain } from './jobs.ts';

setWasmPaths('/wasm/');

/** An array as JSON has it. */
interface Plain {
  shape: number[];
  data: number[];
}

/** A network of two layers, tanh between them, with the cross entropy of its outputs. */
export interface PlainNetwork {
  parameters: Plain[];
  x: Plain;
  y: Plain;
}

const tensorOf = ({ shape, data }: Plain): tf.Tensor => tf.tensor(data, shape);
/** [batches, samples, ...] as one batch. */
const samples = ({ shape: [batches, count, ...rest], data }: Plain): tf.Tensor =>
  tf.tensor(data, [batches! * count!, ...rest]);

/** The whole matrix, and what became of memory. */
interface Measured {
  device: string;
  data: number[];
  grown: number;
  left: number;
}

async function hessianMatrix(name: BackendName, { parameters, x, y }: PlainNetwork): Promise<Measured> {
  const { device } = await useBackend(name);
  const before = tf.memory().numTensors;
  const initial = parameters.map(tensorOf);
  const weights = initial.map((tensor) => tf.variable(tensor));
  tf.dispose(initial);
  const data: [tf.Tensor, tf.Tensor] = [samples(x), samples(y)];
  const [W1, b1, W2, b2] = weights as unknown as [tf.Tensor2D, tf.Tensor, tf.Tensor2D, tf.Tensor];
  const H = hessian({
    model: (input: tf.Tensor) =>
      tf.add(tf.matMul(tf.tanh(tf.add(tf.matMul(input as tf.Tensor2D, W1), b1)) as tf.Tensor2D, W2), b2),
    loss: (outputs: tf.Tensor, labels: tf.Tensor) => tf.losses.softmaxCrossEntropy(labels, outputs),
    parameters: weights as tf.Variable[],
    data: [data],
  });
  const n = H.shape[0];
  const eye = { rows: n, cols: n, data: Float32Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0)) };
  const first = await H.matmat(eye);
  const held = tf.memory().numTensors;
  await H.matmat(eye);
  const grown = tf.memory().numTensors - held;
  H.dispose();
  for (const tensor of [...weights, ...data]) tensor.dispose();
  return { device, data: Array.from(first.data), grown, left: tf.memory().numTensors - before };
}

const said = async (work: () => unknown): Promise<string> => {
  try {
    await work();
    return 'nothing';
  } catch (error) {
    return `${(error as { code?: string }).code ?? (error as Error).name}: ${(error as Error).message}`;
  }
};

/** What the tests ask for. */
export interface Jobs {
  isolated(): boolean;
  certified: typeof certified;
  hessianMatrix: typeof hessianMatrix;
  /** What the abort gave, and after how many blocks. */
  aborted(): Promise<{ message: string; blocks: number }>;
  refusals(): Promise<string[]>;
  report(): Promise<{ versions: object; sentence: string; table: string }>;
}

const jobs: Jobs = {
  isolated: (): boolean => (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true,
  certified,
  hessianMatrix,
  async aborted() {
    const controller = new AbortController();
    let blocks = 0;
    const message = await said(() =>
      seigh(chain(), 200, {
        blockSize: 5,
        signal: controller.signal,
        onProgress: () => {
          if (++blocks === 3) controller.abort(new Error('enough'));
        },
      }),
    );
    return { message, blocks };
  },
  refusals: async (): Promise<string[]> => [
    await said(() => seigh(diagonalOperator([3, 2, 1]), 2, { store: 'run' })),
    await said(() => seigh(diagonalOperator([3, 2, 1]), 2, { kernels: 'native' })),
    await said(() => seigh(diagonalOperator([3, 2, 1]), 2, { kernels: 'js' })),
    await said(() => useBackend('webgl' as never)),
    await said(() => useBackend('tensorflow')),
    await said(() => loadModel('model.json')),
    await said(() => svgToPng('<svg/>')),
  ],
  async report() {
    const result = await seigh(operatorWithSpectrum([4, 3, 2, 1], { seed: 1 }), 3);
    const analysis = analysisOf({ operator: 'A', result });
    return { versions: analysis.provenance.versions, sentence: paperSentence(analysis), table: toMarkdown(analysis) };
  },
};

Object.assign(globalThis, { jobs });
