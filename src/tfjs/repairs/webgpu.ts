/** Kernels that TensorFlow.js 4.22 lacks or has wrong on WebGPU, made of others: none of them moves to the CPU. */
import {
  add,
  asin,
  batchToSpaceND,
  concat,
  conv2d,
  cumprod,
  cumsum,
  div,
  engine,
  logicalAnd,
  logicalNot,
  logicalOr,
  Multiply,
  matMul,
  mirrorPad,
  mod,
  mul,
  type NamedAttrMap,
  pad,
  reshape,
  reverse,
  round,
  scalar,
  slice,
  spaceToBatchND,
  square,
  sub,
  type Tensor,
  type Tensor4D,
  tile,
  where,
} from '@tensorflow/tfjs-core';
import { einsum } from '../autodiff/rules/einsum.ts';
import { finishFused } from '../autodiff/rules/fused.ts';
import { segmentSum } from '../autodiff/rules/indexing.ts';
import { alongAxis, alongEachAxis, mergeAxes } from './folding.ts';
import type { Compute, Inputs, Repairs } from './repair.ts';
import { isSplitConvolution, isSplitProduct, SCATTER_ND, splitConvolution, splitProduct } from './repeatable-sums.ts';
import { STRIDED_SLICE } from './strided-slice.ts';

const hasOtherSlopes = ({ preluActivationWeights: slopes }: Inputs): boolean =>
  slopes != null && slopes.size > 1 && slopes.rank > 1;

const hasManyAxes = ({ x }: Inputs): boolean => x.rank > 4;

/** The kernels' own limits: rows of a product in steps of 32, columns of 16 and more, at most 65535 of them. */
const LONGEST = 65535 * 16;
const PART = 2 ** 19;

type Flags = { transposeA: boolean; transposeB: boolean };

function productSides({ a, b }: Inputs, { transposeA, transposeB }: Flags): { rowAxis: number; columnAxis: number } {
  return { rowAxis: a.rank - (transposeA ? 1 : 2), columnAxis: b.rank - (transposeB ? 2 : 1) };
}

const isLongProduct = (inputs: Inputs, attrs: NamedAttrMap): boolean => {
  const { rowAxis, columnAxis } = productSides(inputs, attrs as never);
  return inputs.a.shape[rowAxis]! > LONGEST || inputs.b.shape[columnAxis]! > LONGEST;
};

/** A tensor in parts of at most `PART` along an axis. */
function partsOf(x: Tensor, axis: number): Tensor[] {
  const length = x.shape[axis]!;
  return Array.from({ length: Math.ceil(length / PART) }, (_, i) => {
    const begin = x.shape.map((_, at) => (at === axis ? i * PART : 0));
    const size = x.shape.map((n, at) => (at === axis ? Math.min(PART, length - i * PART) : n));
    return slice(x, begin, size);
  });
}

function longProduct(inputs: Inputs, attrs: NamedAttrMap): Tensor {
  const { transposeA, transposeB } = attrs as never as Flags;
  const { rowAxis, columnAxis } = productSides(inputs, attrs as never);
  const columns = partsOf(inputs.b!, columnAxis);
  const rows = partsOf(inputs.a!, rowAxis).map((a) => {
    const products = columns.map((b) => matMul(a, b, transposeA, transposeB));
    return products.length === 1 ? products[0]! : concat(products, -1);
  });
  return rows.length === 1 ? rows[0]! : concat(rows, -2);
}

/** Sums or products along an axis, from its end if `reverse`. */
const cumulative =
  (scan: (x: Tensor, axis: number, exclusive: boolean, reverse: boolean) => Tensor): Compute =>
  ({ x }, { axis, exclusive, reverse: fromEnd }) => {
    const at = ((axis as number) + x.rank) % x!.rank;
    return alongAxis(x!, at, (folded) => {
      const oriented = (y: Tensor): Tensor => (fromEnd ? reverse(y, 1) : y);
      return oriented(scan(oriented(folded), 1, exclusive as boolean, false));
    });
  };

const CUMULATIVE = 'confuses axes of different lengths when it runs from the end, and refuses more than four axes';

