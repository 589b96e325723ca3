/** Strided slices by gathering along each axis: right where the kernels of every backend are wrong. */
import { gather, reshape, tensor1d } from '@tensorflow/tfjs-core';
import { placesAlong, sliceInfoOf } from '../autodiff/rules/strided-slice.ts';
import { alongEachAxis } from './folding.ts';
import type { Repair } from './repair.ts';

/** For `x[::2, 1]`: the backends take the axis that goes away for one that was never there. */
export const STRIDED_SLICE: Required<Repair> = {
  wrong: 'is wrong where an index removes an axis and another axis has a stride',
  concerns: ({ x }, attrs) => {
    const { isSimpleSlice, finalShapeSparse } = sliceInfoOf(x.shape, attrs);
    return !isSimpleSlice && finalShapeSparse.length !== x.rank;
  },
  compute: ({ x }, attrs) => {
    const info = sliceInfoOf(x.shape, attrs);
    const y = alongEachAxis(x, (axis) => {
      const places = placesAlong(info, axis);
      if (places.length === x.shape[axis] && places.every((place, i) => place === i)) return undefined;
      return (folded) => gather(folded, tensor1d(places, 'int32'), 1);
    });
    return reshape(y, info.finalShape);
  },
};
