/** Strided slices: where each number of the result lies in the input. */
import { gatherND, reshape, slice_util, tensor2d, util } from '@tensorflow/tfjs-core';
import { blockSize, reshapeTangent } from './block-axis.ts';
import type { Rule } from './rule.ts';

type Masks = Record<`${'begin' | 'end' | 'ellipsis' | 'newAxis' | 'shrinkAxis'}Mask`, number>;

type SliceInfo = ReturnType<typeof slice_util.sliceInfo>;

/** What a strided slice of an input of this shape comes down to. */
export function sliceInfoOf(shape: readonly number[], attrs: Readonly<Record<string, unknown>>): SliceInfo {
  const { begin, end, strides, beginMask, endMask, ellipsisMask, newAxisMask, shrinkAxisMask } = attrs as never as {
    begin: number[];
    end: number[];
    strides: number[];
  } & Masks;
  return slice_util.sliceInfo(
    [...shape],
    begin,
    end,
    strides,
    beginMask,
    endMask,
    ellipsisMask,
    newAxisMask,
    shrinkAxisMask,
  );
}

/** The places along one axis that are taken. */
export function placesAlong({ begin, end, strides }: SliceInfo, axis: number): number[] {
  const [from, to, stride] = [begin[axis]!, end[axis]!, strides[axis]!];
  const count = Math.max(0, Math.ceil((to - from) / stride));
  return Array.from({ length: count }, (_, i) => from + i * stride);
}

/** Flat places in an input of this shape, in the order of the output. */
export function stridedPlaces(shape: readonly number[], attrs: Readonly<Record<string, unknown>>): Int32Array {
  const info = sliceInfoOf(shape, attrs);
  const steps = shape.map((_, axis) => util.sizeFromShape(shape.slice(axis + 1)));
  let places: Int32Array = new Int32Array([0]);
  for (const [axis, step] of steps.entries()) {
    const along = placesAlong(info, axis);
    const next = new Int32Array(places.length * along.length);
    for (const [at, start] of places.entries()) {
      for (const [i, place] of along.entries()) next[at * along.length + i] = start + place * step;
    }
    places = next;
  }
  return places;
}

const stridedSlice: Rule = ({ inputs, attrs, outputs }, save) => {
  const { shape, size } = inputs.x;
  const places = stridedPlaces(shape, attrs);
  const column = save(tensor2d(places, [places.length, 1], 'int32'));
  return ({ x }) => reshapeTangent(gatherND(reshape(x!, [size, blockSize(x!)]), column), outputs[0].shape);
};

/** The rule of strided slices. */
export const stridedSliceRules: Readonly<Record<string, Rule>> = { StridedSlice: stridedSlice };
