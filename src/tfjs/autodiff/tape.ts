/** Recording: one run of a function of tensors as the list of backend kernels it called, with every tensor they met. */
import {
  engine,
  getBackend,
  getKernelsForBackend,
  type KernelConfig,
  keep,
  registerKernel,
  type Tensor,
  type TensorInfo,
  unregisterKernel,
} from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../core/errors.ts';
import { withFastKernels } from './fast-kernels.ts';
import { asValue, currentPlace, inWords, type Place } from './place.ts';
import { whileRecording } from './recording.ts';
import { isLocallyConstant } from './rules/constant.ts';

/**
 * The inputs of a kernel's call by name. TensorFlow.js calls a kernel with all of its inputs, so those that a kernel always has are
 * there for whoever knows which kernel it is; inputs that a call may leave out (a bias, slopes of an activation) are not among the names.
 */
export type KernelInputs = Readonly<Record<InputName, Tensor>> & Readonly<Record<string, Tensor>>;

type InputName =
  | 'a'
  | 'alpha'
  | 'b'
  | 'condition'
  | 'dy'
  | 'e'
  | 'filter'
  | 'indices'
  | 'input'
  | 'mean'
  | 'segmentIds'
  | 't'
  | 'updates'
  | 'value'
  | 'variance'
  | 'x'
  | 'y';

/** One recorded kernel call. Its tensors are held by the tape; ids name the tensors of the original run. */
export interface KernelCall {
  readonly kernel: string;
  readonly attrs: Readonly<Record<string, unknown>>;
  readonly inputs: KernelInputs;
  readonly inputIds: Readonly<Record<string, number>>;
  /** At least one. */
  readonly outputs: readonly [Tensor, ...Tensor[]];
  readonly outputIds: readonly number[];
  /** Names of the inputs that depend on the leaves: the only ones that can have a tangent. */
  readonly moving: ReadonlySet<string>;
  /** The part of the model that made the call. */
  readonly place?: Place | undefined;
}

/** How some tensors (the outputs) were computed from others (the leaves). */
export interface Tape {
  readonly calls: readonly KernelCall[];
  readonly leafIds: readonly number[];
  /** Numbers in each leaf. */
  readonly leafSizes: readonly number[];
  /** Absent where an output does not depend on any leaf. */
  readonly outputIds: readonly (number | undefined)[];
  /** Every tensor the tape holds; whoever linearises or drops the tape disposes them. */
  readonly held: ReadonlySet<Tensor>;
}

type KernelArguments = Parameters<KernelConfig['kernelFunc']>[0];

function isTensor(info: TensorInfo): info is Tensor {
  return (info as Partial<Tensor>).rank !== undefined;
}

/** A second tensor on the same data: it outlives the scopes of the run, and shows in `tf.memory()` while it is held. */
function hold(tensor: Tensor): Tensor {
  engine().backend.incRef(tensor.dataId);
  return keep(engine().makeTensorFromTensorInfo({ dataId: tensor.dataId, shape: tensor.shape, dtype: tensor.dtype }));
}

/**
 * Runs `run` while every kernel of the current backend reports its top-level calls. Kernels that a kernel calls inside
 * are part of that kernel and not reported. The registry is restored whatever happens.
 */
function withKernelObserver<T>(
  observe: (kernel: string, call: KernelArguments, outputs: Tensor[]) => void,
  run: () => T,
): T {
  const originals = getKernelsForBackend(getBackend());
  let depth = 0;
  const wrap = (config: KernelConfig): KernelConfig => ({
    ...config,
    kernelFunc: (call) => {
      if (depth > 0) return config.kernelFunc(call);
      depth++;
      let result: TensorInfo | TensorInfo[];
      try {
        result = config.kernelFunc(call);
      } catch (error) {
        noteFailure(error, config.kernelName, 'fails', currentPlace());
        throw error;
      } finally {
        depth--;
      }
      // The engine would make these tensors itself a moment later; made here, their ids can be recorded.
      const infos = Array.isArray(result) ? result : [result];
      const outputs = infos.map((info) => (isTensor(info) ? info : engine().makeTensorFromTensorInfo(info)));
      observe(config.kernelName, call, outputs);
      return Array.isArray(result) ? outputs : outputs[0]!;
    },
  });
  const replace = (config: KernelConfig) => {
    unregisterKernel(config.kernelName, config.backendName);
    registerKernel(config);
  };
  try {
    for (const config of originals) replace(wrap(config));
    return whileRecording(run);
  } finally {
    for (const config of originals) replace(config);
  }
}

