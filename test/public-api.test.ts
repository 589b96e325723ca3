/** The names users can import: adding or losing one is a decision, not an accident. */
import { expect, test } from './support/jest.ts';

const exportsOf = async (path: string): Promise<string[]> => Object.keys(await import(path)).sort();

test('eigensketch', async () => {
  expect(await exportsOf('../src/index.js')).toEqual([
    'ArgumentError',
    'CERTIFICATE_SCHEMA',
    'DeviceError',
    'EigensketchError',
    'NumericalError',
    'ShapeError',
    'StoreError',
    'UnsupportedError',
    'apost',
    'apostErrorBounds',
    'cg',
    'covarianceOperator',
    'denseOperator',
    'diagonal',
    'diagonalOperator',
    'eigsh',
    'frobeniusNorm',
    'fromMatvec',
    'graphLaplacian',
    'lanczos',
    'logdet',
    'lowRankOperator',
    'minres',
    'nystromPreconditioner',
    'planSketch',
    'planTests',
    'product',
    'ritzPairs',
    'seigh',
    'smallestRank',
    'sparseOperator',
    'spectralDensity',
    'spectralNorm',
    'ssvd',
    'sum',
    'trace',
    'traceFunction',
    'tridiagToDensity',
  ]);
});

test('eigensketch/tfjs', async () => {
  expect(await exportsOf('../src/tfjs/index.js')).toEqual([
    'ggn',
    'gradient',
    'hessian',
    'hessianOf',
    'imageBatches',
    'jacobian',
    'loadModel',
    'lossAlong',
    'readCifar10',
    'readMnist',
    'useBackend',
  ]);
});

test('eigensketch/hdf5', async () => {
  expect(await exportsOf('../src/hdf5/index.js')).toEqual([
    'BlockFile',
    'BlockWriter',
    'FORMAT_VERSION',
    'diskSpace',
    'isTemporary',
    'leastMemory',
    'removeTemporaries',
    'saveColumns',
    'verifyBlockFile',
    'writeBlockFile',
  ]);
});

test('eigensketch/files', async () => {
  expect(await exportsOf('../src/files/index.js')).toEqual(['readArray', 'readOperator', 'writeArray']);
});

test('eigensketch/report', async () => {
  expect(await exportsOf('../src/report/index.js')).toEqual([
    'ANALYSIS_SCHEMA',
    'analysisOf',
    'densitySvg',
    'figureSvg',
    'historySvg',
    'lossSliceSvg',
    'lossSurfaceSvg',
    'matrixSvg',
    'overlapSvg',
    'paperSentence',
    'parseAnalysis',
    'plotSvg',
    'subspaceOverlap',
    'svgToPdf',
    'svgToPng',
    'toCsv',
    'toHtml',
    'toJson',
    'toLatex',
    'toMarkdown',
  ]);
});

test('eigensketch/remote', async () => {
  expect(await exportsOf('../src/remote/index.js')).toEqual([
    'PROTOCOL_VERSION',
    'pythonOperator',
    'pythonServer',
    'remoteOperator',
    'serve',
  ]);
});

test('eigensketch/testing', async () => {
  expect(await exportsOf('../src/testing/index.js')).toEqual(['operatorWithSpectrum', 'randomOrthogonal', 'spectra']);
});
