/** Every kernel that has a tangent rule as a loop over float64 numbers, written from its definition. */
import {
  type Alignment,
  convolution,
  depthwiseConvolution,
  einsteinSum,
  morphologicalDilation,
  pooling,
  resizing,
  type Windows,
  windowsOf,
} from './windows.ts';

/** Row-major numbers and their shape. */
export interface Numbers {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

type Given = Readonly<Record<string, Numbers>>;
// biome-ignore lint/suspicious/noExplicitAny: each kernel knows its own
type Attributes = Readonly<Record<string, any>>;
/** What a kernel computes, each output's numbers row-major. */
export type KernelLoop = (inputs: Given, attrs: Attributes) => readonly Float64Array[];

const sizeOf = (shape: readonly number[]): number => shape.reduce((product, n) => product * n, 1);

const flatten = (index: readonly number[], shape: readonly number[]): number =>
  index.reduce((flat, i, axis) => flat * shape[axis]! + i, 0);

function indexOf(flat: number, shape: readonly number[]): number[] {
  let rest = flat;
  return shape
    .toReversed()
    .map((n) => {
      const i = rest % n;
      rest = Math.floor(rest / n);
      return i;
    })
    .reverse();
}

/** Numbers of an output from their indices. */
function build(shape: readonly number[], entry: (index: number[]) => number): Float64Array {
  return Float64Array.from({ length: sizeOf(shape) }, (_, flat) => entry(indexOf(flat, shape)));
}

const at = ({ shape, data }: Numbers, index: readonly number[]): number => data[flatten(index, shape)]!;

/** The number that stands at an index after broadcasting, which adds axes in front and repeats axes of size 1. */
const broadcastAt = (x: Numbers, index: readonly number[]): number =>
  at(
    x,
    index.slice(index.length - x.shape.length).map((i, axis) => (x.shape[axis] === 1 ? 0 : i)),
  );

function broadcastShape(a: readonly number[], b: readonly number[]): number[] {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, axis) => {
    const [m, n] = [a[axis - rank + a.length] ?? 1, b[axis - rank + b.length] ?? 1];
    return m === 1 ? n : m;
  });
}

const unary =
  (f: (x: number, attrs: Attributes) => number): KernelLoop =>
  ({ x }, attrs) => [x!.data.map((value) => f(value, attrs))];

const binary =
  (f: (a: number, b: number) => number, first = 'a', second = 'b'): KernelLoop =>
  (inputs) => {
    const [a, b] = [inputs[first]!, inputs[second]!];
    const shape = broadcastShape(a.shape, b.shape);
    return [build(shape, (index) => f(broadcastAt(a, index), broadcastAt(b, index)))];
  };

/** erf by its series, which converges everywhere. */
function erf(x: number): number {
  let [term, sum] = [x, x];
  for (let n = 1; n < 200; n++) {
    term *= (-x * x) / n;
    sum += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * sum;
}

const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));
const elu = (x: number): number => (x >= 0 ? x : Math.expm1(x));
const leaky = (x: number, slope: number): number => (x >= 0 ? x : slope * x);

const UNARY: Record<string, KernelLoop> = {
  Abs: unary(Math.abs),
  Acos: unary(Math.acos),
  Acosh: unary(Math.acosh),
  Asin: unary(Math.asin),
  Asinh: unary(Math.asinh),
  Atan: unary(Math.atan),
  Atanh: unary(Math.atanh),
  Cast: unary((x) => x),
  ClipByValue: unary((x, { clipValueMin, clipValueMax }) => Math.min(Math.max(x, clipValueMin!), clipValueMax!)),
  Cos: unary(Math.cos),
  Cosh: unary(Math.cosh),
  Elu: unary(elu),
  Erf: unary(erf),
  Exp: unary(Math.exp),
  ExpandDims: ({ input }) => [input!.data],
  Expm1: unary(Math.expm1),
  Identity: unary((x) => x),
  LeakyRelu: unary((x, { alpha }) => leaky(x, alpha!)),
  Log: unary(Math.log),
  Log1p: unary(Math.log1p),
  Neg: unary((x) => -x),
  Reciprocal: unary((x) => 1 / x),
  Relu: unary((x) => Math.max(x, 0)),
  Relu6: unary((x) => Math.min(Math.max(x, 0), 6)),
  Reshape: unary((x) => x),
  Rsqrt: unary((x) => 1 / Math.sqrt(x)),
  // Klambauer et al. 2017
  Selu: unary((x) => 1.0507009873554805 * (x > 0 ? x : 1.6732632423543772 * Math.expm1(x))),
  Sigmoid: unary(sigmoid),
  Sin: unary(Math.sin),
  Sinh: unary(Math.sinh),
  Softplus: unary((x) => Math.log1p(Math.exp(x))),
  Sqrt: unary(Math.sqrt),
  Square: unary((x) => x * x),
  Tan: unary(Math.tan),
  Tanh: unary(Math.tanh),
};

