/** The contract of a tangent rule: what a kernel does to first-order changes of its inputs. */
import type { Tensor } from '@tensorflow/tfjs-core';
import type { KernelCall, KernelInputs } from '../tape.ts';

/**
 * The tangents of a call's inputs, by input name: `[...shape of the input, b]` for a block of b directions, the block
 * index last. Absent for inputs that do not move.
 */
export type Tangents = Readonly<Record<string, Tensor | undefined>>;

/**
 * The linear part: tangents of the inputs to the tangent of the output (a list for kernels with several outputs),
 * `[...shape of the output, b]`. At least one moving input has a tangent. It must not dispose what it is given.
 */
export type Push = (tangents: Tangents) => Tensor | readonly (Tensor | undefined)[];

/** Keeps a tensor for the lifetime of the linearisation; everything else a rule makes or is given goes away. */
export type Save = (tensor: Tensor) => Tensor;

/**
 * The linear part of the same outputs computed in another way: `compute` makes them from the inputs by kernels that have
 * rules.
 */
export type Derive = (compute: (inputs: KernelInputs) => Tensor) => Push;

/** Does the work that is the same for all directions once, saves what the linear part needs, returns the linear part. */
export type Rule = (call: KernelCall, save: Save, derive: Derive) => Push;
