/** One or more calls of every kernel that has a tangent rule, with inputs where it is smooth. */
import { INDEXING } from './indexing-cases.ts';
import { SPATIAL } from './spatial-cases.ts';

/** An input: its shape and where its numbers lie. */
export interface Input {
  shape: number[];
  /** Uniform in this interval; `[-1, 1]` if left out. */
  range?: [number, number];
  /** No number within 0.2 of these. */
  avoid?: number[];
  dtype?: 'float32' | 'int32' | 'bool';
  /** The numbers themselves. */
  values?: number[];
}

/** A kernel call. Inputs named '0', '1', ... are a list. */
export interface Case {
  kernel: string;
  what: string;
  inputs: Record<string, Input>;
  attrs?: Record<string, unknown>;
  /** Inputs that move; all float inputs if left out. */
  moving?: string[];
}

const unary = (kernel: string, input: Partial<Input> = {}, attrs: Record<string, unknown> = {}): Case => ({
  kernel,
  what: '[3, 4]',
  inputs: { x: { shape: [3, 4], ...input } },
  attrs,
});

const UNARY: Case[] = [
  unary('Abs', { avoid: [0] }),
  unary('Acos', { range: [-0.8, 0.8] }),
  unary('Acosh', { range: [1.3, 3] }),
  unary('Asin', { range: [-0.8, 0.8] }),
  unary('Asinh'),
  unary('Atan'),
  unary('Atanh', { range: [-0.8, 0.8] }),
  unary('ClipByValue', { range: [-2, 2], avoid: [-0.5, 1] }, { clipValueMin: -0.5, clipValueMax: 1 }),
  unary('Cos', { range: [-3, 3] }),
  unary('Cosh'),
  unary('Elu', { range: [-2, 2], avoid: [0] }),
  unary('Erf', { range: [-2, 2] }),
  unary('Exp'),
  unary('Expm1'),
  unary('LeakyRelu', { avoid: [0] }, { alpha: 0.3 }),
  unary('Log', { range: [0.5, 3] }),
  unary('Log1p', { range: [-0.5, 3] }),
  unary('Neg'),
  unary('Reciprocal', { range: [0.5, 2] }),
  unary('Relu', { avoid: [0] }),
  unary('Relu6', { range: [-4, 10], avoid: [0, 6] }),
  unary('Rsqrt', { range: [0.5, 2] }),
  unary('Selu', { range: [-2, 2], avoid: [0] }),
  unary('Sigmoid', { range: [-3, 3] }),
  unary('Sin', { range: [-3, 3] }),
  unary('Sinh'),
  unary('Softplus', { range: [-3, 3] }),
  unary('Sqrt', { range: [0.5, 2] }),
  unary('Square'),
  unary('Tan'),
  unary('Tanh', { range: [-2, 2] }),
];

/** Every way to broadcast: equal shapes, a lower rank, ones on both sides, a scalar. */
function binary(kernel: string, first: Partial<Input> = {}, second: Partial<Input> = {}, names = ['a', 'b']): Case[] {
  const [a, b] = names as [string, string];
  const shapes: [number[], number[]][] = [
    [
      [3, 4],
      [3, 4],
    ],
    [[2, 3, 4], [4]],
    [
      [1, 4],
      [3, 1],
    ],
    [[], [3, 4]],
  ];
  const inputs = (left: number[], right: number[]) => ({
    [a]: { shape: left, ...first },
    [b]: { shape: right, ...second },
  });
  return [
    ...shapes.map(([left, right]) => ({
      kernel,
      what: `[${left}] and [${right}]`,
      inputs: inputs(left, right),
    })),
    { kernel, what: '[2, 3, 4] and [4], only the second moves', inputs: inputs([2, 3, 4], [4]), moving: [b] },
    { kernel, what: '[2, 3, 4] and [4], only the first moves', inputs: inputs([2, 3, 4], [4]), moving: [a] },
  ];
}

