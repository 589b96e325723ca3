/** Vectors of an operator as the tensors of its parameters, and back. */
import { type Tensor, tensor } from '@tensorflow/tfjs-core';
import { atDoor } from '../../core/door.ts';
import { ShapeError } from '../../core/errors.ts';
import { refuse } from '../../core/parse.ts';
import type { ParameterInfo } from './parameters.ts';

/** How an operator's rows belong to the parameters of a model. */
export interface ParameterVectors {
  /**
   * A vector of D numbers, such as an eigenvector, as one tensor for each parameter, in its shape. The caller disposes them.
   *
   * @example
   * const { data } = await result.eigenvectors.readColumns(0, 1);
   * const [kernel, bias] = H.toParameters(data);
   * @throws ArgumentError for what is no array of numbers, ShapeError for another length
   */
  toParameters(v: ArrayLike<number>): Tensor[];
  /**
   * The vector of D numbers of one tensor for each parameter, in the order of `parameters`: for a direction, an update or
   * the weights themselves.
   * @throws ArgumentError for what is no list of tensors, ShapeError for another number of them or other shapes
   */
  fromParameters(tensors: readonly Tensor[]): Promise<Float32Array>;
}

const isTensor = (value: unknown): value is Tensor =>
  Array.isArray((value as Partial<Tensor> | null | undefined)?.shape) &&
  typeof (value as Partial<Tensor>).data === 'function';

/** Both directions for a layout; messages name the operator. */
export function parameterVectors(name: string, layout: readonly ParameterInfo[]): ParameterVectors {
  const rows = layout.reduce((total, { size }) => total + size, 0);
  return {
    toParameters: (v) =>
      atDoor(name, () => {
        if (!ArrayBuffer.isView(v) && !Array.isArray(v)) refuse('v', 'an array of numbers', v);
        if (v.length !== rows) throw new ShapeError(`v has ${v.length} numbers and the parameters ${rows}`, { rows });
        const numbers = Float32Array.from(v);
        return layout.map(({ shape, offset, size }) =>
          tensor(numbers.slice(offset, offset + size), [...shape], 'float32'),
        );
      }),
    fromParameters: (tensors) =>
      atDoor(name, async () => {
        if (!Array.isArray(tensors) || !tensors.every(isTensor)) refuse('tensors', 'a list of tensors', tensors);
        if (tensors.length !== layout.length) {
          throw new ShapeError(`${tensors.length} tensors for ${layout.length} parameters`, {
            tensors: tensors.length,
          });
        }
        for (const [i, { name: parameter, shape }] of layout.entries()) {
          const given = tensors[i]?.shape ?? [];
          if (String(given) === String(shape)) continue;
          const message = `tensor ${i} has the shape [${given}], parameter '${parameter}' [${shape}]`;
          throw new ShapeError(message, { index: i, shape: given });
        }
        const v = new Float32Array(rows);
        const parts = await Promise.all(tensors.map((each) => each.data()));
        for (const [i, { offset }] of layout.entries()) v.set(parts[i] ?? [], offset);
        return v;
      }),
  };
}
