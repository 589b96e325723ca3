/** Who runs in which bench. The first contestant is the one the others are compared with. */
import type { Contestant } from './support/race.ts';

const PYTHON = process.env.EIGENSKETCH_PYTHON ?? '/usr/bin/python3';

function ours(name: string, job: string, kernels: string, args: readonly string[] = []): Contestant {
  const command = [process.execPath, `dist/bench/jobs/${job}.js`, ...args] as const;
  return { name, command: command as Contestant['command'], env: { EIGENSKETCH_KERNELS: kernels } };
}

function torch(name: string, script: string, ...args: string[]): Contestant {
  return { name, command: [PYTHON, `bench/peers/${script}.py`, ...args] };
}

const single = (contestant: Contestant): Contestant => ({
  ...contestant,
  name: `${contestant.name}, 1 thread`,
  env: { ...contestant.env, OPENBLAS_NUM_THREADS: '1', OMP_NUM_THREADS: '1', EIGENSKETCH_THREADS: '1' },
});

const SIZES = [
  ...['10000:50', '10000:400', '100000:100', '100000:200', '1000000:50', '10000000:10'],
  ...['10000:50:plain', '100000:100:plain', '1000000:50:plain'],
];

const OUT_OF_CORE_SIZES = ['1000000:100', '1000000:200'];

const GRAPHS = ['200000:10:LA', '200000:50:LM'];
const LARGE_GRAPH = '1000000:10:LA';

/** The benches by name. */
export const BENCHES: Record<string, readonly Contestant[]> = {
  mlp784: [
    ours('eigensketch, native', 'mlp784', 'native', ['--kernels', 'native']),
    ours('eigensketch, native, vectors not read', 'mlp784', 'native', ['--kernels', 'native', '--lazyVectors']),
    ours('eigensketch, wasm', 'mlp784', 'wasm', ['--kernels', 'wasm']),
    torch('PyTorch HMT, product per vector', 'torch_hmt', '--products', 'vector'),
    torch('PyTorch HMT, batched products', 'torch_hmt', '--products', 'batched'),
    torch('skerch', 'skerch_hmt', '--products', 'vector'),
    torch('skerch, batched products', 'skerch_hmt', '--products', 'batched'),
  ],
  profile: [
    ours('eigensketch, native', 'profile', 'native', ['--kernels', 'native']),
    ours('eigensketch, wasm', 'profile', 'wasm', ['--kernels', 'wasm']),
  ],
  products: [
    ours('eigensketch, native', 'products', 'native'),
    ours('eigensketch, wasm', 'products', 'wasm'),
    ours('TensorFlow.js double backward', 'products', 'wasm', ['--naive']),
    torch('PyTorch, per vector', 'torch_products', '--products', 'vector'),
    torch('PyTorch, batched', 'torch_products', '--products', 'batched'),
  ],
  models: [
    ours('eigensketch, native', 'models', 'native'),
    ours('eigensketch, wasm', 'models', 'wasm'),
    ours('eigensketch, mode reverse', 'models', 'native', ['--reverse']),
    torch('PyTorch, per vector', 'torch_models'),
  ],
  gradients: [ours('eigensketch, native', 'gradients', 'native'), torch('PyTorch', 'torch_gradients')],
  eigsh: [
    ours('eigensketch, native', 'eigsh', 'native', ['--kernels', 'native']),
    ours('eigensketch, native, no check', 'eigsh', 'native', ['--kernels', 'native', '--confidence', '0']),
    ours('eigensketch, native, blocks of 2', 'eigsh', 'native', ['--kernels', 'native', '--block-size', '2']),
    ours('eigensketch, wasm', 'eigsh', 'wasm', ['--kernels', 'wasm']),
    torch('SciPy with PyTorch products', 'scipy_eigsh'),
  ],
  remote: [ours('through Python', 'remote', 'js')],
  sparse: [
    ours('eigensketch, native', 'sparse', 'native', ['--kernels', 'native', ...GRAPHS, LARGE_GRAPH]),
    ours('eigensketch, wasm', 'sparse', 'wasm', ['--kernels', 'wasm', ...GRAPHS]),
    torch('SciPy', 'scipy_sparse', ...GRAPHS, LARGE_GRAPH),
  ],
  dense: [
    ours('eigensketch, native', 'dense', 'native', ['--kernels', 'native']),
    ours('eigensketch, wasm', 'dense', 'wasm', ['--kernels', 'wasm']),
    ours('ml-matrix (js)', 'dense', 'js', ['--kernels', 'js']),
    torch('PyTorch', 'torch_dense'),
    single(ours('eigensketch, native', 'dense', 'native', ['--kernels', 'native', '--product'])),
    single(ours('eigensketch, wasm', 'dense', 'wasm', ['--kernels', 'wasm', '--product'])),
    single(torch('PyTorch', 'torch_dense')),
  ],
  algebra: [
    ours('eigensketch, native', 'algebra', 'native', ['--kernels', 'native']),
    ours('eigensketch, wasm', 'algebra', 'wasm', ['--kernels', 'wasm']),
  ],
  random: [
    ours('eigensketch', 'random', 'auto'),
    single(ours('eigensketch', 'random', 'auto')),
    ours('eigensketch, in JavaScript', 'random', 'auto', ['--js']),
    torch('PyTorch', 'torch_random'),
  ],
  scaling: [
    ours('eigensketch, native', 'scaling', 'native', ['--kernels', 'native', ...SIZES]),
    ours('eigensketch, wasm', 'scaling', 'wasm', ['--kernels', 'wasm', ...SIZES]),
    torch('PyTorch', 'torch_scaling', ...SIZES),
  ],
  'out-of-core': [
    ours('on disk, cap 512 MB', 'out-of-core', 'auto', OUT_OF_CORE_SIZES),
    ours('in memory', 'out-of-core', 'auto', ['--in-memory', ...OUT_OF_CORE_SIZES]),
    ours('on disk, cap 512 MB, 10^7 rows', 'out-of-core', 'auto', ['10000000:100']),
  ],
  'out-of-core-large': [ours('on disk, cap 1 GB', 'out-of-core', 'auto', ['--memory', '1GB', '10000000:200'])],
  gpu: [
    ours('eigensketch, webgpu', 'gpu', 'auto'),
    ours('eigensketch, tensorflow', 'gpu', 'auto', ['--backend', 'tensorflow']),
    ours('eigensketch, wasm on the host', 'gpu', 'auto', ['--backend', 'wasm']),
    torch('PyTorch on CUDA, per vector', 'torch_gpu', '--products', 'vector'),
    torch('PyTorch on CUDA, batched', 'torch_gpu', '--products', 'batched'),
  ],
};

/** Trials in about a minute: of benches that need a machine of their kind, or a quiet one. */
export const TRIALS: Record<string, readonly Contestant[]> = {
  sparse: [ours('eigensketch', 'sparse', 'auto', ['3000:5:LA']), torch('SciPy', 'scipy_sparse', '3000:5:LA')],
  gpu: [ours('eigensketch, webgpu', 'gpu', 'auto', ['--small'])],
};
