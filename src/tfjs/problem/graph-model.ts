/** Models of the converter: how a tf.GraphModel runs, its outputs, and which of its constants are trained weights. */
import type { Tensor } from '@tensorflow/tfjs-core';
import { ArgumentError, EigensketchError, UnsupportedError } from '../../core/errors.ts';
import { nearest, show } from '../../core/parse.ts';
import { type NodeLike, withNodeNames } from '../autodiff/place.ts';
import type { RunnableModel } from './model.ts';
import type { ModelWeights, NamedTensor } from './selection.ts';

/** The part of a tf.GraphModel (a model of the converter) that is used. */
export interface GraphModelLike {
  /** Outputs for inputs, as tf.GraphModel has it. */
  // biome-ignore lint/suspicious/noExplicitAny: tfjs-converter types both by its own names.
  predict(inputs: any, config?: any): any;
  /** Tensors of named nodes for inputs, as tf.GraphModel has it. */
  // biome-ignore lint/suspicious/noExplicitAny: as above.
  execute?(inputs: any, outputs?: any): any;
  /** All constants by name, as tf.GraphModel has them. */
  // biome-ignore lint/suspicious/noExplicitAny: a getter of a dictionary of lists of tensors.
  readonly weights: any;
}

/** A node of the graph as model.json has it; inputs are `name`, `name:1` or, of control, `^name`. */
interface GraphNode {
  readonly name: string;
  readonly op: string;
  readonly input?: readonly string[];
}

/** Whether it has what makes a tf.GraphModel. */
export function isGraphModel(model: unknown): model is GraphModelLike {
  const candidate = model as Partial<GraphModelLike> | null | undefined;
  return (
    typeof candidate === 'object' &&
    typeof candidate?.predict === 'function' &&
    typeof candidate.weights === 'object' &&
    candidate.weights !== null &&
    Object.values(candidate.weights).every(Array.isArray)
  );
}

/** Kernels with weights, and which of their inputs these are. */
const WEIGHTED: Readonly<Record<string, (input: number) => boolean>> = Object.fromEntries([
  ...['Conv2D', 'DepthwiseConv2dNative', 'DepthwiseConv2d', 'Conv3D', 'Conv1D', 'Conv2DBackpropInput', 'Dilation2D']
    .concat('BiasAdd', 'BiasAddV1', 'Prelu')
    .map((op) => [op, (input: number) => input === 1]),
  // Filters, then biases and slopes.
  ...['_FusedConv2D', 'FusedDepthwiseConv2dNative'].map((op) => [op, (input: number) => input >= 1]),
  ...['MatMul', 'BatchMatMul', 'BatchMatMulV2', '_FusedMatMul', 'Einsum'].map((op) => [op, () => true]),
  // Scale and offset; mean and variance are measured, not trained.
  ...['FusedBatchNorm', 'FusedBatchNormV2', 'FusedBatchNormV3'].map((op) => [op, (i: number) => i === 1 || i === 2]),
  // Tables of embeddings.
  ...['Gather', 'GatherV2', 'ResourceGather'].map((op) => [op, (input: number) => input === 0]),
]);

/** Kernels that apply a bias or a scale, when the other operand comes from a kernel with weights. */
const AFFINE: ReadonlySet<string> = new Set(['Add', 'AddV2', 'Mul']);

/** Kernels through which a weight goes to the kernel that uses it. */
const PASSING: ReadonlySet<string> = new Set(
  ['Identity', 'ReadVariableOp', 'Reshape', 'Transpose', 'ExpandDims', 'Squeeze', 'Cast', 'Enter'].concat(
    'StopGradient',
  ),
);

/** A place where a tensor is used. */
interface Use {
  readonly node: GraphNode;
  readonly input: number;
}

/** The uses of every node's tensors. */
function usesOf(nodes: readonly GraphNode[]): Map<string, Use[]> {
  const uses = new Map<string, Use[]>();
  for (const node of nodes) {
    for (const [input, reference] of (node.input ?? []).entries()) {
      const name = reference.replace(/^\^/, '').replace(/:\d+$/, '');
      const list = uses.get(name) ?? [];
      list.push({ node, input });
      uses.set(name, list);
    }
  }
  return uses;
}

/** What uses a constant, past the kernels that only hand it on. */
function finalUses(name: string, uses: Map<string, Use[]>): Use[] {
  const found: Use[] = [];
  const seen = new Set<string>();
  const queue = [name];
  for (let next = queue.pop(); next !== undefined; next = queue.pop()) {
    if (seen.has(next)) continue;
    seen.add(next);
    for (const use of uses.get(next) ?? []) {
      if (PASSING.has(use.node.op) && use.input === 0) queue.push(use.node.name);
      else found.push(use);
    }
  }
  return found;
}

const isWeight = ({ node, input }: Use): boolean => WEIGHTED[node.op]?.(input) === true;

/** Names of the nodes that depend on one of `starts`, those included. */
function downstream(starts: Iterable<string>, uses: Map<string, Use[]>): Set<string> {
  const reached = new Set(starts);
  for (const name of reached) for (const { node } of uses.get(name) ?? []) reached.add(node.name);
  return reached;
}

