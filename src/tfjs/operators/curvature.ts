/** The contract of the curvature of networks: what `hessian`, `ggn` and `hessianOf` return. */
import type { Block } from '../../core/block.ts';
import type { BatchProduct } from '../../linops/operator.ts';
import type { ParameterVectors } from '../problem/parameter-vectors.ts';
import type { ParameterInfo } from '../problem/parameters.ts';
import type { FixedWeight } from '../problem/selection.ts';
import type { DeviceOperator } from './device-operator.ts';

/** The gradient and a product from one call. */
export interface Action {
  /** The loss that this is the curvature of. */
  readonly loss: number;
  /** Its gradient: D numbers in the order of the rows. */
  readonly gradient: Float32Array;
  /** A X, D x b. */
  readonly product: Block;
}

/**
 * A Hessian or Gauss-Newton matrix at the point where its first product was asked for. `matmat` takes and returns D x b
 * row-major float32 blocks, D the number of parameters.
 */
export interface CurvatureOperator extends DeviceOperator, ParameterVectors {
  /** Curvature matrices are symmetric. */
  readonly selfAdjoint: true;
  /** D. */
  readonly numParameters: number;
  /** Name, shape and rows of each parameter, in the order of the rows. */
  readonly parameters: readonly ParameterInfo[];
  /** The weights of the model that are no parameters, each with the reason: frozen, not trainable, constant, not selected. */
  readonly fixedWeights: readonly FixedWeight[];
  /** A X, with the part H_b X of every batch of the data on the way; `weight` is its share in the sum. */
  matmatByBatch(X: Block, visit: (part: BatchProduct) => void | Promise<void>): Promise<Block>;
  /** The loss that this is the curvature of. */
  loss(): Promise<number>;
  /** Its gradient: D numbers in the order of the rows. */
  gradient(): Promise<Float32Array>;
  /** Loss, gradient and the product with X. */
  action(X: Block): Promise<Action>;
}
