import { loadWasmKernels } from '../../src/linalg/kernels/wasm/load.ts';
import { kernelLaws } from '../laws/kernels.ts';

kernelLaws('wasm', loadWasmKernels);