/**
 * Tells trained weights from other constants (bounds, sizes, measured statistics) by the kernels that use them: the filters,
 * matrices, biases, scales and tables of kernels that have such; and vectors added to or multiplied with what depends on one.
 */
function sortWeights(all: readonly NamedTensor[], nodes: readonly GraphNode[]): ModelWeights {
  const uses = usesOf(nodes);
  const usedBy = new Map(all.map(({ name }) => [name, finalUses(name, uses)]));
  const kernels = [...usedBy.values()].flat().filter(isWeight);
  const dependent = downstream(
    kernels.map(({ node }) => node.name),
    uses,
  );
  const isAffine = ({ node, input }: Use, { size }: Tensor): boolean => {
    const other = node.input?.[1 - input]?.replace(/:\d+$/, '');
    return AFFINE.has(node.op) && size > 1 && other !== undefined && dependent.has(other);
  };
  const isTrained = ({ name, tensor }: NamedTensor): boolean =>
    usedBy.get(name)!.some((use) => isWeight(use) || isAffine(use, tensor));
  return {
    trainable: all.filter(isTrained),
    fixed: all.filter((each) => !isTrained(each)).map((each) => ({ ...each, reason: 'constant' as const })),
  };
}

function weightsOf(model: GraphModelLike, nodes: readonly GraphNode[] | undefined): ModelWeights {
  const all = Object.entries(model.weights as Record<string, readonly Tensor[]>).flatMap(([name, tensors]) =>
    tensors.filter((tensor) => tensor?.dtype === 'float32').map((tensor) => ({ tensor, name })),
  );
  return nodes ? sortWeights(all, nodes) : { trainable: all, fixed: [] };
}

/** @throws ArgumentError unless these are names of nodes */
function checkOutput(output: unknown, nodes: readonly GraphNode[] | undefined): string | string[] {
  const names = [output].flat();
  if (names.length === 0 || !names.every((name): name is string => typeof name === 'string')) {
    throw new ArgumentError(`output must be the name of a node or a list of names, got ${show(output)}`, { output });
  }
  const known = nodes?.map(({ name }) => name);
  const wrong = known && names.find((name) => !known.includes(name.replace(/:\d+$/, '')));
  if (wrong === undefined) return Array.isArray(output) ? names : names[0]!;
  const near = nearest(wrong, known!);
  throw new ArgumentError(
    `output: the graph model has no node '${wrong}'${near === undefined ? '' : `; did you mean '${near}'?`}`,
    { output: wrong },
  );
}

/** What TensorFlow.js says when it would have to wait in the middle of a graph. */
const DYNAMIC =
  /contains the node '(.+?)', which has the dynamic op '(.+?)'|execution of the op '(.+?)' returned a promise/;

/** What TensorFlow.js says of inputs before it runs a graph. */
const MISFIT =
  /^Input tensor count mismatch|that are not part of graph|Missing the following inputs|^The (?:shape|dtype) of dict\[/;

function explained(error: unknown, nodes: readonly GraphNode[] = []): unknown {
  const message = (error as Error | undefined)?.message ?? '';
  const dynamic = DYNAMIC.exec(message);
  if (dynamic) {
    const [, node, kernel = dynamic[3]] = dynamic;
    return new UnsupportedError(
      `${node === undefined ? 'a node' : `node '${node}'`} of the graph model is a '${kernel}', which TensorFlow.js can only ` +
        'run asynchronously (executeAsync), where no gradient is recorded; pass output: the name of a node before it, ' +
        'from which the loss is computed',
      { node, kernel },
      { cause: error },
    );
  }
  const unknown = /^Unknown op '(.+?)'|^Node type (\S+) is not implemented/.exec(message);
  if (unknown) {
    const kernel = unknown[1] ?? unknown[2];
    const node = nodes.find(({ op }) => op === kernel)?.name;
    return new UnsupportedError(
      `node '${node}' of the graph model is a '${kernel}', which TensorFlow.js does not have; pass output: the name of a node ` +
        'before it, from which the loss is computed',
      { node, kernel },
      { cause: error },
    );
  }
  if (MISFIT.test(message)) {
    return new ArgumentError(`x does not fit the graph model: ${message}`, {}, { cause: error });
  }
  return error;
}

/** The model as a function. */
export function fromGraphModel(model: GraphModelLike): RunnableModel {
  const { artifacts, executor } = model as {
    artifacts?: { modelTopology?: { node?: readonly GraphNode[] } };
    executor?: { graph?: { nodes?: Readonly<Record<string, NodeLike>> } };
  };
  const executed = Object.values(executor?.graph?.nodes ?? {});
  const nodes = artifacts?.modelTopology?.node;
  const guarded = (run: () => unknown): unknown => {
    try {
      return withNodeNames(executed, run);
    } catch (error) {
      throw error instanceof EigensketchError ? error : explained(error, nodes);
    }
  };
  return {
    run: (x) => guarded(() => model.predict(x)),
    runTo: (output) => {
      const names = checkOutput(output, nodes);
      if (typeof model.execute !== 'function') {
        throw new ArgumentError('output needs a model with execute(inputs, outputs), as a tf.GraphModel has', {});
      }
      return (x) => guarded(() => model.execute!(x, names));
    },
    weights: weightsOf(model, nodes),
  };
}