const needsScan = (inputs: Inputs, { reverse: fromEnd }: NamedAttrMap): boolean =>
  Boolean(fromEnd) || hasManyAxes(inputs);

/** sin r = r - r^3/3! + ... to r^11, highest power first: right to rounding for |r| <= pi/2. */
const SINE = [-1 / 39916800, 1 / 362880, -1 / 5040, 1 / 120, -1 / 6, 1];

/** pi as a sum of numbers of few bits: multiples of the first two are exact. */
const PI_PARTS = [3.140625, 9.675025939941406e-4, 1.5099579909783765e-7];

/** sin(x + quarters pi/2), quarters 0 or 1: with x + quarters pi/2 = j pi + r it is (-1)^j sin r. */
function sine(x: Tensor, quarters: number): Tensor {
  const j = round(add(div(x, Math.PI), quarters / 2));
  const multiple = sub(j, quarters / 2);
  const r = PI_PARTS.reduce<Tensor>((rest, part) => sub(rest, mul(multiple, part)), x);
  const squared = square(r);
  const polynomial = SINE.slice(1).reduce<Tensor>((sum, each) => add(mul(sum, squared), each), scalar(SINE[0]!));
  const sign = sub(1, mul(2, mod(j, 2)));
  return mul(mul(polynomial, r), sign);
}

const INACCURATE = 'may be off by 2^-11';

/** Exchanges batch and space of [N, ...space, ...rest] for as many axes as there are block sizes, with the rest as one. */
const blockwise =
  (apply: (x: Tensor, block: number[], edges: number[][]) => Tensor, edgesName: string): Compute =>
  ({ x }, attrs) => {
    const blockShape = attrs.blockShape as number[];
    const first = 1 + blockShape.length;
    const y = apply(mergeAxes(x, first), blockShape, attrs[edgesName] as number[][]);
    return reshape(y, [...y.shape.slice(0, first), ...x.shape.slice(first)]);
  };

const FEW_AXES = 'refuses more than four axes';
const WRONG_AXES = 'is wrong for more than four axes';
const LONG = 'refuses products with millions of rows or columns';
const ATOMIC = 'adds long sums in the order in which threads come, to other roundings each time';

