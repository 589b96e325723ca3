/**
 * One run of a model that has no file of nodes, as the graph that the reference evaluates: which kernels of TensorFlow.js it calls
 * with what, in the words of a tf.GraphModel. Values and derivatives are the reference's own.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import * as tf from '@tensorflow/tfjs-core';

/** A node as model.json has it. */
interface Node {
  readonly name: string;
  readonly op: string;
  readonly input: readonly string[];
  readonly attr: Readonly<Record<string, unknown>>;
}

/** Numbers that the reference reads from a file. */
interface Stored {
  readonly shape: readonly number[];
  readonly dtype: string;
  readonly file: string;
}

/** A graph, its constants, and the names of its leaves and outputs. */
export interface Trace {
  readonly nodes: readonly Node[];
  readonly constants: Readonly<Record<string, Stored>>;
  readonly outputs: readonly string[];
}

type Attributes = Readonly<Record<string, unknown>>;
type Inputs = Readonly<Record<string, tf.Tensor | null | undefined>>;

/** What a kernel is as a node: its operation, its inputs by name, then numbers that a graph has as further inputs, and attributes. */
interface Translation {
  readonly op: string;
  /** In the order of the call if left out. */
  readonly inputs?: readonly string[];
  /** Of inputs that a call may lack. */
  readonly defaults?: Readonly<Record<string, number>>;
  readonly numbers?: (
    attrs: Attributes,
    inputs: Inputs,
  ) => readonly (number | readonly number[] | readonly (readonly number[])[])[];
  readonly attr?: (attrs: Attributes, inputs: Inputs) => Record<string, unknown>;
}

const text = (value: string) => ({ s: Buffer.from(value).toString('base64') });
const integers = (values: readonly number[]) => ({ list: { i: values.map(String) } });
const pair = (value: unknown): number[] =>
  Array.isArray(value) ? (value as number[]) : [value as number, value as number];
const alongImage = (value: unknown) => integers([1, ...pair(value ?? 1), 1]);

function padding(pad: unknown): Record<string, unknown> {
  if (typeof pad === 'string') return { padding: text(pad.toUpperCase()) };
  const amounts = typeof pad === 'number' ? [0, 0, pad, pad, pad, pad, 0, 0] : (pad as number[][]).flat();
  return { padding: text('EXPLICIT'), explicit_paddings: integers(amounts) };
}

const windows = ({ strides, dilations, filterSize, pad }: Attributes) => ({
  strides: alongImage(strides),
  dilations: alongImage(dilations),
  ksize: alongImage(filterSize),
  ...padding(pad),
});

const stacked = ({ transposeA, transposeB }: Attributes) => ({
  adj_x: { b: Boolean(transposeA) },
  adj_y: { b: Boolean(transposeB) },
});

/** An activation by its name in a fused kernel is one of these. */
const ACTIVATIONS: Readonly<Record<string, string>> = { elu: 'Elu', relu: 'Relu', relu6: 'Relu6', sigmoid: 'Sigmoid' };

function afterwards({ activation }: Attributes, { bias }: Inputs): Record<string, unknown> {
  const steps = [
    bias && 'BiasAdd',
    activation && activation !== 'linear' && (ACTIVATIONS[activation as string] ?? activation),
  ];
  return { fused_ops: { list: { s: steps.filter(Boolean).map((name) => text(name as string).s) } } };
}

const reduced: Omit<Translation, 'op'> = {
  inputs: ['x'],
  numbers: ({ axis }, { x }) => [tf.util.parseAxisParam(axis as number, x!.shape)],
  attr: ({ keepDims }) => ({ keep_dims: { b: Boolean(keepDims) } }),
};

const same = (op: string): [string, Translation] => [op, { op }];

