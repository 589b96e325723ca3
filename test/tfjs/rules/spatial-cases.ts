/** Cases of the kernels that slide windows over rows and columns. */
import type { Case, Input } from './cases.ts';

/** Numbers of both signs, any two at least 0.1 apart: no maximum changes within the differences. */
function apart(shape: number[]): Input {
  const size = shape.reduce((product, n) => product * n, 1);
  return { shape, values: Array.from({ length: size }, (_, i) => ((i * 367) % 1009) / 10 - 75) };
}

interface Convolution {
  what: string;
  x: number[];
  filter: number[];
  y: number[];
  attrs: Record<string, unknown>;
}

const planar = (strides: number, pad: unknown, dilations = 1) => ({
  strides: [strides, strides],
  pad,
  dataFormat: 'NHWC',
  dilations: [dilations, dilations],
});

/** Strides that do and do not divide, both paddings, explicit padding, dilation, 1 x 1, several channels each way. */
const CONVOLUTIONS: Convolution[] = [
  { what: 'same', x: [2, 5, 6, 2], filter: [3, 3, 2, 3], y: [2, 5, 6, 3], attrs: planar(1, 'same') },
  { what: 'valid', x: [2, 5, 6, 2], filter: [3, 2, 2, 3], y: [2, 3, 5, 3], attrs: planar(1, 'valid') },
  { what: 'stride 2, same', x: [2, 5, 6, 2], filter: [3, 3, 2, 2], y: [2, 3, 3, 2], attrs: planar(2, 'same') },
  {
    what: 'stride 2, valid, a column unread',
    x: [1, 5, 6, 2],
    filter: [3, 3, 2, 2],
    y: [1, 2, 2, 2],
    attrs: planar(2, 'valid'),
  },
  { what: 'stride 3 over 2 x 2', x: [1, 7, 6, 1], filter: [2, 2, 1, 2], y: [1, 2, 2, 2], attrs: planar(3, 'valid') },
  {
    what: 'stride 4 over 2 x 2, same',
    x: [1, 8, 8, 2],
    filter: [2, 2, 2, 2],
    y: [1, 2, 2, 2],
    attrs: planar(4, 'same'),
  },
  {
    what: 'stride 4 over 2 x 3, same, uneven',
    x: [2, 5, 9, 1],
    filter: [2, 3, 1, 3],
    y: [2, 2, 3, 3],
    attrs: planar(4, 'same'),
  },
  {
    what: '1 x 1, stride 3, same',
    x: [1, 7, 4, 2],
    filter: [1, 1, 2, 3],
    y: [1, 3, 2, 3],
    attrs: planar(3, 'same'),
  },
  { what: 'of one pixel', x: [1, 1, 1, 2], filter: [3, 3, 2, 1], y: [1, 1, 1, 1], attrs: planar(1, 'same') },
  { what: '1 x 1', x: [2, 3, 4, 3], filter: [1, 1, 3, 2], y: [2, 3, 4, 2], attrs: planar(1, 'same') },
  {
    what: 'explicit padding',
    x: [1, 4, 4, 2],
    filter: [3, 3, 2, 2],
    y: [1, 5, 4, 2],
    attrs: planar(1, [
      [0, 0],
      [2, 1],
      [0, 2],
      [0, 0],
    ]),
  },
];

const DILATED: Convolution = {
  what: 'dilation 2',
  x: [1, 6, 7, 2],
  filter: [3, 2, 2, 2],
  y: [1, 6, 7, 2],
  attrs: planar(1, 'same', 2),
};

function convolution(kernels: [string, string, string], each: Convolution, y: number[] = each.y): Case[] {
  const { what, x, filter, attrs } = each;
  const [output, backpropInput, backpropFilter] = kernels;
  return [
    { kernel: output, what, inputs: { x: { shape: x }, filter: { shape: filter } }, attrs },
    {
      kernel: backpropInput,
      what,
      inputs: { dy: { shape: y }, filter: { shape: filter } },
      attrs: { ...attrs, inputShape: x },
    },
    {
      kernel: backpropFilter,
      what,
      inputs: { x: { shape: x }, dy: { shape: y } },
      attrs: { ...attrs, filterShape: filter },
    },
  ];
}

const FULL: [string, string, string] = ['Conv2D', 'Conv2DBackpropInput', 'Conv2DBackpropFilter'];
const DEPTHWISE: [string, string, string] = [
  'DepthwiseConv2dNative',
  'DepthwiseConv2dNativeBackpropInput',
  'DepthwiseConv2dNativeBackpropFilter',
];
const SPATIAL_3D: [string, string, string] = ['Conv3D', 'Conv3DBackpropInputV2', 'Conv3DBackpropFilterV2'];