const ARITHMETIC: Case[] = [
  ...binary('Add'),
  ...binary('Atan2', { range: [0.5, 1] }, { range: [0.5, 2] }),
  { kernel: 'EluGrad', what: '[3, 4]', inputs: { dy: { shape: [3, 4] }, y: { shape: [3, 4], avoid: [0] } } },
  ...binary('Maximum', { avoid: [0] }, { range: [-0.1, 0.1] }),
  ...binary('Minimum', { avoid: [0] }, { range: [-0.1, 0.1] }),
  ...binary('Mod', { range: [4.3, 4.7] }, { range: [1.8, 2] }),
  ...binary('Multiply'),
  ...binary('Pow', { range: [0.5, 2] }, { range: [-2, 2] }),
  {
    kernel: 'Prelu',
    what: 'alpha for each channel',
    inputs: { x: { shape: [3, 4], avoid: [0] }, alpha: { shape: [4] } },
  },
  ...[[4, 1, 1], [1, 2, 1], [4, 1, 3], [2, 1], [1]].map((alpha) => ({
    kernel: 'Prelu',
    what: `[4, 2, 3] and [${alpha}]`,
    inputs: { x: { shape: [4, 2, 3], avoid: [0] }, alpha: { shape: alpha } },
  })),
  ...binary('RealDiv', {}, { range: [0.5, 2] }),
  ...binary('SquaredDifference'),
  ...binary('Sub'),
];

const FLAGS = [false, true];
const matmuls = (kernel: string, extra: Record<string, unknown>, withBias: boolean): Case[] =>
  FLAGS.flatMap((transposeA) =>
    FLAGS.flatMap((transposeB) =>
      [
        // Few and many rows: the rule multiplies from the right or from the left.
        { m: 2, k: 5, n: 3, stackA: [1], stackB: [1] },
        { m: 5, k: 2, n: 3, stackA: [1], stackB: [1] },
        { m: 3, k: 4, n: 2, stackA: [2], stackB: [2] },
        { m: 3, k: 4, n: 2, stackA: [2], stackB: [1] },
        { m: 3, k: 4, n: 2, stackA: [1], stackB: [2] },
      ].map(({ m, k, n, stackA, stackB }) => ({
        kernel,
        what: `A [${stackA},${m},${k}]${transposeA ? ' transposed' : ''}, B [${stackB},${k},${n}]${transposeB ? ' transposed' : ''}`,
        inputs: {
          a: { shape: [...stackA, ...(transposeA ? [k, m] : [m, k])] },
          b: { shape: [...stackB, ...(transposeB ? [n, k] : [k, n])] },
          ...(withBias ? { bias: { shape: [n] } } : {}),
        },
        attrs: { transposeA, transposeB, ...extra },
      })),
    ),
  );

const FUSED: Case[] = ['relu', 'relu6', 'elu', 'leakyrelu', 'sigmoid'].map((activation) => ({
  kernel: '_FusedMatMul',
  what: `with ${activation}`,
  inputs: { a: { shape: [1, 3, 4] }, b: { shape: [1, 4, 5] }, bias: { shape: [5] } },
  attrs: { transposeA: false, transposeB: false, activation, leakyreluAlpha: 0.3 },
}));

