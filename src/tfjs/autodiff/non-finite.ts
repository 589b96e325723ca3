/** Finding the kernel that first makes numbers that are not finite, in the gradient of a term or in a product. */
import { dispose, type Scalar, scalar, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type LinearMap, linearise } from './linearise.ts';
import { differentiate, type Recording, type Term } from './objective.ts';
import type { Place } from './place.ts';
import { type KernelCall, record, type Tape } from './tape.ts';

/** The kernel, and the part of the model that called it; in the backward pass, the last one that made what it depends on. */
export interface Culprit {
  readonly kernel: string;
  readonly place?: Place | undefined;
}

async function allFinite(tensors: readonly (Tensor | undefined)[]): Promise<boolean> {
  for (const tensor of tensors) {
    if (tensor?.dtype !== 'float32') continue;
    if (!(await tensor.data()).every((value) => Number.isFinite(value))) return false;
  }
  return true;
}

function culprit({ kernel, place, inputIds }: KernelCall, calls: readonly KernelCall[]): Culprit {
  const needed = new Set(Object.values(inputIds));
  let found = place;
  for (const call of calls.toReversed()) {
    if (found !== undefined) break;
    if (!call.outputIds.some((id) => needed.has(id))) continue;
    found = call.place;
    for (const id of Object.values(call.inputIds)) needed.add(id);
  }
  return { kernel, place: found };
}

/** The first call of the gradient whose outputs are not finite, with inputs that are. */
async function inGradient({ calls }: Tape): Promise<Culprit | undefined> {
  for (const call of calls) {
    if ((await allFinite(Object.values(call.inputs))) && !(await allFinite(call.outputs))) return culprit(call, calls);
  }
  return undefined;
}

/** The first call of the gradient whose derivative is not finite in the direction `tangents`. */
async function inProduct({ calls, leafIds }: Tape, tangents: readonly Tensor[]): Promise<Culprit | undefined> {
  const slots = new Map<number, Tensor>(leafIds.map((id, i) => [id, tangents[i]!]));
  const made: (Tensor | undefined)[] = [];
  const maps: LinearMap[] = [];
  try {
    for (const call of calls) {
      const ids = [...new Set([...call.moving].map((name) => call.inputIds[name]!))];
      const inputs = ids.map((id) => slots.get(id));
      if (inputs.every((tangent) => tangent === undefined)) continue;
      // A tape of one call; the whole tape goes on holding its tensors.
      const map = linearise({ calls: [call], leafIds: ids, leafSizes: [], outputIds: call.outputIds, held: new Set() });
      maps.push(map);
      const outputs = tidy(() => map.apply(inputs) as Tensor[]);
      made.push(...outputs);
      if (!(await allFinite(outputs))) return culprit(call, calls);
      for (const [i, output] of outputs.entries()) if (output) slots.set(call.outputIds[i]!, output);
    }
    return undefined;
  } finally {
    for (const map of maps) map.dispose();
    for (const tensor of made) tensor?.dispose();
  }
}

/**
 * Records the gradient of a term once more and looks for the kernel with which numbers stop being finite: in the gradient
 * itself, else in its derivative in the direction `tangents`, `[...shape, b]` for each leaf, if they are given.
 */
export async function findNonFinite(
  { outputs, loss, weight }: Term,
  recording: Recording,
  tangents?: readonly Tensor[],
): Promise<Culprit | undefined> {
  let tape: Tape | undefined;
  tidy(() => {
    const seed: Scalar = scalar(weight);
    tape = record(recording.leaves, () => differentiate(() => loss(outputs()), seed, recording).gradients);
  });
  try {
    return (await inGradient(tape!)) ?? (tangents && (await inProduct(tape!, tangents)));
  } finally {
    dispose([...tape!.held]);
  }
}
