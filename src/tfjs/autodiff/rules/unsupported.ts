/** Kernels that have no tangent rule on purpose, and why. */

const NO_GRADIENT = 'TensorFlow.js has no gradient of it, so no loss can be differentiated through it';
const COMPLEX = 'complex numbers: TensorFlow.js has no gradient of the kernels that lead to them';
const STRINGS = 'works on strings';
const UNUSED = 'TensorFlow.js 4.22 has the name only and no kernel';
const REPLACED = 'not called: eigensketch replaces the gradient that used it, which is wrong for half-pixel centres';

/** Kernel name to reason. */
export const UNSUPPORTED: Readonly<Record<string, string>> = {
  BroadcastTo: UNUSED,
  Complex: COMPLEX,
  ComplexAbs: COMPLEX,
  CropAndResize: NO_GRADIENT,
  DenseBincount: NO_GRADIENT,
  Diag: NO_GRADIENT,
  Draw: 'draws on a canvas',
  FFT: COMPLEX,
  FlipLeftRight: NO_GRADIENT,
  FromPixels: 'reads pixels as integers',
  IFFT: COMPLEX,
  Imag: COMPLEX,
  LogSoftmax: UNUSED,
  MatrixBandPart: UNUSED,
  MaxPoolWithArgmax: NO_GRADIENT,
  Pool: UNUSED,
  RaggedGather: NO_GRADIENT,
  RaggedRange: NO_GRADIENT,
  RaggedTensorToTensor: NO_GRADIENT,
  Real: COMPLEX,
  ResizeBilinearGrad: REPLACED,
  ResizeNearestNeighborGrad: REPLACED,
  RotateWithOffset: NO_GRADIENT,
  SparseFillEmptyRows: NO_GRADIENT,
  SparseReshape: 'works on indices',
  SparseSegmentMean: NO_GRADIENT,
  SparseSegmentSum: NO_GRADIENT,
  SparseToDense: NO_GRADIENT,
  StaticRegexReplace: STRINGS,
  StringNGrams: STRINGS,
  StringSplit: STRINGS,
  StringToHashBucketFast: STRINGS,
  TensorScatterUpdate: NO_GRADIENT,
  Transform: NO_GRADIENT,
  Unique: NO_GRADIENT,
};
