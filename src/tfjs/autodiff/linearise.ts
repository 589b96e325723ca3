/** The derivative of a recorded computation as a program of linear steps that carries blocks of tangents. */
import { clone, dispose, keep, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { UnsupportedError } from '../../core/errors.ts';
import { maximum } from '../../core/extremes.ts';
import { withFastKernels } from './fast-kernels.ts';
import { asValue, inWords } from './place.ts';
import { RULES } from './rules/index.ts';
import type { Derive, Push, Tangents } from './rules/rule.ts';
import { type KernelCall, record, type Tape } from './tape.ts';
import { view } from './view.ts';

/** dF: tangents of the leaves to tangents of the outputs, `[...shape, b]` each; absent means zero. */
export interface LinearMap {
  /**
   * Applies it to a block; an absent tangent is zero, at least one is there. The caller owns the results; they count in
   * the scope (`tf.tidy`) of the caller.
   */
  apply(tangents: readonly (Tensor | undefined)[]): (Tensor | undefined)[];
  /** About how many bytes of the device one column of a block takes while it is carried through. */
  readonly bytesPerColumn: number;
  /** Bytes of the largest tensor among them; a rule may make larger ones for itself. */
  readonly largestPerColumn: number;
  /** Releases what the map keeps of the computation. */
  dispose(): void;
}

interface Step {
  readonly inputs: readonly { name: string; slot: number }[];
  readonly outputs: readonly number[];
  readonly push: Push;
  /** Slots that no later step reads. */
  readonly lastUsed: readonly number[];
}

/** What a tape's steps share. */
interface Program {
  /** What they need of the tape. */
  readonly saved: Set<Tensor>;
  /** What a user can do in place of a kernel without a rule, beside writing it with others. */
  readonly otherwise: string;
}

function unsupported({ kernel, place: caller }: KernelCall, otherwise: string): UnsupportedError {
  const place = caller ? ` (called by ${inWords(caller)})` : '';
  return new UnsupportedError(
    `there is no tangent rule for TensorFlow.js kernel '${kernel}'${place}, which lies between the parameters and ` +
      `their gradient. Write that part of the model with other operations${otherwise}`,
    { kernel, ...asValue(caller) },
  );
}

/** For each call, the slots (tensor ids) whose last reader it is; those the outputs are read from stay. */
function lastUses(tape: Tape): number[][] {
  const later = new Set(tape.outputIds);
  const lists = tape.calls.toReversed().map((call) => {
    const touched = [...[...call.moving].map((name) => call.inputIds[name]!), ...call.outputIds];
    const last = [...new Set(touched)].filter((id) => !later.has(id));
    for (const id of last) later.add(id);
    return last;
  });
  return lists.reverse();
}

/** The most bytes of tangents that are there at once, for one direction; a step has about as many again for itself. */
function peakBytes(tape: Tape, uses: readonly (readonly number[])[]): number {
  const sizes = new Map(tape.leafIds.map((id, i) => [id, 4 * tape.leafSizes[i]!]));
  let live = [...sizes.values()].reduce((total, size) => total + size, 0);
  let peak = live;
  for (const [i, { inputs, outputs, outputIds }] of tape.calls.entries()) {
    for (const [j, id] of outputIds.entries()) {
      sizes.set(id, 4 * outputs[j]!.size);
      live += 4 * outputs[j]!.size;
    }
    const touched = maximum(Object.values(inputs).map(({ size }) => 4 * size));
    peak = Math.max(peak, live + 2 * touched);
    for (const id of uses[i]!) live -= sizes.get(id) ?? 0;
  }
  return peak;
}

/** The bytes of the largest tangent, for one direction. */
function largestBytes({ leafSizes, calls }: Tape): number {
  const sizes = calls.flatMap(({ outputs }) => outputs.map(({ size }) => size));
  return 4 * [...leafSizes, ...sizes].reduce((largest, size) => Math.max(largest, size), 1);
}

/** Builds one call's step; what its rule saves lands in the program. */
function stepOf(call: KernelCall, lastUsed: readonly number[], program: Program): Step {
  const rule = RULES.get(call.kernel);
  if (rule === undefined) throw unsupported(call, program.otherwise);
  const save = (tensor: Tensor): Tensor => {
    program.saved.add(tensor);
    return keep(tensor);
  };
  // Not tidy(rule): the linear part is a function, in which tidy would look for tensors.
  let push: Push | undefined;
  tidy(() => {
    push = rule(call, save, deriveFor(call, program));
  });
  const inputs = [...call.moving].map((name) => ({ name, slot: call.inputIds[name]! }));
  return { inputs, outputs: call.outputIds, push: push!, lastUsed };
}

/** Lets a rule be stated as other kernels: records them at the call's inputs and linearises what it recorded. */
function deriveFor({ inputs, moving }: KernelCall, program: Program): Derive {
  return (compute) => {
    const names = [...moving];
    // Two inputs may be the same tensor, which must not make them the same leaf.
    const leaves = names.map((name) => clone(inputs[name]!));
    const given = { ...inputs, ...Object.fromEntries(names.map((name, i) => [name, leaves[i]!])) };
    const derived = programOf(
      record(leaves, () => [compute(given)]),
      program,
    );
    return (tangents) => derived.apply(names.map((name) => tangents[name]));
  };
}

class TangentProgram implements LinearMap {
  readonly #tape: Pick<Tape, 'leafIds' | 'outputIds'>;
  readonly #steps: readonly Step[];
  readonly #saved: ReadonlySet<Tensor>;

  readonly bytesPerColumn: number;
  readonly largestPerColumn: number;

  constructor(tape: Tape, steps: readonly Step[], saved: ReadonlySet<Tensor>, bytesPerColumn: number) {
    this.#tape = { leafIds: tape.leafIds, outputIds: tape.outputIds };
    this.bytesPerColumn = bytesPerColumn;
    this.largestPerColumn = largestBytes(tape);
    this.#steps = steps;
    this.#saved = saved;
  }

  apply(tangents: readonly (Tensor | undefined)[]): (Tensor | undefined)[] {
    return withFastKernels(() => tidy(() => this.#push(tangents)));
  }

  #push(tangents: readonly (Tensor | undefined)[]): (Tensor | undefined)[] {
    const slots = new Map<number, Tensor>();
    // A slot owns its tensor and disposes it after the last use, so what comes from the caller gets a handle of its own.
    const own = (tensor: Tensor): Tensor => view(tensor, tensor.shape);
    for (const [i, id] of this.#tape.leafIds.entries()) {
      const tangent = tangents[i];
      if (tangent) slots.set(id, own(tangent));
    }
    for (const step of this.#steps) runStep(step, slots, own);
    return this.#tape.outputIds.map((id) => {
      const tangent = id === undefined ? undefined : slots.get(id);
      return tangent && own(tangent);
    });
  }

  dispose(): void {
    dispose([...this.#saved]);
  }
}

function runStep(
  { inputs, outputs, push, lastUsed }: Step,
  slots: Map<number, Tensor>,
  own: (t: Tensor) => Tensor,
): void {
  const present = inputs.flatMap(({ name, slot }): [string, Tensor][] => {
    const tangent = slots.get(slot);
    return tangent === undefined ? [] : [[name, tangent]];
  });
  if (present.length === 0) return;
  const given: Tangents = Object.fromEntries(present);
  const results = tidy(() => {
    const result = push(given);
    const list = 'rank' in result ? [result] : [...result];
    return list.map((tensor) => (tensor && present.some(([, tangent]) => tangent === tensor) ? own(tensor) : tensor));
  });
  for (const [i, tensor] of results.entries()) if (tensor) slots.set(outputs[i]!, tensor);
  for (const slot of lastUsed) {
    slots.get(slot)?.dispose();
    slots.delete(slot);
  }
}

/**
 * Linearises a tape once, for all blocks. Takes over the tape: what no step needs is released.
 * @param otherwise what to do in place of a kernel without a rule, as the end of a sentence
 * @throws UnsupportedError naming a kernel without a tangent rule.
 */
export function linearise(tape: Tape, otherwise = ''): LinearMap {
  const saved = new Set<Tensor>();
  try {
    return programOf(tape, { saved, otherwise });
  } catch (error) {
    dispose([...saved]);
    throw error;
  }
}

/** The steps of a tape; what they need lands in the program, the rest of the tape is released. */
function programOf(tape: Tape, program: Program): TangentProgram {
  const { saved } = program;
  try {
    const uses = lastUses(tape);
    return new TangentProgram(
      tape,
      tape.calls.map((call, i) => stepOf(call, uses[i]!, program)),
      saved,
      peakBytes(tape, uses),
    );
  } finally {
    for (const tensor of tape.held) if (!saved.has(tensor)) tensor.dispose();
  }
}
