/** Kernels that only move numbers or add them up: linear, so the tangent goes the way of the value. */
import {
  batchToSpaceND,
  cast,
  concat,
  mirrorPad,
  mul,
  neg,
  pad,
  reverse,
  scalar,
  slice,
  slice_util,
  spaceToBatchND,
  split,
  stack,
  sub,
  type Tensor,
  tile,
  transpose,
  unstack,
  util,
  zeros,
} from '@tensorflow/tfjs-core';
import type { KernelCall } from '../tape.ts';
import { addTangents, blockSize, broadcastTangent, reshapeTangent, withBlockAxis } from './block-axis.ts';
import type { Rule, Tangents } from './rule.ts';

/** A linear kernel of one tensor: its tangent from that of the tensor. */
function linear(push: (tangent: Tensor, call: KernelCall) => Tensor | readonly Tensor[]): Rule {
  return (call) => (tangents) => push(Object.values(tangents)[0]!, call);
}

const sameOrder = linear((tangent, { outputs }) => reshapeTangent(tangent, outputs[0].shape));

/** The axis attribute counted from the front: the block index is last. */
function frontAxis({ attrs }: KernelCall, rank: number): number {
  const axis = attrs.axis as number;
  return axis < 0 ? axis + rank : axis;
}

/** Tangents of all inputs of a list, zeros for those that do not move: the kernel needs numbers in their place. */
function filled({ inputs }: KernelCall, tangents: Tangents): Tensor[] {
  const width = blockSize(Object.values(tangents).find((tangent) => tangent !== undefined)!);
  return Object.entries(inputs).map(([name, { shape }]) => tangents[name] ?? zeros([...shape, width]));
}

const concatRule: Rule = (call) => (tangents) => concat(filled(call, tangents), frontAxis(call, call.outputs[0]!.rank));

const packRule: Rule = (call) => (tangents) => stack(filled(call, tangents), frontAxis(call, call.outputs[0]!.rank));

const addNRule: Rule = () => (tangents) => addTangents(Object.values(tangents))!;

/** y = t where the condition holds, else e. `tf.where` has broadcast all three to one shape. */
const selectRule: Rule = (call, save) => {
  const chosen = save(withBlockAxis(cast(call.inputs.condition!, 'float32')));
  const other = save(sub(scalar(1), chosen));
  return ({ t, e }) => addTangents([t && mul(chosen, t), e && mul(other, e)])!;
};

/** Rules of the kernels that move numbers. */
export const layoutRules: Readonly<Record<string, Rule>> = {
  AddN: addNRule,
  BatchToSpaceND: linear((tangent, { attrs }) =>
    batchToSpaceND(tangent, attrs.blockShape as number[], attrs.crops as number[][]),
  ),
  Cast: sameOrder,
  Concat: concatRule,
  ExpandDims: sameOrder,
  Identity: sameOrder,
  MirrorPad: linear((tangent, { attrs }) =>
    mirrorPad(tangent, [...(attrs.paddings as [number, number][]), [0, 0]], attrs.mode as 'reflect' | 'symmetric'),
  ),
  Neg: linear((tangent) => neg(tangent)),
  Pack: packRule,
  PadV2: linear((tangent, { attrs }) => pad(tangent, [...(attrs.paddings as [number, number][]), [0, 0]])),
  Reshape: sameOrder,
  Reverse: linear((tangent, { attrs, inputs }) =>
    reverse(tangent, util.parseAxisParam(attrs.dims as number[], inputs.x.shape)),
  ),
  Select: selectRule,
  Slice: linear((tangent, { attrs, inputs }) => {
    const [begin, size] = slice_util.parseSliceParams(inputs.x, attrs.begin as number[], attrs.size as number[]);
    return slice(tangent, [...begin!, 0], [...size!, blockSize(tangent)]);
  }),
  SpaceToBatchND: linear((tangent, { attrs }) =>
    spaceToBatchND(tangent, attrs.blockShape as number[], attrs.paddings as number[][]),
  ),
  SplitV: linear((tangent, call) => {
    const axis = frontAxis(call, call.inputs.x!.rank);
    const sizes = call.outputs.map(({ shape }) => shape[axis]!);
    return split(tangent, sizes, axis);
  }),
  Tile: linear((tangent, { attrs, inputs, outputs }) => {
    const reps = attrs.reps as number[];
    const spreads = reps.every((rep, axis) => rep === 1 || inputs.x!.shape[axis] === 1);
    return spreads ? broadcastTangent(tangent, outputs[0]!.shape) : tile(tangent, [...reps, 1]);
  }),
  Transpose: linear((tangent, { attrs }) => {
    const perm = attrs.perm as number[];
    return transpose(tangent, [...perm, perm.length]);
  }),
  Unpack: linear((tangent, call) => unstack(tangent, frontAxis(call, call.inputs.value.rank))),
};
