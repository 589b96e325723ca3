/** Kernels that fetch or add up slices by integer indices: linear, with the block index inside each slice. */
import {
  add,
  gather,
  gatherND,
  less,
  range,
  reshape,
  scalar,
  scatterND,
  slice,
  type Tensor,
  transpose,
  unsortedSegmentSum,
  util,
  where,
} from '@tensorflow/tfjs-core';
import { blockSize } from './block-axis.ts';
import type { Rule } from './rule.ts';

/** Slices of x [ids..., rest] added up by id: [segments, rest]. Negative ids do not count. */
export function segmentSum(x: Tensor, ids: Tensor, segments: number): Tensor {
  const rest = x.shape.slice(ids.rank);
  const width = util.sizeFromShape(rest);
  // One more segment takes what does not count.
  const rows = where(less(ids, scalar(0, 'int32')), scalar(segments, 'int32'), ids);
  const sums = scatterND(reshape(rows, [ids.size, 1]) as never, reshape(x, [ids.size, width]), [segments + 1, width]);
  return reshape(slice(sums, [0, 0], [segments, width]), [segments, ...rest]);
}

/** A gathering as sizes: x is [batch, outer, length, inner], the indices [batch, count]. */
function gatherSizes(shape: readonly number[], indices: Tensor, axis: number, batchDims: number) {
  const size = (from: number, to?: number) => util.sizeFromShape(shape.slice(from, to));
  const batch = size(0, batchDims);
  return {
    batch,
    outer: size(batchDims, axis),
    length: shape[axis]!,
    inner: size(axis + 1),
    count: indices.size / batch,
  };
}

/** Indices [batch, count] counted through the batch: [batch * count] places in [batch * length]. */
function throughBatch(indices: Tensor, batch: number, length: number): Tensor {
  const count = indices.size / batch;
  const starts = reshape(range(0, batch * length, length, 'int32'), [batch, 1]);
  return reshape(add(reshape(indices, [batch, count]), starts), [batch * count]);
}

const batchFrom = (batchDims: number, indices: Tensor): number =>
  batchDims < 0 ? batchDims + indices.rank : batchDims;

/** `tf.gather`, by whole rows of [batch * length, outer * inner]. */
export function gatherRows(x: Tensor, indices: Tensor, axis: number, batchDims: number): Tensor {
  const dims = batchFrom(batchDims, indices);
  const { batch, outer, length, inner, count } = gatherSizes(x.shape, indices, axis, dims);
  const rows = reshape(exchange(reshape(x, [batch, outer, length, inner])), [batch * length, outer * inner]);
  const picked = gather(rows, throughBatch(indices, batch, length) as never, 0);
  const shape = [...x.shape.slice(0, axis), ...indices.shape.slice(dims), ...x.shape.slice(axis + 1)];
  return reshape(exchange(reshape(picked, [batch, count, outer, inner])), shape);
}

/** Its transpose: cotangents of what was gathered from an array of this shape, added up where they came from. */
export function gatherGradient(
  dy: Tensor,
  shape: readonly number[],
  indices: Tensor,
  axis: number,
  batchDims: number,
): Tensor {
  const { batch, outer, length, inner, count } = gatherSizes(shape, indices, axis, batchFrom(batchDims, indices));
  const rows = reshape(exchange(reshape(dy, [batch, outer, count, inner])), [batch * count, outer * inner]);
  const sums = unsortedSegmentSum(rows, throughBatch(indices, batch, length) as never, batch * length);
  return reshape(exchange(reshape(sums, [batch, length, outer, inner])), [...shape]);
}

/** Exchanges the second and the third of four axes. */
function exchange(x: Tensor): Tensor {
  const [first, second, third, last] = x.shape as [number, number, number, number];
  return second === 1 || third === 1 ? reshape(x, [first, third, second, last]) : transpose(x, [0, 2, 1, 3]);
}

const gatherRule: Rule = ({ inputs, attrs }, save) => {
  const { axis, batchDims } = attrs as { axis: number; batchDims: number };
  const along = util.parseAxisParam(axis, inputs.x!.shape)[0]!;
  const indices = save(inputs.indices!);
  // Gathering whole rows is much faster the other way on wasm.
  if (along === 0) return ({ x }) => gatherND(x!, reshape(indices, [...indices.shape, 1]));
  return ({ x }) => (batchDims === 0 ? gather(x!, indices as never, along) : gatherRows(x!, indices, along, batchDims));
};

const gatherNdRule: Rule = ({ inputs }, save) => {
  const indices = save(inputs.indices!);
  return ({ params }) => gatherND(params!, indices);
};

/** The largest entries of each row and where they were; to first order they stay there. */
const topKRule: Rule = ({ inputs, outputs }, save) => {
  const indices = save(outputs[1]!);
  const last = inputs.x!.rank - 1;
  return ({ x }) => [gatherRows(x!, indices, last, last), undefined];
};

const scatterNdRule: Rule = ({ inputs, attrs }, save) => {
  const indices = save(inputs.indices!);
  return ({ updates }) => scatterND(indices as never, updates!, [...(attrs.shape as number[]), blockSize(updates!)]);
};

const segmentSumRule: Rule = ({ inputs, attrs }, save) => {
  const ids = save(inputs.segmentIds!);
  return ({ x }) => segmentSum(x!, ids, attrs.numSegments as number);
};

/** Rules of fetching and adding up by index. */
export const indexingRules: Readonly<Record<string, Rule>> = {
  GatherNd: gatherNdRule,
  GatherV2: gatherRule,
  ScatterNd: scatterNdRule,
  TopK: topKRule,
  UnsortedSegmentSum: segmentSumRule,
};