const PLANAR: Case[] = [
  ...CONVOLUTIONS.flatMap((each) => convolution(FULL, each)),
  convolution(FULL, DILATED)[0]!,
  ...CONVOLUTIONS.flatMap((each) => {
    const { filter, y } = each;
    // The last axis of a depthwise filter multiplies the channels.
    return convolution(DEPTHWISE, each, [...y.slice(0, 3), filter[2]! * filter[3]!]);
  }),
  ...[1, 2].map((multiplier) => {
    const { x } = DILATED;
    return convolution(DEPTHWISE, { ...DILATED, filter: [3, 2, x[3]!, multiplier] })[0]!;
  }),
  ...convolution(DEPTHWISE, {
    what: 'multiplier 1',
    x: [2, 4, 5, 3],
    filter: [3, 3, 3, 1],
    y: [2, 4, 5, 3],
    attrs: planar(1, 'same'),
  }),
];

const SOLID: Case[] = [
  { what: 'same', x: [2, 3, 4, 3, 2], filter: [2, 3, 2, 2, 3], y: [2, 3, 4, 3, 3], strides: 1, pad: 'same' },
  {
    what: 'stride 2, valid',
    x: [1, 4, 5, 4, 2],
    filter: [2, 2, 3, 2, 2],
    y: [1, 2, 2, 1, 2],
    strides: 2,
    pad: 'valid',
  },
  {
    what: '1 over 3, same: the padding is negative',
    x: [1, 3, 4, 7, 2],
    filter: [1, 1, 1, 2, 2],
    y: [1, 1, 2, 3, 2],
    strides: 3,
    pad: 'same',
  },
].flatMap(({ strides, pad, ...each }) =>
  convolution(SPATIAL_3D, {
    ...each,
    attrs: { strides: [strides, strides, strides], pad, dataFormat: 'NDHWC', dilations: [1, 1, 1] },
  }),
);

const FUSED: Case[] = ['linear', 'relu', 'relu6', 'elu', 'leakyrelu', 'prelu', 'sigmoid'].flatMap((activation) =>
  ['FusedConv2D', 'FusedDepthwiseConv2D'].map((kernel) => ({
    kernel,
    what: `with ${activation}`,
    inputs: {
      x: { shape: [1, 4, 3, 2] },
      filter: { shape: kernel === 'FusedConv2D' ? [3, 3, 2, 4] : [3, 3, 2, 2] },
      bias: { shape: [4], range: [2, 3] as [number, number] },
      ...(activation === 'prelu' ? { preluActivationWeights: { shape: [4] } } : {}),
    },
    attrs: { ...planar(1, 'same'), activation, leakyreluAlpha: 0.3 },
  })),
);

/** The wasm backend has code of its own for each. */
const FUSED_EDGES: Case[] = ['FusedConv2D', 'FusedDepthwiseConv2D'].flatMap((kernel) => {
  const filter = { shape: kernel === 'FusedConv2D' ? [2, 2, 2, 4] : [2, 2, 2, 2] };
  const bias: Input = { shape: [4], range: [-0.2, 0.2] };
  return [
    {
      kernel,
      what: 'stride 4 over 2 x 2, same',
      inputs: { x: { shape: [1, 8, 8, 2] }, filter, bias },
      attrs: { ...planar(4, 'same'), activation: 'sigmoid' },
    },
    ...[[4], [3, 4], [3, 1], [4, 1, 1], [1, 4, 3, 4]].map((slopes) => ({
      kernel,
      what: `with slopes [${slopes}]`,
      // Sums of the same sign, far from the kink.
      inputs: {
        x: { shape: [1, 4, 3, 2], range: [0.5, 1] as [number, number] },
        filter: { ...filter, range: [-1, -0.5] as [number, number] },
        bias,
        preluActivationWeights: { shape: slopes },
      },
      attrs: { ...planar(1, 'same'), activation: 'prelu' },
    })),
  ];
});

interface Pooling {
  what: string;
  x: number[];
  y: number[];
  attrs: Record<string, unknown>;
}

const pool = (what: string, x: number[], y: number[], filterSize: number, strides: number, pad: unknown): Pooling => {
  const times = (n: number) => new Array(x.length - 2).fill(n);
  return { what, x, y, attrs: { filterSize: times(filterSize), strides: times(strides), pad } };
};