/** By kernel. */
export const WEBGPU_REPAIRS: Repairs = {
  Acos: { wrong: INACCURATE, compute: ({ x }) => sub(Math.PI / 2, asin(x)) },
  BatchMatMul: {
    wrong: `${LONG}, and ${ATOMIC}`,
    concerns: (inputs, attrs) => isLongProduct(inputs, attrs) || isSplitProduct(inputs, attrs),
    compute: (inputs, attrs) =>
      isLongProduct(inputs, attrs) ? longProduct(inputs, attrs) : splitProduct(inputs, attrs),
  },
  BatchToSpaceND: { wrong: FEW_AXES, concerns: hasManyAxes, compute: blockwise(batchToSpaceND as never, 'crops') },
  Cast: {
    wrong:
      'leaves the bits of whole numbers and bools as they are, which sums, means and extrema take for numbers near zero',
    concerns: ({ x }, { dtype }) => dtype === 'float32' && (x.dtype === 'int32' || x.dtype === 'bool'),
    // not `mul`, which casts
    compute: ({ x }) => engine().runKernel(Multiply, { a: x, b: scalar(1) }) as Tensor,
  },
  Conv2D: { wrong: ATOMIC, concerns: isSplitConvolution, compute: splitConvolution },
  Cos: { wrong: INACCURATE, compute: ({ x }) => sine(x, 1) },
  Cumprod: { wrong: CUMULATIVE, concerns: needsScan, compute: cumulative(cumprod) },
  Cumsum: { wrong: CUMULATIVE, concerns: needsScan, compute: cumulative(cumsum) },
  Einsum: {
    wrong: 'fails where both inputs have an index of their own that is summed',
    compute: (inputs, { equation }) => einsum(equation as string, Object.values(inputs)),
  },
  FusedConv2D: {
    wrong: `takes slopes that are broadcast otherwise than along leading axes by the wrong index, and ${ATOMIC}`,
    concerns: (inputs, attrs) => hasOtherSlopes(inputs) || isSplitConvolution(inputs, attrs),
    compute: (inputs, attrs) => {
      const { strides, pad, dilations } = attrs as {
        strides: [number, number];
        pad: 'same';
        dilations: [number, number];
      };
      const { x, filter } = inputs as { x: Tensor4D; filter: Tensor4D };
      return finishFused(conv2d(x, filter, strides, pad, 'NHWC', dilations), inputs, attrs);
    },
  },
  LogicalXor: { compute: ({ a, b }) => logicalAnd(logicalOr(a, b), logicalNot(logicalAnd(a, b))) },
  MirrorPad: {
    wrong: WRONG_AXES,
    concerns: hasManyAxes,
    compute: ({ x }, { paddings, mode }) =>
      alongEachAxis(x, (axis) => {
        const [before, after] = (paddings as [number, number][])[axis]!;
        if (before === 0 && after === 0) return undefined;
        return (folded) =>
          mirrorPad(
            folded,
            [
              [0, 0],
              [before, after],
              [0, 0],
            ],
            mode as 'reflect',
          );
      }),
  },
  PadV2: {
    wrong: WRONG_AXES,
    concerns: hasManyAxes,
    compute: ({ x }, { paddings, constantValue }) =>
      alongEachAxis(x, (axis) => {
        const [before, after] = (paddings as [number, number][])[axis]!;
        if (before === 0 && after === 0) return undefined;
        return (folded) =>
          pad(
            folded,
            [
              [0, 0],
              [before, after],
              [0, 0],
            ],
            constantValue as number,
          );
      }),
  },
  Reverse: {
    wrong: FEW_AXES,
    concerns: hasManyAxes,
    compute: ({ x }, { dims }) =>
      [dims as number | number[]].flat().reduce<Tensor>((y, axis) => {
        return alongAxis(y, (axis + y.rank) % y.rank, (folded) => reverse(folded, 1));
      }, x),
  },
  ScatterNd: { wrong: ATOMIC, ...SCATTER_ND },
  Select: {
    wrong: FEW_AXES,
    concerns: ({ t }) => t.rank > 4,
    compute: ({ condition, t, e }) => {
      const [flatCondition, flatT, flatE] = [condition, t, e].map((each) => reshape(each, [t.size]));
      return reshape(where(flatCondition!, flatT!, flatE!), t!.shape);
    },
  },
  Sin: { wrong: INACCURATE, compute: ({ x }) => sine(x, 0) },
  SpaceToBatchND: { wrong: FEW_AXES, concerns: hasManyAxes, compute: blockwise(spaceToBatchND as never, 'paddings') },
  StridedSlice: {
    wrong: `${WRONG_AXES}, and ${STRIDED_SLICE.wrong}`,
    concerns: (inputs, attrs) => hasManyAxes(inputs) || STRIDED_SLICE.concerns(inputs, attrs),
    compute: STRIDED_SLICE.compute,
  },
  Tan: { wrong: INACCURATE, compute: ({ x }) => div(sine(x, 0), sine(x!, 1)) },
  Tile: {
    wrong: 'moves tensors of more than four axes to the CPU',
    concerns: hasManyAxes,
    compute: ({ x }, { reps }) =>
      alongEachAxis(x!, (axis) => {
        const count = (reps as number[])[axis]!;
        return count === 1 ? undefined : (folded) => tile(folded, [1, count, 1]);
      }),
  },
  UnsortedSegmentSum: {
    wrong: ATOMIC,
    compute: ({ x, segmentIds }, attrs) => segmentSum(x, segmentIds, attrs.numSegments as number),
  },
  _FusedMatMul: {
    wrong: `${LONG}, and ${ATOMIC}`,
    concerns: (inputs, attrs) => isLongProduct(inputs, attrs) || isSplitProduct(inputs, attrs),
    compute: (inputs, attrs) => {
      const { transposeA, transposeB } = attrs as never as Flags;
      return finishFused(matMul(inputs.a!, inputs.b!, transposeA, transposeB), inputs, attrs);
    },
  },
};
