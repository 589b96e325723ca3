/** Run in a process of its own: an eigendecomposition on the worker threads, how good it is and a digest of its bits. */
import { createHash } from 'node:crypto';
import { loadWasmKernels } from '../../src/linalg/kernels/wasm/load.ts';
import { distance, matrixOf, uniform } from './wasm-cases.ts';

const wasm = await loadWasmKernels();
const n = 230;
const draw = uniform(1);
const B = matrixOf(n, n, draw);
const A = matrixOf(n, n, (i, j) => B.data[i * n + j]! + B.data[j * n + i]!);
const { values, vectors } = await wasm.eigh(A);
const AV = await wasm.gemm(A, vectors);
const VtV = await wasm.gemm(vectors, vectors, { transA: true });
const residual = distance(AV.data, matrixOf(n, n, (i, j) => vectors.data[i * n + j]! * values[j]!).data);
const defect = distance(VtV.data, matrixOf(n, n, (i, j) => (i === j ? 1 : 0)).data);
const bits = createHash('sha256').update(values).update(vectors.data).update(AV.data).digest('hex');
console.log(JSON.stringify({ name: wasm.name, residual, defect, bits }));
