/** Cases of the kernels that fetch and add up by index, and of Einstein summation. */
import type { Case, Input } from './cases.ts';

const indices = (values: number[], shape: number[] = [values.length]): Input => ({ shape, values, dtype: 'int32' });

const GATHERING: Case[] = [
  {
    kernel: 'GatherV2',
    what: 'rows, some twice',
    inputs: { x: { shape: [4, 3] }, indices: indices([2, 0, 2, 3, 1, 0], [2, 3]) },
    attrs: { axis: 0, batchDims: 0 },
  },
  {
    kernel: 'GatherV2',
    what: 'columns',
    inputs: { x: { shape: [2, 4, 3] }, indices: indices([2, 0, 2]) },
    attrs: { axis: 1, batchDims: 0 },
  },
  {
    kernel: 'GatherV2',
    what: 'for each sample of a batch',
    inputs: { x: { shape: [2, 4, 3] }, indices: indices([2, 0, 2, 3], [2, 2]) },
    attrs: { axis: 1, batchDims: 1 },
  },
  {
    kernel: 'GatherNd',
    what: 'single numbers',
    inputs: { params: { shape: [3, 4] }, indices: indices([2, 0, 1, 3, 2, 0], [3, 2]) },
  },
  {
    kernel: 'GatherNd',
    what: 'rows',
    inputs: { params: { shape: [3, 4] }, indices: indices([2, 0, 2], [3, 1]) },
  },
];

/** Batches, axes before, between and after: [batch, outer, length, inner]. */
const BATCHED: Case[] = [
  { what: 'one of each row', x: [4, 3], index: [2, 0, 1, 2], shape: [4], axis: 1, batchDims: 1 },
  { what: 'some of each row', x: [3, 4], index: [0, 2, 3, 1, 0, 2], shape: [3, 2], axis: 1, batchDims: 1 },
  { what: 'an axis between', x: [2, 3, 4, 2], index: [1, 3, 0, 0], shape: [2, 2], axis: 2, batchDims: 1 },
  {
    what: 'two axes of batches',
    x: [2, 2, 3],
    index: [1, 0, 2, 2, 1, 1, 0, 2],
    shape: [2, 2, 2],
    axis: 2,
    batchDims: 2,
  },
  { what: 'negative axis', x: [2, 3, 4], index: [1, 3, 1], shape: [3], axis: -1, batchDims: 0 },
].map(({ what, x, index, shape, axis, batchDims }) => ({
  kernel: 'GatherV2',
  what,
  inputs: { x: { shape: x }, indices: indices(index, shape) },
  attrs: { axis, batchDims },
}));

/** Numbers that lie far enough apart to stay in order. */
const distinct = (shape: number[]): Input => ({
  shape,
  values: Array.from({ length: shape.reduce((product, n) => product * n, 1) }, (_, i) => ((i * 7) % 11) - 5),
});

const LARGEST: Case[] = [
  { kernel: 'TopK', what: 'of a vector', inputs: { x: distinct([7]) }, attrs: { k: 3, sorted: true } },
  { kernel: 'TopK', what: 'of rows', inputs: { x: distinct([2, 2, 5]) }, attrs: { k: 2, sorted: true } },
  { kernel: 'TopK', what: 'all', inputs: { x: distinct([3, 3]) }, attrs: { k: 3, sorted: true } },
];

const SCATTERING: Case[] = [
  {
    kernel: 'ScatterNd',
    what: 'rows, some twice',
    inputs: { indices: indices([2, 0, 2], [3, 1]), updates: { shape: [3, 4] } },
    attrs: { shape: [4, 4] },
  },
  {
    kernel: 'UnsortedSegmentSum',
    what: 'rows, some twice',
    inputs: { x: { shape: [4, 3] }, segmentIds: indices([2, 0, 2, 4]) },
    attrs: { numSegments: 5 },
  },
  {
    kernel: 'UnsortedSegmentSum',
    what: 'a negative index does not count',
    inputs: { x: { shape: [4, 3] }, segmentIds: indices([2, -1, 2, 1]) },
    attrs: { numSegments: 3 },
  },
];

const EINSUM: Case[] = [
  ['bqhd,bkhd->bhqk', [2, 3, 2, 4], [2, 5, 2, 4]],
  ['bhqk,bkhd->bqhd', [2, 2, 3, 5], [2, 5, 2, 4]],
  ['ij,jk->ki', [2, 3], [3, 4]],
  ['ij,kl->jl', [2, 3], [4, 2]],
  ['i,j->ij', [3], [4]],
  ['ij,ij->', [3, 4], [3, 4]],
  ['ijk->kj', [2, 3, 4]],
].map(([equation, ...shapes]) => ({
  kernel: 'Einsum',
  what: equation as string,
  inputs: Object.fromEntries(shapes.map((shape, i) => [String(i), { shape: shape as number[] }])),
  attrs: { equation },
}));

/** All of them. */
export const INDEXING: Case[] = [...GATHERING, ...BATCHED, ...LARGEST, ...SCATTERING, ...EINSUM];
