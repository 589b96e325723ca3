/** The Jacobian of a network's outputs over data as a linear operator. */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { asDType, type Block, checkBlock, copyColumns, zeros } from '../../core/block.ts';
import { ArgumentError } from '../../core/errors.ts';
import type { LinearOperator } from '../../linops/operator.ts';
import { ensureGradients } from '../backends/use-backend.ts';
import { onDevice } from '../backends/webgpu/faults.ts';
import type { TensorContainer } from '../problem/containers.ts';
import { type ParameterInfo, toBlock, toTangents } from '../problem/parameters.ts';
import {
  checkOperatorOptions,
  checkProblem,
  type OperatorOptions,
  type Problem,
  type ProblemOptions,
} from '../problem/problem.ts';
import { type Columns, splitColumns } from './columns.ts';
import { Fitting } from './fitting.ts';
import {
  disposeMaps,
  type Found,
  findRows,
  type Maps,
  type Rows,
  recordBatch,
  rowsOf,
  sizeOf,
} from './outputs-rows.ts';
import { accumulate, checkCount, disposePresent } from './passes.ts';

/** Arguments of {@link jacobian}. `y` of the batches is not used. */
export interface JacobianOptions<X extends TensorContainer>
  extends Omit<ProblemOptions<X, unknown, unknown>, 'loss' | 'reduction'>,
    Omit<OperatorOptions, 'check'> {}

/** The derivative of all outputs (M numbers) by all parameters (D numbers): float32 blocks, row-major. */
export interface JacobianOperator extends LinearOperator {
  /** TensorFlow.js computes in float32. */
  readonly dtype: 'float32';
  /** Name, shape and columns of each parameter. */
  readonly parameters: readonly ParameterInfo[];
  /** Name ('batch 0', 'batch 1[2]'), shape and rows of each float output. */
  readonly outputs: readonly ParameterInfo[];
  /** J X: D x b to M x b. */
  matmat(X: Block): Promise<Block>;
  /** J^T Y: M x b to D x b. */
  adjointMatmat(Y: Block): Promise<Block>;
  /** Releases every tensor the operator holds. */
  dispose(): void;
}

class RecordedJacobian implements JacobianOperator {
  readonly shape: readonly [number, number];
  readonly dtype = 'float32';
  readonly parameters: readonly ParameterInfo[];
  readonly outputs: readonly ParameterInfo[];
  readonly #problem: Problem;
  readonly #found: Found;
  readonly #bytes: number;
  readonly #leafData: readonly object[];
  readonly #fitting: Fitting;
  #disposed = false;

  constructor(problem: Problem, found: Found, bytes: number) {
    this.#problem = problem;
    this.#found = found;
    this.#bytes = bytes;
    this.#fitting = new Fitting(problem.where);
    this.#leafData = problem.leaves.map(({ dataId }) => dataId);
    this.parameters = problem.layout;
    this.outputs = found.rows.flatMap(({ first, outputs }) =>
      outputs.map((each) => ({ ...each, offset: first + each.offset })),
    );
    this.shape = [sizeOf(this.outputs), sizeOf(this.parameters)];
  }

  async matmat(X: Block): Promise<Block> {
    const { where } = this.#problem;
    checkBlock(`${where}: matmat`, X, this.shape[1], X?.cols);
    return this.#fitting.attempt(X.cols, () => onDevice(where, () => this.#forward(X)));
  }

