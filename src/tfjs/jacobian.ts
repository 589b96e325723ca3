/** The Jacobian of a network's outputs over data as a linear operator. */
import { memory, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { asDType, type Block, checkBlock, copyColumns, zeros } from '../core/block.ts';
import { ArgumentError } from '../core/errors.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { ensureGradients } from './backend.ts';
import { type Columns, splitColumns } from './columns.ts';
import type { TensorContainer } from './containers.ts';
import { noData } from './data.ts';
import type { Term } from './objective.ts';
import { type OutputsMap, recordOutputs } from './outputs-map.ts';
import { layOut, type ParameterInfo, toBlock, toTangents } from './parameters.ts';
import { accumulate, checkCount, disposePresent } from './passes.ts';
import {
  checkOperatorOptions,
  checkProblem,
  type OperatorOptions,
  type Problem,
  type ProblemOptions,
} from './problem.ts';

/** Arguments of {@link jacobian}. `y` of the batches is not used. */
export interface JacobianOptions<X extends TensorContainer>
  extends Omit<ProblemOptions<X, unknown, unknown>, 'loss' | 'reduction'>,
    Omit<OperatorOptions, 'check'> {}

/** The derivative of all outputs (M numbers) by all parameters (D numbers): float32 blocks, row-major. */
export interface JacobianOperator extends LinearOperator {
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

type Maps = Pick<OutputsMap, 'forward' | 'transposed'>;

/** One batch's rows: those of the whole, and its outputs laid out from zero. */
interface Rows {
  readonly first: number;
  readonly count: number;
  readonly outputs: readonly ParameterInfo[];
}

/** What the first pass found. */
interface Found {
  readonly rows: readonly Rows[];
  /** All batches, if they are kept. */
  readonly kept: readonly Maps[] | undefined;
  readonly bytesPerColumn: number;
}

const sizeOf = (infos: readonly ParameterInfo[]): number => infos.reduce((total, { size }) => total + size, 0);

/** A batch's rows of a block, as a view. */
function rowsOf(Y: Block, { first, count }: Rows): Block {
  return { rows: count, cols: Y.cols, data: Y.data.subarray(first * Y.cols, (first + count) * Y.cols) as Float32Array };
}

function recordBatch({ where, leaves, termName }: Problem, term: Term, index: number): OutputsMap {
  try {
    return recordOutputs(term.outputs, { leaves, where, what: termName(index) });
  } finally {
    term.release();
  }
}

function disposeMaps({ forward, transposed }: Maps): void {
  forward.dispose();
  transposed.dispose();
}

async function findRows(problem: Problem, keepBytes: number): Promise<Found> {
  const rows: Rows[] = [];
  let kept: Maps[] | undefined = [];
  let [first, bytes, bytesPerColumn] = [0, 0, 0];
  const letGo = () => {
    for (const maps of kept ?? []) disposeMaps(maps);
    kept = undefined;
  };
  try {
    for await (const term of problem.terms()) {
      const before = memory().numBytes;
      const maps = recordBatch(problem, term, rows.length);
      const names = maps.outputs.map((_, i) => `${problem.termName(rows.length)}${i === 0 ? '' : `[${i}]`}`);
      const outputs = layOut(maps.outputs, names);
      maps.release();
      bytes += memory().numBytes - before;
      bytesPerColumn = Math.max(bytesPerColumn, maps.forward.bytesPerColumn, maps.transposed.bytesPerColumn);
      if (kept) kept.push(maps);
      else disposeMaps(maps);
      if (bytes > keepBytes) letGo();
      rows.push({ first, count: sizeOf(outputs), outputs });
      first += sizeOf(outputs);
    }
  } catch (error) {
    letGo();
    throw error;
  }
  if (rows.length === 0) throw noData(problem.where);
  return { rows, kept, bytesPerColumn };
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
  #disposed = false;

  constructor(problem: Problem, found: Found, bytes: number) {
    this.#problem = problem;
    this.#found = found;
    this.#bytes = bytes;
    this.#leafData = problem.leaves.map(({ dataId }) => dataId);
    this.parameters = problem.layout;
    this.outputs = found.rows.flatMap(({ first, outputs }) =>
      outputs.map((each) => ({ ...each, offset: first + each.offset })),
    );
    this.shape = [sizeOf(this.outputs), sizeOf(this.parameters)];
  }

  async matmat(X: Block): Promise<Block> {
    const { where, layout } = this.#problem;
    checkBlock(`${where}: matmat`, X, this.shape[1], X?.cols);
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
    const { where, layout } = this.#problem;
    checkBlock(`${where}: adjointMatmat`, Y, this.shape[0], Y?.cols);
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
    return splitColumns(asDType(X, 'float32'), this.#found.bytesPerColumn, this.#bytes);
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
  return new RecordedJacobian(problem, await findRows(problem, keepBytes), bytes / 2);
}