/** What failed, and in what. */
interface Failure {
  /** A kernel, or an operation that called none. */
  readonly what: { readonly kernel: string } | { readonly operation: string };
  readonly how: string;
  readonly place?: Place | undefined;
}

/** By the error. */
const failures = new WeakMap<object, Failure>();

/** Remembers which kernel of TensorFlow.js an error came from. Errors of the library and of the device say enough. */
export function noteFailure(error: unknown, kernel: string, how: string, place?: Place): void {
  // Not instanceof: the error may come from another realm.
  const isPlain = (error as Error | null | undefined)?.constructor?.name === 'Error';
  if (isPlain && !failures.has(error as Error)) failures.set(error as Error, { what: { kernel }, how, place });
}

/** Remembers which operation of TensorFlow.js refused its arguments, unless the kernel that failed in it is known. */
export function noteRefusal(error: unknown, operation: string, place: Place | undefined): void {
  const { name } = (error as Error | null | undefined)?.constructor ?? {};
  if (failures.has(Object(error) as object) || (name !== 'Error' && name !== 'TypeError')) return;
  // What is gone has no data, of which TensorFlow.js then reads the backend.
  const isGone = /reading 'backend'/.test((error as Error).message);
  const how = isGone ? 'is given a tensor that is disposed' : 'does not take what it is given';
  failures.set(error as Error, { what: { operation }, how, place });
}

/** What TensorFlow.js says when it cannot go on, and what is missing then. */
const LIMITS: readonly (readonly [RegExp, (kernel: string) => string])[] = [
  [/gradient function not found for (\w+)/, (kernel) => `TensorFlow.js has no gradient of its kernel '${kernel}'`],
  [
    /Kernel '(\w+)' not registered for backend/,
    (kernel) => `TensorFlow.js's backend '${getBackend()}' has no kernel '${kernel}'`,
  ],
];

/** The error of a limit or a kernel of TensorFlow.js with the kernel and, if known, its layer; any other error as it is. */
export function explained(error: unknown, calls: readonly KernelCall[] = []): unknown {
  for (const [pattern, say] of LIMITS) {
    const kernel = pattern.exec((error as Error | undefined)?.message ?? '')?.[1];
    if (kernel === undefined) continue;
    const place = calls.find((call) => call.kernel === kernel)?.place;
    return new UnsupportedError(
      `${say(kernel)}${place ? `, which ${inWords(place)} calls` : ''}`,
      { kernel, ...asValue(place) },
      { cause: error },
    );
  }
  const failure = failures.get(Object(error) as object);
  if (!failure) return error;
  const { what, how } = failure;
  const [sort, name] = 'kernel' in what ? ['kernel', what.kernel] : ['operation', what.operation];
  const place = failure.place ?? calls.findLast(({ kernel }) => kernel === name)?.place ?? currentPlace();
  return new UnsupportedError(
    `TensorFlow.js's ${sort} '${name}'${place ? `, which ${inWords(place)} calls,` : ''} ${how} on backend ` +
      `'${getBackend()}': ${(error as Error).message}. Mend its arguments, write that part of the model with other ` +
      'operations, or try another backend',
    { ...what, ...asValue(place) },
    { cause: error },
  );
}

