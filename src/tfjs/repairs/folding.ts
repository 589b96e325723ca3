/** Operations that act on each axis by itself, done on three axes at a time: [before, n, after]. */
import { reshape, type Tensor, util } from '@tensorflow/tfjs-core';

/** Applies `apply` to one axis, which may change its length, of a tensor folded around it: [before, n, after]. */
export function alongAxis(x: Tensor, axis: number, apply: (folded: Tensor) => Tensor): Tensor {
  const { shape } = x;
  const [before, after] = [util.sizeFromShape(shape.slice(0, axis)), util.sizeFromShape(shape.slice(axis + 1))];
  const y = apply(reshape(x, [before, shape[axis]!, after]));
  return reshape(y, [...shape.slice(0, axis), y.shape[1]!, ...shape.slice(axis + 1)]);
}

/** The same for all axes in turn; `apply` returns undefined for an axis that stays as it is. */
export function alongEachAxis(x: Tensor, apply: (axis: number) => ((folded: Tensor) => Tensor) | undefined): Tensor {
  return x.shape.reduce<Tensor>((y, _, axis) => {
    const change = apply(axis);
    return change ? alongAxis(y, axis, change) : y;
  }, x);
}

/** `count` axes from `first` on made one. */
export function mergeAxes(x: Tensor, first: number): Tensor {
  return reshape(x, [...x.shape.slice(0, first), util.sizeFromShape(x.shape.slice(first))]);
}