const POOLINGS: Pooling[] = [
  pool('2 over 2', [2, 4, 6, 3], [2, 2, 3, 3], 2, 2, 'valid'),
  pool('2 over 2, same, uneven', [2, 5, 6, 3], [2, 3, 3, 3], 2, 2, 'same'),
  pool('3 over 2, same', [1, 5, 6, 2], [1, 3, 3, 2], 3, 2, 'same'),
  pool('3 over 1, same', [1, 4, 5, 2], [1, 4, 5, 2], 3, 1, 'same'),
  pool('2 over 1, valid', [1, 5, 6, 3], [1, 4, 5, 3], 2, 1, 'valid'),
  pool('2 over 3, same', [1, 7, 4, 2], [1, 3, 2, 2], 2, 3, 'same'),
  pool('1 over 3, same', [1, 7, 4, 2], [1, 3, 2, 2], 1, 3, 'same'),
  pool('3 over 1, same, of one pixel', [1, 1, 1, 3], [1, 1, 1, 3], 3, 1, 'same'),
  pool('3-D, 1 over 3, same', [1, 3, 4, 7, 1], [1, 1, 2, 3, 1], 1, 3, 'same'),
  pool('3-D, 2 over 3, same', [1, 3, 4, 7, 2], [1, 1, 2, 3, 2], 2, 3, 'same'),
  pool('3-D, 2 over 2', [1, 4, 4, 3, 2], [1, 2, 2, 1, 2], 2, 2, 'valid'),
  pool('3-D, 2 over 1, same', [1, 3, 4, 3, 2], [1, 3, 4, 3, 2], 2, 1, 'same'),
];

const POOLING: Case[] = POOLINGS.flatMap(({ what, x, y, attrs }) => {
  const suffix = x.length === 5 ? '3D' : '';
  return [
    { kernel: `AvgPool${suffix}`, what, inputs: { x: { shape: x } }, attrs },
    { kernel: `AvgPool${suffix}Grad`, what, inputs: { dy: { shape: y }, input: { shape: x } }, attrs },
    { kernel: `MaxPool${suffix}`, what, inputs: { x: apart(x) }, attrs },
    {
      kernel: `MaxPool${suffix}Grad`,
      what,
      inputs: { dy: { shape: y }, input: apart(x), output: { shape: y } },
      attrs,
    },
  ];
});

const RESIZING: Case[] = [
  [false, false],
  [true, false],
  [false, true],
].flatMap(([alignCorners, halfPixelCenters]) => {
  const attrs = { alignCorners, halfPixelCenters, size: [5, 3] };
  const what = `${alignCorners ? 'aligned corners' : 'top left'}${halfPixelCenters ? ', half pixels' : ''}`;
  const images = { shape: [2, 3, 4, 2] };
  return [
    { kernel: 'ResizeBilinear', what, inputs: { images }, attrs },
    { kernel: 'ResizeNearestNeighbor', what, inputs: { images }, attrs },
  ];
});

const DILATIONS: Case[] = [
  { what: 'same', y: [2, 5, 4, 2], strides: 1, pad: 'same', dilations: 1 },
  { what: 'stride 2, valid', y: [2, 2, 2, 2], strides: 2, pad: 'valid', dilations: 1 },
  { what: 'dilation 2, same', y: [2, 5, 4, 2], strides: 1, pad: 'same', dilations: 2 },
].flatMap(({ what, y, strides, pad, dilations }) => {
  const inputs = { x: apart([2, 5, 4, 2]), filter: { shape: [2, 2, 2] } };
  const attrs = { strides: [strides, strides], pad, dilations: [dilations, dilations] };
  return [
    { kernel: 'Dilation2D', what, inputs, attrs },
    { kernel: 'Dilation2DBackpropInput', what, inputs: { ...inputs, dy: { shape: y } }, attrs },
    { kernel: 'Dilation2DBackpropFilter', what, inputs: { ...inputs, dy: { shape: y } }, attrs },
  ];
});

const positive: Pick<Input, 'range'> = { range: [0.5, 2] };
const LRN_ATTRIBUTES = { depthRadius: 1, bias: 1.2, alpha: 0.7, beta: 0.6 };
const image = { shape: [2, 2, 3, 4] };

const NORMALISATION: Case[] = [
  {
    kernel: 'FusedBatchNorm',
    what: 'for each channel',
    inputs: {
      x: image,
      mean: { shape: [4] },
      variance: { shape: [4], ...positive },
      offset: { shape: [4] },
      scale: { shape: [4] },
    },
    attrs: { varianceEpsilon: 0.01 },
  },
  {
    kernel: 'FusedBatchNorm',
    what: 'without offset and scale',
    inputs: { x: image, mean: { shape: [4] }, variance: { shape: [4], ...positive } },
    attrs: { varianceEpsilon: 0.01 },
  },
  { kernel: 'LRN', what: 'radius 1', inputs: { x: image }, attrs: LRN_ATTRIBUTES },
  { kernel: 'LRNGrad', what: 'radius 1', inputs: { x: image, y: image, dy: image }, attrs: LRN_ATTRIBUTES },
  {
    kernel: 'DepthToSpace',
    what: '2 x 2',
    inputs: { x: { shape: [2, 2, 3, 8] } },
    attrs: { blockSize: 2, dataFormat: 'NHWC' },
  },
];

/** All of them. */
export const SPATIAL: Case[] = [
  ...PLANAR,
  ...SOLID,
  ...FUSED,
  ...FUSED_EDGES,
  ...POOLING,
  ...RESIZING,
  ...DILATIONS,
  ...NORMALISATION,
];