const BINARY: Record<string, KernelLoop> = {
  Add: binary((a, b) => a + b),
  Atan2: binary(Math.atan2),
  EluGrad: binary((dy, y) => (y >= 0 ? dy : dy * (y + 1)), 'dy', 'y'),
  Maximum: binary(Math.max),
  Minimum: binary(Math.min),
  Mod: binary((a, b) => a - b * Math.floor(a / b)),
  Multiply: binary((a, b) => a * b),
  Pow: binary((a, b) => a ** b),
  Prelu: binary(leaky, 'x', 'alpha'),
  RealDiv: binary((a, b) => a / b),
  SquaredDifference: binary((a, b) => (a - b) ** 2),
  Sub: binary((a, b) => a - b),
};

/** All numbers of an array along some axes, for each index of the others. */
function groups({ shape, data }: Numbers, axes: readonly number[]): number[][] {
  const kept = shape.map((n, axis) => (axes.includes(axis) ? 1 : n));
  const lists = Array.from({ length: sizeOf(kept) }, (): number[] => []);
  for (const [flat, value] of data.entries()) {
    const index = indexOf(flat, shape).map((i, axis) => (axes.includes(axis) ? 0 : i));
    lists[flatten(index, kept)]!.push(value);
  }
  return lists;
}

const axesOf = (axis: number | number[], rank: number): number[] => [axis].flat().map((each) => (each + rank) % rank);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const product = (values: readonly number[]): number => values.reduce((total, value) => total * value, 1);

const reduction =
  (f: (values: number[]) => number, attribute = 'axis'): KernelLoop =>
  ({ x }, attrs) => [Float64Array.from(groups(x!, axesOf(attrs[attribute]!, x!.shape.length)).map(f))];

/** Each number from those of its line along an axis, and its place there. */
const alongLines = (x: Numbers, axis: number, f: (line: number[], place: number) => number): Float64Array =>
  build(x.shape, (index) => {
    const line = Array.from({ length: x.shape[axis]! }, (_, i) => at(x, index.with(axis, i)));
    return f(line, index[axis]!);
  });

const running =
  (f: (values: readonly number[]) => number): KernelLoop =>
  ({ x }, { axis, exclusive, reverse }) => [
    alongLines(x!, axesOf(axis!, x!.shape.length)[0]!, (line, place) => {
      const gap = exclusive ? 1 : 0;
      return f(reverse ? line.slice(place + gap) : line.slice(0, place + 1 - gap));
    }),
  ];

const REDUCING: Record<string, KernelLoop> = {
  Cumprod: running(product),
  Cumsum: running(sum),
  Max: reduction((values) => Math.max(...values), 'reductionIndices'),
  Mean: reduction((values) => sum(values) / values.length),
  Min: reduction((values) => Math.min(...values)),
  Prod: reduction(product),
  Softmax: ({ logits }, { dim }) => [
    alongLines(logits!, dim!, (line, place) => Math.exp(line[place]!) / sum(line.map(Math.exp))),
  ],
  Sum: reduction(sum),
};

const list = (inputs: Given): Numbers[] => Object.values(inputs);