/** What a tape computes, whatever the numbers: equal for tapes of the same kernels, on the same shapes, wired alike. */
export function graphOf({ calls, leafIds, outputIds }: Tape): string {
  const numbers = new Map<number | undefined, number>([[undefined, 0]]);
  const numberOf = (id: number | undefined): number => {
    if (!numbers.has(id)) numbers.set(id, numbers.size);
    return numbers.get(id)!;
  };
  const leaves = leafIds.map(numberOf);
  const steps = calls.map(({ kernel, attrs, inputs, inputIds, outputIds: results }) => [
    kernel,
    attrs,
    Object.entries(inputs).map(([name, { shape, dtype }]) => [name, shape, dtype, numberOf(inputIds[name])]),
    results.map(numberOf),
  ]);
  return JSON.stringify([leaves, steps, outputIds.map(numberOf)]);
}

/** Keeps the calls that some output needs. */
function prune(calls: readonly KernelCall[], outputIds: readonly (number | undefined)[]): KernelCall[] {
  const needed = new Set(outputIds);
  const kept: KernelCall[] = [];
  for (const call of calls.toReversed()) {
    if (!call.outputIds.some((id) => needed.has(id))) continue;
    for (const name of call.moving) needed.add(call.inputIds[name]);
    kept.push(call);
  }
  return kept.reverse();
}

/**
 * Records how `run` computes its tensors from `leaves`, on the current backend.
 *
 * A call is recorded if an input depends on a leaf and the output can change with it (float, not a comparison or step),
 * and kept if a returned tensor needs it. Tensors are followed by id, not by data: two variables may share their data.
 * @throws UnsupportedError for a kernel that the backend does not have or that TensorFlow.js has no gradient of
 */
export function record(leaves: readonly Tensor[], run: () => readonly (Tensor | undefined)[]): Tape {
  const leafIds = leaves.map((leaf) => leaf.id);
  const active = new Set(leafIds);
  const heldById = new Map<number, Tensor>();
  const holdOnce = (tensor: Tensor): Tensor => {
    const held = heldById.get(tensor.id) ?? hold(tensor);
    heldById.set(tensor.id, held);
    return held;
  };
  const calls: KernelCall[] = [];
  const observe = (kernel: string, call: KernelArguments, outputs: Tensor[]) => {
    // Optional inputs may be undefined or null; inputs that are a list have the names '0', '1', ...
    const inputs = Object.entries(call.inputs).filter((entry): entry is [string, Tensor] => entry[1] != null);
    const moving = new Set(inputs.filter(([, tensor]) => active.has(tensor.id)).map(([name]) => name));
    const changing = outputs.filter(({ dtype }) => dtype === 'float32' || dtype === 'complex64');
    const [first, ...others] = outputs;
    if (first === undefined || moving.size === 0 || changing.length === 0 || isLocallyConstant(kernel)) return;
    for (const { id } of changing) active.add(id);
    calls.push({
      kernel,
      attrs: { ...call.attrs },
      inputs: Object.fromEntries(inputs.map(([name, tensor]) => [name, holdOnce(tensor)])) as KernelInputs,
      inputIds: Object.fromEntries(inputs.map(([name, tensor]) => [name, tensor.id])),
      outputs: [holdOnce(first), ...others.map(holdOnce)],
      outputIds: outputs.map(({ id }) => id),
      moving,
      place: currentPlace(),
    });
  };
  try {
    const results = withFastKernels(() => withKernelObserver(observe, run));
    const outputIds = results.map((result) => (result && active.has(result.id) ? result.id : undefined));
    const kept = prune(calls, outputIds);
    const needed = new Set(kept.flatMap((call) => [...Object.values(call.inputs), ...call.outputs]));
    for (const tensor of heldById.values()) if (!needed.has(tensor)) tensor.dispose();
    return { calls: kept, leafIds, leafSizes: leaves.map(({ size }) => size), outputIds, held: needed };
  } catch (error) {
    for (const tensor of heldById.values()) tensor.dispose();
    throw explained(error, calls);
  }
}
