/**
 * What the module exports to TypeScript: loops that move float32 numbers within the heap of TensorFlow.js's wasm backend.
 * Addresses and strides are in bytes, sizes in numbers; nothing needs to be aligned, and nothing is allocated.
 */

export { swapAxes } from './axes';
export {
  addInputs,
  addWeights,
  enframe,
  frameSize,
  outputs,
  runsOf,
  runsSize,
  sumsSize,
  unframe,
  weightsOf,
} from './direct';
export { imagesBack, imagesOf } from './images';
export { addRows, maxima, takeRows } from './maxima';
export { addPatches, patches } from './patches';
export { addRow, sums } from './rows';
export { scaleRows } from './scale';
export { setColumns, setRows } from './window';