/** Lines of a concatenation: which input, and where in it, each place along the axis is. */
function concatenated(parts: readonly Numbers[], axis: number): Float64Array {
  const places = parts.flatMap((part) => Array.from({ length: part.shape[axis]! }, (_, i) => ({ part, i })));
  return build(parts[0]!.shape.with(axis, places.length), (index) => {
    const { part, i } = places[index[axis]!]!;
    return at(part, index.with(axis, i));
  });
}

const pads = (attrs: Attributes): [number, number][] => attrs.paddings as never;

const padded = (shape: readonly number[], attrs: Attributes): number[] =>
  shape.map((n, axis) => n + pads(attrs)[axis]![0] + pads(attrs)[axis]![1]);

/** What `x[...]` takes along each axis, and with which shape, as Python does. */
function pythonSlice(shape: readonly number[], attrs: Attributes): number[][] {
  const { begin, end, strides } = attrs as never as Record<'begin' | 'end' | 'strides', number[]>;
  const bit = (mask: string, i: number): boolean => Boolean((attrs[mask]! as number) & (1 << i));
  const entries = [...begin.keys()];
  const named = entries.filter((i) => !bit('ellipsisMask', i) && !bit('newAxisMask', i)).length;
  const all = (n: number): number[] => [...Array(n).keys()];
  const taken: number[][] = [];
  for (const i of entries) {
    if (bit('newAxisMask', i) && !bit('ellipsisMask', i)) continue;
    if (bit('ellipsisMask', i)) {
      for (let skipped = shape.length - named; skipped > 0; skipped--) taken.push(all(shape[taken.length]!));
      continue;
    }
    const n = shape[taken.length]!;
    const step = strides[i]!;
    const wrap = (k: number): number => (k < 0 ? k + n : k);
    if (bit('shrinkAxisMask', i)) {
      taken.push([wrap(begin[i]!)]);
      continue;
    }
    const first = bit('beginMask', i) ? (step > 0 ? 0 : n - 1) : wrap(begin[i]!);
    const last = bit('endMask', i) ? (step > 0 ? n : -1) : wrap(end[i]!);
    taken.push(
      all(n)
        .map((k) => first + k * step)
        .filter((k) => (step > 0 ? k < last : k > last) && k >= 0 && k < n),
    );
  }
  while (taken.length < shape.length) taken.push(all(shape[taken.length]!));
  return taken;
}

/** Where each number of a space-to-batch array comes from: [block..., batch] in front, space divided. */
function spaceOfBatch(index: readonly number[], shape: readonly number[], block: readonly number[]) {
  const batch = shape[0]! / product(block);
  const [offset, sample] = [Math.floor(index[0]! / batch), index[0]! % batch];
  const inBlock = indexOf(offset, block);
  const space = block.map((size, i) => index[1 + i]! * size + inBlock[i]!);
  return { sample, space, rest: index.slice(1 + block.length) };
}

