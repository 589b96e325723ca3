/** What a repair of a kernel is. */
import type { NamedAttrMap, Tensor } from '@tensorflow/tfjs-core';
import type { KernelInputs } from '../autodiff/tape.ts';

export type Inputs = KernelInputs;

/** What a repaired kernel computes from its inputs and attributes. */
export type Compute = (inputs: Inputs, attrs: NamedAttrMap) => Tensor;

/** A kernel to put in: where the backend has none, or in place of its own. */
export interface Repair {
  readonly compute: Compute;
  /** What is wrong with the backend's own kernel, which is replaced; left out where it has none. */
  readonly wrong?: string;
  /** Which calls of the backend's own kernel are wrong; all if left out. `compute` may make others. */
  readonly concerns?: (inputs: Inputs, attrs: NamedAttrMap) => boolean;
}

/** By kernel. */
export type Repairs = Readonly<Record<string, Repair>>;
