/** Kernels that fetch or add up slices by integer indices: linear, with the block index inside each slice. */
import {
  gather,
  gatherND,
  less,
  reshape,
  scalar,
  scatterND,
  slice,
  type Tensor,
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

const gatherRule: Rule = ({ inputs, attrs }, save) => {
  const { axis, batchDims } = attrs as { axis: number; batchDims: number };
  const along = util.parseAxisParam(axis, inputs.x!.shape)[0]!;
  const indices = save(inputs.indices!);
  // Gathering whole rows is much faster the other way on wasm.
  if (along === 0) return ({ x }) => gatherND(x!, reshape(indices, [...indices.shape, 1]));
  return ({ x }) => gather(x!, indices as never, along, batchDims);
};

const gatherNdRule: Rule = ({ inputs }, save) => {
  const indices = save(inputs.indices!);
  return ({ params }) => gatherND(params!, indices);
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
  UnsortedSegmentSum: segmentSumRule,
};