const LAYOUT: Record<string, KernelLoop> = {
  AddN: (inputs) => [list(inputs)[0]!.data.map((_, i) => sum(list(inputs).map(({ data }) => data[i]!)))],
  BatchToSpaceND: ({ x }, attrs) => {
    const [block, crops] = [attrs.blockShape as number[], attrs.crops as number[][]];
    const shape = [
      x!.shape[0]! / product(block),
      ...block.map((size, i) => x!.shape[1 + i]! * size - crops[i]![0]! - crops[i]![1]!),
      ...x!.shape.slice(1 + block.length),
    ];
    return [
      build(shape, ([sample, ...rest]) => {
        const space = block.map((_, i) => rest[i]! + crops[i]![0]!);
        const offset = flatten(
          space.map((place, i) => place % block[i]!),
          block,
        );
        const inside = space.map((place, i) => Math.floor(place / block[i]!));
        return at(x!, [offset * shape[0]! + sample!, ...inside, ...rest.slice(block.length)]);
      }),
    ];
  },
  Concat: (inputs, { axis }) => [concatenated(list(inputs), axesOf(axis!, list(inputs)[0]!.shape.length)[0]!)],
  MirrorPad: ({ x }, attrs) => {
    const edge = attrs.mode === 'reflect' ? 1 : 0;
    const inside = (i: number, n: number): number => (i < 0 ? edge - 1 - i : i >= n ? 2 * n - 1 - edge - i : i);
    return [
      build(padded(x!.shape, attrs), (index) =>
        at(
          x!,
          index.map((i, axis) => inside(i - pads(attrs)[axis]![0], x!.shape[axis]!)),
        ),
      ),
    ];
  },
  Pack: (inputs, { axis }) => {
    const parts = list(inputs).map(({ shape, data }) => ({ shape: shape.toSpliced(axis!, 0, 1), data }));
    return [concatenated(parts, axis!)];
  },
  PadV2: ({ x }, attrs) => [
    build(padded(x!.shape, attrs), (index) => {
      const inside = index.map((i, axis) => i - pads(attrs)[axis]![0]);
      return inside.every((i, axis) => i >= 0 && i < x!.shape[axis]!) ? at(x!, inside) : attrs.constantValue!;
    }),
  ],
  Reverse: ({ x }, { dims }) => [
    build(x!.shape, (index) =>
      at(
        x!,
        index.map((i, axis) => ((dims! as number[]).includes(axis) ? x!.shape[axis]! - 1 - i : i)),
      ),
    ),
  ],
  Select: ({ condition, t, e }) => [t!.data.map((value, i) => (condition!.data[i] ? value : e!.data[i]!))],
  Slice: ({ x }, attrs) => {
    const [begin, size] = [attrs.begin as number[], attrs.size as number[]];
    const shape = size.map((n, axis) => (n < 0 ? x!.shape[axis]! - begin[axis]! : n));
    return [
      build(shape, (index) =>
        at(
          x!,
          index.map((i, axis) => i + begin[axis]!),
        ),
      ),
    ];
  },
  SpaceToBatchND: ({ x }, attrs) => {
    const [block, edges] = [attrs.blockShape as number[], attrs.paddings as number[][]];
    const shape = [
      x!.shape[0]! * product(block),
      ...block.map((size, i) => (x!.shape[1 + i]! + edges[i]![0]! + edges[i]![1]!) / size),
      ...x!.shape.slice(1 + block.length),
    ];
    return [
      build(shape, (index) => {
        const { sample, space, rest } = spaceOfBatch(index, shape, block);
        const inside = space.map((place, i) => place - edges[i]![0]!);
        return inside.every((place, i) => place >= 0 && place < x!.shape[1 + i]!)
          ? at(x!, [sample, ...inside, ...rest])
          : 0;
      }),
    ];
  },
  SplitV: ({ x }, attrs) => {
    const axis = axesOf(attrs.axis!, x!.shape.length)[0]!;
    const given = attrs.numOrSizeSplits as number | number[];
    const sizes = typeof given === 'number' ? new Array(given).fill(x!.shape[axis]! / given) : given;
    return sizes.map((size: number, part: number) => {
      const before = sum(sizes.slice(0, part));
      return build(x!.shape.with(axis, size), (index) => at(x!, index.with(axis, index[axis]! + before)));
    });
  },
  StridedSlice: ({ x }, attrs) => {
    const taken = pythonSlice(x!.shape, attrs);
    return [
      build(
        taken.map(({ length }) => length),
        (index) =>
          at(
            x!,
            index.map((i, axis) => taken[axis]![i]!),
          ),
      ),
    ];
  },
  Tile: ({ x }, { reps }) => [
    build(
      x!.shape.map((n, axis) => n * (reps! as number[])[axis]!),
      (index) =>
        at(
          x!,
          index.map((i, axis) => i % x!.shape[axis]!),
        ),
    ),
  ],
  Transpose: ({ x }, { perm }) => {
    const order = perm! as number[];
    return [
      build(
        order.map((axis) => x!.shape[axis]!),
        (index) =>
          at(
            x!,
            order.map((_, axis) => index[order.indexOf(axis)]!),
          ),
      ),
    ];
  },
  Unpack: ({ value }, attrs) => {
    const axis = axesOf(attrs.axis!, value!.shape.length)[0]!;
    const shape = value!.shape.toSpliced(axis, 1);
    return Array.from({ length: value!.shape[axis]! }, (_, i) =>
      build(shape, (index) => at(value!, index.toSpliced(axis, 0, i))),
    );
  },
};