const MATMUL: Case[] = [
  ...matmuls('BatchMatMul', {}, false),
  ...FLAGS.flatMap((transposeB) => [
    {
      kernel: 'BatchMatMul',
      what: `A [2,3,4], B a matrix${transposeB ? ' transposed' : ''}`,
      inputs: { a: { shape: [2, 3, 4] }, b: { shape: transposeB ? [2, 4] : [4, 2] } },
      attrs: { transposeA: false, transposeB },
    },
    {
      kernel: 'BatchMatMul',
      what: `A a matrix transposed, B [2,1,4,3]${transposeB ? ' transposed' : ''}`,
      inputs: { a: { shape: [4, 2] }, b: { shape: transposeB ? [2, 1, 3, 4] : [2, 1, 4, 3] } },
      attrs: { transposeA: true, transposeB },
    },
  ]),
  ...matmuls('_FusedMatMul', { activation: 'linear' }, true).filter(
    ({ inputs }) => inputs.a!.shape[0] === inputs.b!.shape[0],
  ),
  ...FUSED,
  {
    kernel: '_FusedMatMul',
    what: 'only the bias moves',
    inputs: { a: { shape: [1, 3, 4] }, b: { shape: [1, 4, 5] }, bias: { shape: [5] } },
    attrs: { transposeA: false, transposeB: false, activation: 'linear' },
    moving: ['bias'],
  },
];

function reduction(kernel: string, attribute: string, input: Partial<Input> = {}): Case[] {
  const axes: [number[], boolean][] = [
    [[0], false],
    [[1], false],
    [[2], true],
    [[0, 1], false],
    [[0, 2], true],
    [[0, 1, 2], false],
  ];
  return axes.map(([axis, keepDims]) => ({
    kernel,
    what: `axes [${axis}]${keepDims ? ', kept' : ''}`,
    inputs: { x: { shape: [2, 3, 4], ...input } },
    attrs: { [attribute]: axis, keepDims },
  }));
}

const running = (kernel: string, input: Partial<Input> = {}): Case[] =>
  [0, 1].flatMap((axis) =>
    FLAGS.flatMap((exclusive) =>
      FLAGS.map((reverse) => ({
        kernel,
        what: `axis ${axis}${exclusive ? ', exclusive' : ''}${reverse ? ', reversed' : ''}`,
        inputs: { x: { shape: [3, 4], ...input } },
        attrs: { axis, exclusive, reverse },
      })),
    ),
  );

const one = (kernel: string, shape: number[], attrs: Record<string, unknown> = {}, what = '', name = 'x'): Case => ({
  kernel,
  what: `[${shape}] ${what}`,
  inputs: { [name]: { shape } },
  attrs,
});

const REDUCTION: Case[] = [
  ...running('Cumprod', { range: [0.5, 1.5] }),
  ...running('Cumsum'),
  one('Cumsum', [2, 3, 4], { axis: 1, exclusive: true, reverse: false }),
  ...reduction('Max', 'reductionIndices', { range: [-20, 20] }),
  ...reduction('Mean', 'axis'),
  ...reduction('Min', 'axis', { range: [-20, 20] }),
  ...reduction('Prod', 'axis', { range: [0.5, 1.5] }),
  ...reduction('Sum', 'axis'),
  { kernel: 'Softmax', what: '[3, 4]', inputs: { logits: { shape: [3, 4] } }, attrs: { dim: 1 } },
  { kernel: 'Softmax', what: '[2, 3, 4]', inputs: { logits: { shape: [2, 3, 4] } }, attrs: { dim: 2 } },
];

const PADDINGS = [
  [1, 0],
  [2, 1],
];

/** A strided slice, by bits: `x[::-1, 1:]` and the like. */
const strided = (what: string, shape: number[], attrs: Record<string, unknown>): Case =>
  one(
    'StridedSlice',
    shape,
    {
      beginMask: 0,
      endMask: 0,
      ellipsisMask: 0,
      newAxisMask: 0,
      shrinkAxisMask: 0,
      ...attrs,
    },
    what,
  );

