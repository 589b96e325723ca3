/** What the pages of the tests offer to them, as a global. */
import * as tf from '@tensorflow/tfjs';
import { setWasmPaths } from '@tensorflow/tfjs-backend-wasm';
import '@tensorflow/tfjs-backend-webgpu';
import { diagonalOperator, seigh } from '../../src/index.ts';
import { analysisOf, paperSentence, svgToPng, toMarkdown } from '../../src/report/index.ts';
import { operatorWithSpectrum } from '../../src/testing/index.ts';
import { type BackendName, hessian, loadModel, useBackend } from '../../src/tfjs/index.ts';
import type { ReferenceArray } from '../support/reference.ts';
import { type NetworkData, networkOf } from '../support/reference-networks.ts';
import { certified, certifiedHessian, chain, drawn } from './jobs.ts';

setWasmPaths('/wasm/');

/** An array as JSON has it. */
interface Plain {
  shape: number[];
  data: number[];
}

/** What a reference network is built from, as JSON has it. */
export interface PlainNetwork {
  parameters: Plain[];
  x: Plain;
  y: Plain;
  constants: Record<string, Plain>;
}

const arrayOf = ({ shape, data }: Plain): ReferenceArray => ({ shape, data: Float32Array.from(data) });

const dataOf = ({ parameters, x, y, constants }: PlainNetwork): NetworkData => ({
  parameters: parameters.map(arrayOf),
  x: arrayOf(x),
  y: arrayOf(y),
  constants: Object.fromEntries(Object.entries(constants).map(([name, each]) => [name, arrayOf(each)])),
});

/** The whole matrix, and what became of memory. */
interface Measured {
  device: string;
  data: number[];
  /** Tensors and bytes that ten products left behind. */
  grown: [number, number];
  /** Tensors that are left of everything. */
  left: number;
}

async function hessianMatrix(backend: BackendName, name: string, plain: PlainNetwork): Promise<Measured> {
  const { device } = await useBackend(backend);
  const before = tf.memory().numTensors;
  const network = networkOf(name, dataOf(plain));
  const H = hessian({ ...network.problem, data: network.batches([network.samples - 3, 3]) as never, check: false });
  const n = H.shape[0];
  const eye = { rows: n, cols: n, data: Float32Array.from({ length: n * n }, (_, at) => (at % (n + 1) === 0 ? 1 : 0)) };
  const first = await H.matmat(eye);
  const some = { rows: n, cols: 4, data: Float32Array.from({ length: 4 * n }, (_, at) => Math.sin(at)) };
  await H.matmat(some);
  const held = tf.memory();
  for (let i = 0; i < 10; i++) await H.matmat(some);
  const { numTensors, numBytes } = tf.memory();
  H.dispose();
  network.dispose();
  return {
    device,
    data: Array.from(first.data),
    grown: [numTensors - held.numTensors, numBytes - held.numBytes],
    left: tf.memory().numTensors - before,
  };
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
  drawn: typeof drawn;
  hessianMatrix: typeof hessianMatrix;
  /** On the wasm backend. */
  certifiedHessian(name: string, network: PlainNetwork): ReturnType<typeof certifiedHessian>;
  /** What the abort gave, and after how many blocks. */
  aborted(): Promise<{ message: string; blocks: number }>;
  refusals(): Promise<string[]>;
  report(): Promise<{ versions: object; sentence: string; table: string }>;
}

const jobs: Jobs = {
  isolated: (): boolean => (globalThis as { crossOriginIsolated?: boolean }).crossOriginIsolated === true,
  certified,
  drawn,
  hessianMatrix,
  async certifiedHessian(name, network) {
    await useBackend('wasm');
    return certifiedHessian(name, dataOf(network));
  },
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