const INDEXING: Record<string, KernelLoop> = {
  Einsum: (inputs, { equation }) => [
    einsteinSum(
      equation! as string,
      list(inputs).map(({ shape }) => shape),
    )(...list(inputs).map(({ data }) => data)),
  ],
  GatherNd: ({ params, indices }) => {
    const depth = indices!.shape.at(-1)!;
    const outer = indices!.shape.slice(0, -1);
    return [
      build([...outer, ...params!.shape.slice(depth)], (index) => {
        const start = Array.from({ length: depth }, (_, i) => at(indices!, [...index.slice(0, outer.length), i]));
        return at(params!, [...start, ...index.slice(outer.length)]);
      }),
    ];
  },
  GatherV2: ({ x, indices }, attrs) => {
    const axis = axesOf(attrs.axis!, x!.shape.length)[0]!;
    const dims = (attrs.batchDims as number | undefined) ?? 0;
    const picked = indices!.shape.slice(dims);
    const shape = [...x!.shape.slice(0, axis), ...picked, ...x!.shape.slice(axis + 1)];
    return [
      build(shape, (index) => {
        const place = index.slice(axis, axis + picked.length);
        const i = at(indices!, [...index.slice(0, dims), ...place]);
        return at(x!, [...index.slice(0, axis), i, ...index.slice(axis + picked.length)]);
      }),
    ];
  },
  ScatterNd: ({ indices, updates }, attrs) => {
    const shape = attrs.shape as number[];
    const depth = indices!.shape.at(-1)!;
    const width = sizeOf(shape.slice(depth));
    const y = new Float64Array(sizeOf(shape));
    for (let row = 0; row < indices!.data.length / depth; row++) {
      const place = flatten([...indices!.data.slice(row * depth, (row + 1) * depth)], shape) * width;
      for (let i = 0; i < width; i++) y[place + i]! += updates!.data[row * width + i]!;
    }
    return [y];
  },
  TopK: ({ x }, { k }) => {
    const n = x!.shape.at(-1)!;
    const rows = Array.from({ length: x!.data.length / n }, (_, row) => [...x!.data.slice(row * n, (row + 1) * n)]);
    const orders = rows.map((row) => [...row.keys()].sort((i, j) => row[j]! - row[i]! || i - j).slice(0, k!));
    return [
      Float64Array.from(orders.flatMap((order, row) => order.map((i) => rows[row]![i]!))),
      Float64Array.from(orders.flat()),
    ];
  },
  UnsortedSegmentSum: ({ x, segmentIds }, { numSegments }) => {
    const width = x!.data.length / segmentIds!.data.length;
    const y = new Float64Array((numSegments! as number) * width);
    for (const [row, id] of segmentIds!.data.entries()) {
      if (id >= 0) for (let i = 0; i < width; i++) y[id * width + i]! += x!.data[row * width + i]!;
    }
    return [y];
  },
};

type Slopes = Numbers | undefined;

/** What a fused kernel does with a product: adds the bias, then the activation. */
function finished(values: Float64Array, shape: readonly number[], inputs: Given, attrs: Attributes): Float64Array {
  const { bias, preluActivationWeights } = inputs as { bias?: Numbers; preluActivationWeights: Slopes };
  const activations: Record<string, (z: number, index: number[]) => number> = {
    elu,
    leakyrelu: (z) => leaky(z, attrs.leakyreluAlpha!),
    linear: (z) => z,
    prelu: (z, index) => leaky(z, broadcastAt(preluActivationWeights!, index)),
    relu: (z) => Math.max(z, 0),
    relu6: (z) => Math.min(Math.max(z, 0), 6),
    sigmoid,
  };
  const activate = activations[attrs.activation! as string]!;
  return build(shape, (index) =>
    activate(values[flatten(index, shape)]! + (bias ? broadcastAt(bias, index) : 0), index),
  );
}

