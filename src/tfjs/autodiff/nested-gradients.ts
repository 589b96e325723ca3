/**
 * Gradients of functions that take gradients themselves (gradient penalties, physics-informed networks, meta-learning).
 * TensorFlow.js 4.22 gets them silently wrong where a gradient function uses an output of its operation: the saved output
 * is a copy, and the list of operations has the copy before the operation that makes its original, so the outer gradient
 * takes it for a constant. What a custom gradient saves from inside its operation is a constant for it in the same way.
 * While a gradient is taken the engine's list is therefore kept in the order of dependence, with the insides of custom
 * gradients in it.
 */
import { dispose, engine, getGradient, keep, type NamedAttrMap, ones, type Tensor } from '@tensorflow/tfjs-core';
import { isLocallyConstant } from './rules/constant.ts';

type Engine = ReturnType<typeof engine>;
type CustomOperation = Parameters<Engine['customGrad']>[0];
type Node = Engine['state']['activeTape'][number];

/** One operation for the engine: a kernel, or the two functions of a custom gradient. */
interface Operation {
  readonly kernelName?: string;
  readonly forwardFunc?: (backend: unknown, save: (tensors: Tensor[]) => void) => Tensor;
  readonly inputs: Readonly<Record<string, Tensor | undefined>>;
  readonly attrs?: NamedAttrMap;
}

/** The engine with the methods through which every operation goes, and that copies tensors. */
interface Patched {
  clone: Engine['clone'];
  runKernelFunc(operation: Operation): Tensor | Tensor[];
  customGrad: Engine['customGrad'];
  readonly state: Engine['state'];
}

const isListening = ({ state }: Patched): boolean => state.gradientDepth > 0 && state.kernelDepth === 0;

/** Takes nodes off the list; what they saved for a gradient goes away. */
function drop(tape: Node[], from: number, isDropped: (node: Node) => boolean): void {
  for (const node of tape.splice(from)) {
    if (isDropped(node)) dispose(node.saved ?? []);
    else tape.push(node);
  }
}

/**
 * An operation without the inputs that it may have and has not, which the engine takes for tensors. The gradient of a batch
 * normalisation reads the scale, which the engine therefore saves: where there is none, ones are the same.
 */
function withPresentInputs(operation: Operation): Operation {
  const { kernelName, inputs } = operation;
  if (Array.isArray(inputs)) return operation;
  const present = Object.fromEntries(Object.entries(inputs).filter(([, input]) => input != null));
  if (kernelName === 'FusedBatchNorm') present.scale ??= ones(inputs.mean!.shape);
  return { ...operation, inputs: present };
}

/** Comparisons and the like, which TensorFlow.js cannot differentiate: nothing depends on the inputs to first order. */
const isConstant = ({ kernelName }: Operation): boolean =>
  kernelName !== undefined && isLocallyConstant(kernelName) && getGradient(kernelName) == null;

/** Integers and truth values do not move, whatever they were made of. */
const isOfIntegers = ({ outputs }: Node): boolean =>
  outputs.every(({ dtype }) => dtype !== 'float32' && dtype !== 'complex64');

/** Runs `work` as from inside so many operations. */
function atDepth<T>({ state }: Patched, depth: number, work: () => T): T {
  const before = state.kernelDepth;
  state.kernelDepth = depth;
  try {
    return work();
  } finally {
    state.kernelDepth = before;
  }
}

/**
 * A custom gradient whose inside is on the list, so that what it saves depends on its inputs. The value itself comes from
 * the operation as a whole: its derivative is the custom one.
 */
function withInside(own: Patched, operation: Operation): Operation {
  const { forwardFunc } = operation;
  if (!forwardFunc) return operation;
  return {
    ...operation,
    forwardFunc: (backend, save) => {
      const tape = own.state.activeTape;
      const start = tape.length;
      const depth = own.state.kernelDepth;
      // Inside an operation a copy is listed once, outside it would be twice.
      const value = atDepth(own, 0, () => forwardFunc(backend, (saved) => atDepth(own, depth, () => save(saved))));
      drop(tape, start, ({ outputs }) => outputs.some(({ id }) => id === value.id));
      return value;
    },
  };
}

/** Runs `run`, which takes gradients, so that it may take gradients of gradients. The engine is as before whatever happens. */
export function withNestedGradients<T>(run: () => T): T {
  const own = engine() as unknown as Patched;
  const { runKernelFunc, customGrad } = own;
  // Copies of the inputs of the custom gradient that is running.
  let copies: Tensor[] = [];

  /** Puts the node of an operation before the copies that were saved of its outputs. */
  const runInOrder = (operation: Operation): Tensor | Tensor[] => {
    if (!isListening(own)) return runKernelFunc.call(own, operation);
    const outer = copies;
    copies = [];
    const tape = own.state.activeTape;
    const start = tape.length;
    try {
      const result = runKernelFunc.call(own, withInside(own, withPresentInputs(operation)));
      const node = tape.pop()!;
      node.saved = [...(node.saved ?? []), ...copies];
      // Its inputs are older than whatever it did inside.
      tape.splice(start, 0, node);
      drop(tape, start, isConstant(operation) ? () => true : isOfIntegers);
      return result;
    } catch (error) {
      dispose(copies);
      throw error;
    } finally {
      copies = outer;
    }
  };

  /** tf.logSigmoid uses its input in its gradient without saving it: the input stays as long as what is saved. */
  const keepInputs =
    (operation: CustomOperation): CustomOperation =>
    (...args) => {
      if (!isListening(own)) return operation(...args);
      const copy = (tensor: Tensor): Tensor => atDepth(own, 1, () => own.clone(tensor));
      const inputs = (args.slice(0, -1) as Tensor[]).map((input) => keep(copy(input)));
      copies.push(...inputs);
      const result = operation(...inputs, args[args.length - 1]!);
      return inputs.includes(result.value) ? { ...result, value: copy(result.value) } : result;
    };

  Object.assign(own, {
    runKernelFunc: runInOrder,
    customGrad: (operation: CustomOperation) => customGrad.call(own, keepInputs(operation)),
  });
  try {
    return run();
  } finally {
    Object.assign(own, { runKernelFunc, customGrad });
  }
}