const STRIDED: Case[] = [
  strided('x[3:0:-1, 0:4:2]', [4, 5, 3], { begin: [3, 0], end: [0, 4], strides: [-1, 2] }),
  strided('x[::-1]', [4, 3], { begin: [0, 0], end: [0, 0], strides: [-1, 1], beginMask: 3, endMask: 3 }),
  strided('x[::-2, 1]', [5, 3], {
    begin: [0, 1],
    end: [0, 2],
    strides: [-2, 1],
    beginMask: 1,
    endMask: 1,
    shrinkAxisMask: 2,
  }),
  strided('x[:, 2]', [4, 3], {
    begin: [0, 2],
    end: [0, 3],
    strides: [1, 1],
    beginMask: 1,
    endMask: 1,
    shrinkAxisMask: 2,
  }),
  strided('x[..., new, 1]', [2, 3, 4], {
    begin: [0, 0, 1],
    end: [0, 0, 2],
    strides: [1, 1, 1],
    ellipsisMask: 1,
    newAxisMask: 2,
    shrinkAxisMask: 4,
  }),
];

const LAYOUT: Case[] = [
  { kernel: 'AddN', what: 'three', inputs: { 0: { shape: [3, 4] }, 1: { shape: [3, 4] }, 2: { shape: [3, 4] } } },
  one('Cast', [3, 4], { dtype: 'float32' }),
  ...[0, 1].map((axis) => ({
    kernel: 'Concat',
    what: `axis ${axis}, of which one does not move`,
    inputs: { 0: { shape: [3, 4] }, 1: { shape: axis === 0 ? [2, 4] : [3, 2] }, 2: { shape: [3, 4] } },
    attrs: { axis },
    moving: ['0', '1'],
  })),
  one('ExpandDims', [3, 4], { dim: 1 }, '', 'input'),
  one('Identity', [3, 4]),
  ...['reflect', 'symmetric'].flatMap((mode) => [
    one('MirrorPad', [3, 4], { paddings: PADDINGS.slice(0, 2), mode }, mode),
    one(
      'MirrorPad',
      [2, 3, 3, 2],
      {
        paddings: [
          [0, 0],
          [1, 1],
          [2, 0],
          [0, 1],
        ],
        mode,
      },
      mode,
    ),
  ]),
  one('MirrorPad', [3], { paddings: [[3, 3]], mode: 'symmetric' }, 'as wide as it is'),
  { kernel: 'Pack', what: 'axis 1', inputs: { 0: { shape: [3, 4] }, 1: { shape: [3, 4] } }, attrs: { axis: 1 } },
  one('PadV2', [3, 4], {
    paddings: [
      [1, 0],
      [2, 1],
    ],
    constantValue: 7,
  }),
  one('Reshape', [3, 4], { shape: [2, 6] }),
  one('Reverse', [3, 4], { dims: [1] }),
  one('BatchToSpaceND', [8, 2, 3, 2], {
    blockShape: [2, 2],
    crops: [
      [0, 1],
      [1, 0],
    ],
  }),
  one('SpaceToBatchND', [2, 3, 5, 2], {
    blockShape: [2, 2],
    paddings: [
      [1, 0],
      [0, 1],
    ],
  }),
  one('SpaceToBatchND', [2, 4], { blockShape: [2], paddings: [[0, 0]] }, 'without channels'),
  {
    kernel: 'Select',
    what: '[3, 4]',
    inputs: { condition: { shape: [3, 4], dtype: 'bool' }, t: { shape: [3, 4] }, e: { shape: [3, 4] } },
    moving: ['t', 'e'],
  },
  one('Slice', [3, 4], { begin: [1, 0], size: [-1, 2] }),
  one('SplitV', [3, 4], { numOrSizeSplits: [1, 3], axis: 1 }),
  one('SplitV', [3, 4], { numOrSizeSplits: 2, axis: -1 }, 'in equal parts'),
  ...STRIDED,
  one('Tile', [3, 4], { reps: [2, 3] }),
  one('Tile', [1, 4], { reps: [3, 1] }, 'of a single row'),
  one('Transpose', [2, 3, 4], { perm: [2, 0, 1] }),
  one('Unpack', [3, 4], { axis: -1 }, '', 'value'),
];

/** All cases. */
export const CASES: Case[] = [...UNARY, ...ARITHMETIC, ...MATMUL, ...REDUCTION, ...LAYOUT, ...SPATIAL, ...INDEXING];