function matrixProduct({ a, b }: Given, { transposeA, transposeB }: Attributes): Numbers {
  const [m, k] = transposeA ? [a!.shape.at(-1)!, a!.shape.at(-2)!] : [a!.shape.at(-2)!, a!.shape.at(-1)!];
  const n = transposeB ? b!.shape.at(-2)! : b!.shape.at(-1)!;
  const shape = [...broadcastShape(a!.shape.slice(0, -2), b!.shape.slice(0, -2)), m, n];
  const data = build(shape, (index) => {
    const [i, j] = index.slice(-2) as [number, number];
    const stack = index.slice(0, -2);
    let total = 0;
    for (let l = 0; l < k; l++) {
      const left = broadcastAt(a!, [...stack, ...(transposeA ? [l, i] : [i, l])]);
      total += left * broadcastAt(b!, [...stack, ...(transposeB ? [j, l] : [l, j])]);
    }
    return total;
  });
  return { shape, data };
}

/** The windows of a call over x. In three dimensions TensorFlow.js lets 'same' padding be negative. */
function windowsFor(x: readonly number[], size: readonly number[], attrs: Attributes): Windows {
  const all = (value: unknown): number[] => (Array.isArray(value) ? value : size.map(() => (value as number) ?? 1));
  const [strides, dilations] = [all(attrs.strides), all(attrs.dilations)];
  const pad = attrs.pad as 'same' | 'valid' | number[][];
  if (Array.isArray(pad)) return { size, strides, dilations, pad: pad.slice(1, -1) as never };
  if (pad === 'valid' || size.length === 2) return { size, strides, dilations, pad };
  const lacking = size.map((width, axis) => {
    const input = x[axis + 1]!;
    return (Math.ceil(input / strides[axis]!) - 1) * strides[axis]! + (width - 1) * dilations[axis]! + 1 - input;
  });
  return { size, strides, dilations, pad: lacking.map((n): [number, number] => [Math.floor(n / 2), Math.ceil(n / 2)]) };
}

const convolutions: KernelLoop = ({ x, filter }, attrs) => [
  convolution(
    x!.shape,
    filter!.shape.at(-1)!,
    windowsFor(x!.shape, filter!.shape.slice(0, -2), attrs),
  )(x!.data, filter!.data),
];

const depthwise: KernelLoop = ({ x, filter }, attrs) => [
  depthwiseConvolution(
    x!.shape,
    filter!.shape[3]!,
    windowsFor(x!.shape, filter!.shape.slice(0, 2), attrs),
  )(x!.data, filter!.data),
];

/** A fused convolution, with the shape of its outputs. */
const fused =
  (convolve: KernelLoop, isDepthwise: boolean): KernelLoop =>
  (inputs, attrs) => {
    const [y] = convolve(inputs, attrs);
    const [x, filter] = [inputs.x!, inputs.filter!];
    const channels = isDepthwise ? filter.shape[2]! * filter.shape[3]! : filter.shape[3]!;
    const windows = windowsFor(x.shape, filter.shape.slice(0, 2), attrs);
    // Only the axes that slopes are broadcast along matter: samples and positions, then channels.
    const rows = windowsOf([1, x.shape[1]!, 1, 1], { ...windows, size: [windows.size[0]!, 1], pad: rowsOnly(windows) });
    const shape = [x.shape[0]!, rows.length, y!.length / (x.shape[0]! * rows.length * channels), channels];
    return [finished(y!, shape, inputs, attrs)];
  };

const rowsOnly = ({ pad }: Windows): Windows['pad'] => (typeof pad === 'string' ? pad : [pad[0]!, [0, 0]]);

/** For each output, entry and channels: the flat places in x, the filter and dy that meet in a full convolution. */
function meetings(x: readonly number[], filter: readonly number[], attrs: Attributes, isDepthwise: boolean) {
  const [channels, filters] = [filter.at(-2)!, filter.at(-1)!];
  const all = windowsOf(x, windowsFor(x, filter.slice(0, -2), attrs));
  return all.flatMap(({ pixels, entries }, o) =>
    pixels.flatMap((pixel, i) =>
      Array.from({ length: channels * filters }, (_, both) => {
        const c = Math.floor(both / filters);
        return {
          x: pixel * channels + c,
          filter: entries[i]! * channels * filters + both,
          dy: isDepthwise ? o * channels * filters + both : o * filters + (both % filters),
        };
      }),
    ),
  );
}