/** Kernels whose inputs come in the order of the call and that have no attributes are what they are called. */
const TRANSLATIONS: Readonly<Record<string, Translation>> = {
  ...Object.fromEntries(['Exp', 'Identity', 'Maximum', 'Minimum', 'Prelu', 'RealDiv', 'Relu', 'Relu6'].map(same)),
  ...Object.fromEntries(['Sigmoid', 'Sqrt', 'Square', 'Sub', 'Tanh'].map(same)),
  _FusedMatMul: {
    op: '_FusedMatMul',
    inputs: ['a', 'b', 'bias'],
    attr: (attrs, inputs) => ({ ...stacked(attrs), ...afterwards(attrs, inputs) }),
  },
  Add: { op: 'AddV2', inputs: ['a', 'b'] },
  AvgPool: { op: 'AvgPool', inputs: ['x'], attr: windows },
  BatchMatMul: { op: 'BatchMatMul', inputs: ['a', 'b'], attr: stacked },
  Cast: {
    op: 'Cast',
    inputs: ['x'],
    attr: ({ dtype }) => ({ DstT: { type: dtype === 'float32' ? 'DT_FLOAT' : 'DT_INT32' } }),
  },
  ClipByValue: {
    op: 'ClipByValue',
    inputs: ['x'],
    numbers: ({ clipValueMin, clipValueMax }) => [clipValueMin as number, clipValueMax as number],
  },
  Concat: { op: 'ConcatV2', numbers: ({ axis }) => [axis as number] },
  Conv2D: { op: 'Conv2D', inputs: ['x', 'filter'], attr: windows },
  DepthwiseConv2dNative: { op: 'DepthwiseConv2dNative', inputs: ['x', 'filter'], attr: windows },
  ExpandDims: { op: 'ExpandDims', inputs: ['input'], numbers: ({ dim }) => [dim as number] },
  FusedBatchNorm: {
    op: 'FusedBatchNormV3',
    inputs: ['x', 'scale', 'offset', 'mean', 'variance'],
    defaults: { scale: 1, offset: 0 },
    attr: ({ varianceEpsilon }) => ({ epsilon: { f: varianceEpsilon } }),
  },
  FusedConv2D: {
    op: '_FusedConv2D',
    inputs: ['x', 'filter', 'bias'],
    attr: (attrs, inputs) => ({ ...windows(attrs), ...afterwards(attrs, inputs) }),
  },
  FusedDepthwiseConv2D: {
    op: 'FusedDepthwiseConv2dNative',
    inputs: ['x', 'filter', 'bias'],
    attr: (attrs, inputs) => ({ ...windows(attrs), ...afterwards(attrs, inputs) }),
  },
  LeakyRelu: { op: 'LeakyRelu', inputs: ['x'], attr: ({ alpha }) => ({ alpha: { f: alpha } }) },
  MaxPool: { op: 'MaxPool', inputs: ['x'], attr: windows },
  Mean: { op: 'Mean', ...reduced },
  Multiply: { op: 'Mul', inputs: ['a', 'b'] },
  Pack: { op: 'Pack', attr: ({ axis }) => ({ axis: { i: axis } }) },
  Unpack: { op: 'Unpack', attr: ({ axis }) => ({ axis: { i: axis } }) },
  PadV2: {
    op: 'PadV2',
    inputs: ['x'],
    numbers: ({ paddings, constantValue }) => [paddings as number[][], constantValue as number],
  },
  Reshape: { op: 'Reshape', inputs: ['x'], numbers: ({ shape }) => [shape as number[]] },
  Slice: { op: 'Slice', inputs: ['x'], numbers: ({ begin, size }) => [begin as number[], size as number[]] },
  Softmax: { op: 'Softmax', inputs: ['logits'] },
  Sum: { op: 'Sum', ...reduced },
  Tile: { op: 'Tile', inputs: ['x'], numbers: ({ reps }) => [reps as number[]] },
  Transpose: { op: 'Transpose', inputs: ['x'], numbers: ({ perm }) => [perm as number[]] },
};

/** Writes numbers of a tensor to be read by the reference. */
export function store(tensor: tf.Tensor, directory: string, file: string): Stored {
  writeFileSync(join(directory, file), Float32Array.from(tensor.dataSync()));
  return { shape: tensor.shape, dtype: tensor.dtype, file };
}

/**
 * Traces `run`. What does not depend on a leaf is a constant.
 * @throws Error that names a kernel without a translation
 */
export function trace(
  leaves: Readonly<Record<string, tf.Tensor>>,
  run: () => readonly tf.Tensor[],
  directory: string,
): Trace {
  const names = new Map(Object.entries(leaves).map(([name, { id }]) => [id, name]));
  const nodes: Node[] = [];
  const constants: Record<string, Stored> = {};
  const constant = (tensor: tf.Tensor): string => {
    const name = `constant${Object.keys(constants).length}`;
    constants[name] = store(tensor, directory, `${name}.bin`);
    names.set(tensor.id, name);
    return name;
  };
  const observe = (kernel: string, inputs: Inputs, attrs: Attributes, outputs: tf.Tensor[]) => {
    const isMoving = (input: Inputs[string]) => input && names.has(input.id) && !(names.get(input.id)! in constants);
    if (!Object.values(inputs).some(isMoving)) return;
    const translation = TRANSLATIONS[kernel];
    if (translation === undefined)
      throw new Error(`the kernel ${kernel} is not one that is translated for the reference`);
    const usual = (name: string) =>
      name in (translation.defaults ?? {}) ? tf.scalar(translation.defaults![name]!) : [];
    const given = (translation.inputs ?? Object.keys(inputs)).flatMap((name) => inputs[name] ?? usual(name));
    const numbers = (translation.numbers?.(attrs, inputs) ?? []).map((each) =>
      tf.tensor(each as number, undefined, [each].flat(2).every(Number.isInteger) ? 'int32' : 'float32'),
    );
    const name = `node${nodes.length}`;
    const input = [...given, ...numbers].map((tensor) => names.get(tensor.id) ?? constant(tensor));
    nodes.push({ name, op: translation.op, input, attr: translation.attr?.(attrs, inputs) ?? {} });
    for (const [at, { id }] of outputs.entries()) names.set(id, at === 0 ? name : `${name}:${at}`);
  };
  const outputs = tf.tidy(() => observed(observe, run).map(({ id }) => names.get(id)!));
  return { nodes, constants, outputs };
}

/** Runs with every kernel of the backend in use reporting the calls that no other kernel makes. */
function observed<T>(
  observe: (kernel: string, inputs: Inputs, attrs: Attributes, outputs: tf.Tensor[]) => void,
  run: () => T,
): T {
  const originals = tf.getKernelsForBackend(tf.getBackend());
  const put = (config: tf.KernelConfig): void => {
    tf.unregisterKernel(config.kernelName, config.backendName);
    tf.registerKernel(config);
  };
  let depth = 0;
  for (const config of originals) {
    put({
      ...config,
      kernelFunc: (call) => {
        depth++;
        const infos = config.kernelFunc(call);
        depth--;
        if (depth > 0) return infos;
        const outputs = [infos]
          .flat()
          .map((info) => ('rank' in info ? (info as tf.Tensor) : tf.engine().makeTensorFromTensorInfo(info)));
        observe(config.kernelName, call.inputs as Inputs, call.attrs ?? {}, outputs);
        return Array.isArray(infos) ? outputs : outputs[0]!;
      },
    });
  }
  try {
    return run();
  } finally {
    for (const config of originals) put(config);
  }
}