  async #forward(X: Block): Promise<Block> {
    const { layout } = this.#problem;
    const Y = zeros(this.shape[0], X.cols, 'float32');
    const parts = this.#split(X);
    for await (const { maps, rows } of this.#batches()) {
      for (const { first, block } of parts) {
        const changes = tidy(() => maps.forward.apply(toTangents(block, layout)) as Tensor[]);
        const product = await toBlock(changes, rows.outputs, block.cols, 1);
        disposePresent(changes);
        copyColumns(product, 0, block.cols, rowsOf(Y, rows), first);
      }
    }
    return Y;
  }

  async adjointMatmat(Y: Block): Promise<Block> {
    const { where } = this.#problem;
    checkBlock(`${where}: adjointMatmat`, Y, this.shape[0], Y?.cols);
    return this.#fitting.attempt(Y.cols, () => onDevice(where, () => this.#backward(Y)));
  }

  async #backward(Y: Block): Promise<Block> {
    const { layout } = this.#problem;
    const X = zeros(this.shape[1], Y.cols, 'float32');
    const parts = this.#split(Y);
    const sums: (Tensor | undefined)[][] = parts.map(() => []);
    try {
      for await (const { maps, rows } of this.#batches()) {
        for (const [i, { block }] of parts.entries()) {
          tidy(() => {
            const pulled = maps.transposed.apply(toTangents(rowsOf(block, rows), rows.outputs));
            sums[i] = accumulate(sums[i]!, pulled);
            return sums[i] as Tensor[];
          });
        }
      }
      for (const [i, { first, block }] of parts.entries()) {
        copyColumns(await toBlock(sums[i]!, layout, block.cols, 1), 0, block.cols, X, first);
      }
      return X;
    } finally {
      for (const each of sums) disposePresent(each);
    }
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const maps of this.#found.kept ?? []) disposeMaps(maps);
  }

  #split(X: Block): Columns[] {
    const { bytesPerColumn, largestPerColumn } = this.#found;
    this.#fitting.noteTensor(X.cols, largestPerColumn);
    return splitColumns(asDType(X, 'float32'), bytesPerColumn, this.#bytes, this.#fitting.most);
  }

  /** The kept batches, or each recorded anew and released after its turn. */
  async *#batches(): AsyncGenerator<{ maps: Maps; rows: Rows }> {
    const { where, leaves } = this.#problem;
    if (this.#disposed) throw new ArgumentError(`${where}: the operator is disposed; make a new one`, {});
    if (leaves.some(({ dataId }, i) => dataId !== this.#leafData[i])) {
      throw new ArgumentError(`${where}: a parameter was assigned since the operator was made; make a new one`, {});
    }
    const { kept, rows } = this.#found;
    if (kept) {
      for (const [i, maps] of kept.entries()) yield { maps, rows: rows[i]! };
      return;
    }
    let index = 0;
    for await (const term of this.#problem.terms()) {
      if (index >= rows.length) checkCount(where, rows.length, index + 1);
      const maps = recordBatch(this.#problem, term, index);
      maps.release();
      try {
        yield { maps, rows: rows[index]! };
      } finally {
        disposeMaps(maps);
      }
      index++;
    }
    checkCount(where, rows.length, index);
  }
}

/**
 * The Jacobian of a model's outputs (all float outputs of all batches, flattened row-major one after the other) by the
 * parameters, with its adjoint. Exact, in blocks.
 *
 * @throws ArgumentError for arguments of the wrong kind and empty data; UnsupportedError for an operation without a
 * tangent rule
 *
 * @example
 * const J = await jacobian({ model, data: [[x, y]] });
 * const svd = await ssvd(J, 10);
 * J.dispose();
 */
export async function jacobian<X extends TensorContainer>(options: JacobianOptions<X>): Promise<JacobianOperator> {
  const where = 'jacobian';
  const { cache, memory: bytes } = checkOperatorOptions(where, options ?? {});
  const noLoss = (): never => {
    throw new ArgumentError(`${where}: there is no loss`, {});
  };
  const problem = checkProblem(where, { ...options, loss: noLoss, reduction: 'sum' }, false);
  await ensureGradients(where);
  const keepBytes = cache === undefined ? bytes / 2 : cache ? Number.POSITIVE_INFINITY : -1;
  const found = await onDevice(where, () => findRows(problem, keepBytes));
  return new RecordedJacobian(problem, found, bytes / 2);
}