const inputGradient =
  (isDepthwise: boolean): KernelLoop =>
  ({ dy, filter }, attrs) => {
    const shape = attrs.inputShape as number[];
    const dx = new Float64Array(sizeOf(shape));
    for (const each of meetings(shape, filter!.shape, attrs, isDepthwise)) {
      dx[each.x]! += dy!.data[each.dy]! * filter!.data[each.filter]!;
    }
    return [dx];
  };

const filterGradient =
  (isDepthwise: boolean): KernelLoop =>
  ({ x, dy }, attrs) => {
    const shape = attrs.filterShape as number[];
    const dw = new Float64Array(sizeOf(shape));
    for (const each of meetings(x!.shape, shape, attrs, isDepthwise)) {
      dw[each.filter]! += x!.data[each.x]! * dy!.data[each.dy]!;
    }
    return [dw];
  };

const pools =
  (kind: 'mean' | 'max'): KernelLoop =>
  ({ x }, attrs) => [pooling(x!.shape, windowsFor(x!.shape, attrs.filterSize as number[], attrs), kind)(x!.data)];

/** dy for the inputs of each window: each a share of the whole window's size, or all for the first of the largest. */
const poolGradient =
  (kind: 'mean' | 'max'): KernelLoop =>
  ({ dy, input }, attrs) => {
    const size = attrs.filterSize as number[];
    const channels = input!.shape.at(-1)!;
    const dx = new Float64Array(input!.data.length);
    for (const [o, { pixels }] of windowsOf(input!.shape, windowsFor(input!.shape, size, attrs)).entries()) {
      for (let c = 0; c < channels; c++) {
        const places = pixels.map((pixel) => pixel * channels + c);
        const largest = Math.max(...places.map((place) => input!.data[place]!));
        const first = places.find((place) => input!.data[place] === largest)!;
        const cotangent = dy!.data[o * channels + c]!;
        if (kind === 'max') dx[first]! += cotangent;
        else for (const place of places) dx[place]! += cotangent / product(size);
      }
    }
    return [dx];
  };

/** The gradient of a dilation: each cotangent goes to the first pair that attains the maximum. */
const dilationGradient =
  (pick: 'x' | 'filter'): KernelLoop =>
  ({ x, filter, dy }, attrs) => {
    const channels = x!.shape[3]!;
    const result = new Float64Array((pick === 'x' ? x! : filter!).data.length);
    const windows = windowsFor(x!.shape, filter!.shape.slice(0, 2), attrs);
    for (const [o, { pixels, entries }] of windowsOf(x!.shape, windows).entries()) {
      for (let c = 0; c < channels; c++) {
        const sums = pixels.map(
          (pixel, i) => x!.data[pixel * channels + c]! + filter!.data[entries[i]! * channels + c]!,
        );
        const first = sums.indexOf(Math.max(...sums));
        result[(pick === 'x' ? pixels : entries)[first]! * channels + c]! += dy!.data[o * channels + c]!;
      }
    }
    return [result];
  };

const resized =
  (kind: 'bilinear' | 'nearest'): KernelLoop =>
  ({ images }, { size, alignCorners, halfPixelCenters }) => {
    const alignment: Alignment = alignCorners ? 'corners' : halfPixelCenters ? 'centres' : 'top left';
    return [resizing(images!.shape, size! as [number, number], alignment, kind)(images!.data)];
  };

/** bias + alpha times the sum of squares of the channels up to the radius away. */
function responseBase({ shape, data }: Numbers, { depthRadius, bias, alpha }: Attributes): Float64Array {
  const channels = shape.at(-1)!;
  return data.map((_, i) => {
    const c = i % channels;
    const near = [...Array(channels).keys()].filter((d) => Math.abs(c - d) <= depthRadius!);
    return (bias! as number) + (alpha! as number) * sum(near.map((d) => data[i - c + d]! ** 2));
  });
}

