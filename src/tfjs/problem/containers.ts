/** Tensors inside arrays and dictionaries: what models take and return. */
import { Tensor, tensor, util } from '@tensorflow/tfjs-core';
import { asDType } from '../../core/block.ts';
import type { FloatArray } from '../../core/dtype.ts';
import { ArgumentError, ShapeError } from '../../core/errors.ts';

/**
 * Numbers with a shape, as `readArray` of `eigensketch/files` gives them: becomes a tensor, float32 from floating-point arrays
 * and int32 from integers.
 */
export interface ShapedArray {
  /** The numbers, last index fastest. */
  readonly data:
    | Float32Array
    | Float64Array
    | Int8Array
    | Int16Array
    | Int32Array
    | Uint8Array
    | Uint16Array
    | Uint32Array
    | BigInt64Array
    | BigUint64Array;
  /** Length of each axis. */
  readonly shape: readonly number[];
}

/** Numbers in nested arrays of equal lengths: becomes a float32 tensor, of true and false a bool one. */
export type NestedNumbers = readonly (number | boolean | NestedNumbers)[];

/** A tensor, numbers with a shape, or an array or dictionary of such: what models take and return. */
export type TensorContainer =
  | Tensor
  | ShapedArray
  | readonly TensorContainer[]
  | { readonly [name: string]: TensorContainer };

function isShapedArray(value: object): value is ShapedArray {
  const candidate = value as Partial<ShapedArray>;
  return ArrayBuffer.isView(candidate.data) && Array.isArray(candidate.shape);
}

/** Whether it is an array, not empty, of numbers at whatever depth. */
function isNestedNumbers(value: unknown): value is NestedNumbers {
  const isNumeric = (part: unknown): boolean =>
    typeof part === 'number' || typeof part === 'boolean' || isNestedNumbers(part);
  return Array.isArray(value) && value.length > 0 && value.every(isNumeric);
}

function isContainer(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !ArrayBuffer.isView(value);
}

/** Replaces every tensor (and all numbers with a shape, if `shaped` is given) of a container, keeping its structure. */
export function mapTensors(
  container: unknown,
  replace: (value: Tensor, path: string) => unknown,
  shaped?: (value: ShapedArray | NestedNumbers) => unknown,
  path = '',
): unknown {
  if (container instanceof Tensor) return replace(container, path);
  if (!isContainer(container)) return container;
  if (shaped && (isShapedArray(container) || isNestedNumbers(container))) return shaped(container);
  const inside = (part: unknown, key: string | number) =>
    mapTensors(part, replace, shaped, typeof key === 'number' ? `${path}[${key}]` : `${path}.${key}`);
  if (Array.isArray(container)) return container.map(inside);
  return Object.fromEntries(Object.entries(container).map(([key, part]) => [key, inside(part, key)]));
}

/** All tensors of a container, in order, with the way to each: '' for the container itself, `[0]`, `.mask`. */
export function tensorsIn(container: unknown): { tensor: Tensor; path: string }[] {
  const found: { tensor: Tensor; path: string }[] = [];
  mapTensors(container, (value, path) => found.push({ tensor: value, path }));
  return found;
}

/** The shape of nested arrays. @throws ShapeError for arrays of different lengths side by side */
function shapeOf(values: unknown): number[] {
  if (!Array.isArray(values)) return [];
  const [first, ...others] = values.map(shapeOf);
  if (others.some((shape) => String(shape) !== String(first))) {
    throw new ShapeError('the rows of nested arrays have different lengths');
  }
  return [values.length, ...first!];
}

/** @throws ArgumentError for a number that int32, the only type of integers that tensors have, does not hold */
function asInt32(values: ArrayLike<number | bigint>): Int32Array {
  return Int32Array.from(values, (each, at) => {
    const value = Number(each);
    if (value === (value | 0)) return value;
    throw new ArgumentError(`entry ${at} of an integer array is ${each}: tensors hold integers of 32 bits`, { at });
  });
}

function tensorOf(values: ShapedArray | NestedNumbers): Tensor {
  if (isNestedNumbers(values)) return tensor(values as number[], shapeOf(values));
  const { data, shape } = values;
  const isShape = shape.every((size) => Number.isSafeInteger(size) && size >= 0);
  if (!isShape || util.sizeFromShape([...shape]) !== data.length) {
    throw new ShapeError(`an array of ${data.length} numbers does not have the shape [${shape.join(', ')}]`, {
      shape,
      numbers: data.length,
    });
  }
  const isFloating = /Float(32|64)Array/.test(Object.prototype.toString.call(data));
  return isFloating
    ? tensor(asDType({ rows: data.length, cols: 1, data: data as FloatArray }, 'float32').data, [...shape], 'float32')
    : tensor(asInt32(data as ArrayLike<number | bigint>), [...shape], 'int32');
}

/**
 * Makes tensors of numbers with a shape; the new ones are also put in `made`.
 * @throws ShapeError where the numbers do not fill a tensor of the shape
 */
export function withTensors(container: unknown, made: Tensor[]): unknown {
  return mapTensors(
    container,
    (value) => value,
    (values) => {
      const converted = tensorOf(values);
      made.push(converted);
      return converted;
    },
  );
}