const SPATIAL: Record<string, KernelLoop> = {
  AvgPool: pools('mean'),
  AvgPool3D: pools('mean'),
  AvgPool3DGrad: poolGradient('mean'),
  AvgPoolGrad: poolGradient('mean'),
  BatchMatMul: (inputs, attrs) => [matrixProduct(inputs, attrs).data],
  Conv2D: convolutions,
  Conv2DBackpropFilter: filterGradient(false),
  Conv2DBackpropInput: inputGradient(false),
  Conv3D: convolutions,
  Conv3DBackpropFilterV2: filterGradient(false),
  Conv3DBackpropInputV2: inputGradient(false),
  DepthToSpace: ({ x }, attrs) => {
    const block = attrs.blockSize! as number;
    const [n, h, w, c] = x!.shape as unknown as [number, number, number, number];
    const depth = c / block ** 2;
    return [
      build([n, h * block, w * block, depth], ([sample, i, j, d]) => {
        const channel = ((i! % block) * block + (j! % block)) * depth + d!;
        return at(x!, [sample!, Math.floor(i! / block), Math.floor(j! / block), channel]);
      }),
    ];
  },
  DepthwiseConv2dNative: depthwise,
  DepthwiseConv2dNativeBackpropFilter: filterGradient(true),
  DepthwiseConv2dNativeBackpropInput: inputGradient(true),
  Dilation2D: ({ x, filter }, attrs) => [
    morphologicalDilation(x!.shape, windowsFor(x!.shape, filter!.shape.slice(0, 2), attrs))(x!.data, filter!.data),
  ],
  Dilation2DBackpropFilter: dilationGradient('filter'),
  Dilation2DBackpropInput: dilationGradient('x'),
  FusedBatchNorm: ({ x, mean, variance, offset, scale }, { varianceEpsilon }) => [
    build(x!.shape, (index) => {
      const root = Math.sqrt(broadcastAt(variance!, index) + (varianceEpsilon! as number));
      const centred = (at(x!, index) - broadcastAt(mean!, index)) / root;
      return centred * (scale ? broadcastAt(scale, index) : 1) + (offset ? broadcastAt(offset, index) : 0);
    }),
  ],
  FusedConv2D: fused(convolutions, false),
  FusedDepthwiseConv2D: fused(depthwise, true),
  LRN: ({ x }, attrs) => {
    const base = responseBase(x!, attrs);
    return [x!.data.map((value, i) => value * base[i]! ** -attrs.beta!)];
  },
  LRNGrad: ({ x, y, dy }, attrs) => {
    const [alpha, beta] = [attrs.alpha! as number, attrs.beta! as number];
    const base = responseBase(x!, attrs);
    const channels = x!.shape.at(-1)!;
    return [
      x!.data.map((value, i) => {
        const c = i % channels;
        const near = [...Array(channels).keys()].filter((d) => Math.abs(c - d) <= attrs.depthRadius!);
        const around = sum(near.map((d) => i - c + d).map((j) => (y!.data[j]! * dy!.data[j]!) / base[j]!));
        return dy!.data[i]! * base[i]! ** -beta - 2 * alpha * beta * value * around;
      }),
    ];
  },
  MaxPool: pools('max'),
  MaxPool3D: pools('max'),
  MaxPool3DGrad: poolGradient('max'),
  MaxPoolGrad: poolGradient('max'),
  ResizeBilinear: resized('bilinear'),
  ResizeNearestNeighbor: resized('nearest'),
  _FusedMatMul: (inputs, attrs) => {
    const { shape, data } = matrixProduct(inputs, attrs);
    return [finished(data, shape, inputs, attrs)];
  },
};

/** By kernel name. */
export const KERNEL_LOOPS: Readonly<Record<string, KernelLoop>> = {
  ...UNARY,
  ...BINARY,
  ...REDUCING,
  ...LAYOUT,
  ...INDEXING,
  ...SPATIAL,
};
