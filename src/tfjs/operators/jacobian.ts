/** The Jacobian of a network's outputs over data as a linear operator. */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { type Block, copyColumns, rowsOf, zeros } from '../../core/block.ts';
import { atDoor } from '../../core/door.ts';
import { parseOptions } from '../../core/parse.ts';
import type { Term } from '../autodiff/objective.ts';
import { currentBackend } from '../backends/current.ts';
import { defaultMemory } from '../backends/record.ts';
import type { TensorContainer } from '../problem/containers.ts';
import { type ParameterVectors, parameterVectors } from '../problem/parameter-vectors.ts';
import { layOut, type ParameterInfo, toBlock, toTangents } from '../problem/parameters.ts';
import {
  KEEPING_FIELDS,
  MODEL_FIELDS,
  numbersIn,
  type OperatorOptions,
  type Problem,
  type ProblemOptions,
  problemOfOutputs,
} from '../problem/problem.ts';
import type { FixedWeight } from '../problem/selection.ts';
import { prepareTensorFlow } from '../repairs/prepare.ts';
import { type DeviceOperator, deviceOperator } from './device-operator.ts';
import { type OutputsMap, recordOutputs } from './outputs-map.ts';
import { type Kept, RecordedBatches } from './recorded-batches.ts';
import { accumulate, disposePresent } from './sums.ts';

/** Arguments of {@link jacobian}. `y` of the batches is not used. */
export interface JacobianOptions<X extends TensorContainer>
  extends Pick<ProblemOptions<X, unknown, unknown>, 'model' | 'output' | 'parameters' | 'data'>,
    Pick<OperatorOptions, 'cache' | 'memory'> {}

/** The derivative of all outputs (M numbers) by all parameters (D numbers): float32 blocks, row-major. */
export interface JacobianOperator extends DeviceOperator, ParameterVectors {
  /** Name, shape and columns of each parameter. */
  readonly parameters: readonly ParameterInfo[];
  /** The weights of the model that are no parameters, each with the reason. */
  readonly fixedWeights: readonly FixedWeight[];
  /** Name ('batch 0', 'batch 1[2]'), shape and rows of each float output. */
  readonly outputs: readonly ParameterInfo[];
  /** J^T Y: M x b to D x b. */
  adjointMatmat(Y: Block): Promise<Block>;
}

/** A batch's derivative and its transpose. */
interface Maps extends Kept, Pick<OutputsMap, 'forward' | 'transposed'> {}

/** A recorded batch with its outputs, laid out from zero. */
interface RecordedOutputs {
  readonly product: Maps;
  readonly outputs: readonly ParameterInfo[];
}

function recordBatch({ leaves, termName }: Problem, term: Term, index: number): RecordedOutputs {
  const { outputs, release, forward, transposed } = recordOutputs(term.outputs, { leaves, what: termName(index) });
  const named = layOut(
    outputs,
    outputs.map((_, i) => `${termName(index)}${i === 0 ? '' : `[${i}]`}`),
  );
  release();
  const product: Maps = {
    forward,
    transposed,
    bytesPerColumn: Math.max(forward.bytesPerColumn, transposed.bytesPerColumn),
    largestPerColumn: Math.max(forward.largestPerColumn, transposed.largestPerColumn),
    dispose: () => {
      forward.dispose();
      transposed.dispose();
    },
  };
  return { product, outputs: named };
}

/** One batch's rows of the whole: where they begin, how many they are, and its outputs laid out from zero. */
interface Rows {
  readonly first: number;
  readonly count: number;
  readonly outputs: readonly ParameterInfo[];
}

type Batches = RecordedBatches<Maps, RecordedOutputs>;

/** The recorded batches with their rows. */
async function* withRows(batches: Batches, rows: readonly Rows[]): AsyncGenerator<{ maps: Maps; own: Rows }> {
  let index = 0;
  for await (const maps of batches.products()) yield { maps, own: rows[index++]! };
}

/** J X, M x b. */
async function forward(batches: Batches, rows: readonly Rows[], layout: readonly ParameterInfo[], X: Block) {
  const Y = zeros(
    rows.reduce((total, { count }) => total + count, 0),
    X.cols,
    'float32',
  );
  const parts = batches.split(X);
  for await (const { maps, own } of withRows(batches, rows)) {
    for (const { first, block } of parts) {
      const changes = tidy(() => maps.forward.apply(toTangents(block, layout)) as Tensor[]);
      const product = await toBlock(changes, own.outputs, block.cols, 1);
      disposePresent(changes);
      copyColumns(product, 0, block.cols, rowsOf(Y, own.first, own.first + own.count), first);
    }
  }
  return Y;
}

/** J^T Y, D x b. */
async function backward(batches: Batches, rows: readonly Rows[], layout: readonly ParameterInfo[], Y: Block) {
  const X = zeros(numbersIn(layout), Y.cols, 'float32');
  const parts = batches.split(Y);
  const sums: (Tensor | undefined)[][] = parts.map(() => []);
  try {
    for await (const { maps, own } of withRows(batches, rows)) {
      for (const [i, { block }] of parts.entries()) {
        tidy(() => {
          const pulled = maps.transposed.apply(
            toTangents(rowsOf(block, own.first, own.first + own.count), own.outputs),
          );
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

const FIELDS = { ...MODEL_FIELDS, ...KEEPING_FIELDS };

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
export function jacobian<X extends TensorContainer>(options: JacobianOptions<X>): Promise<JacobianOperator> {
  const name = 'jacobian';
  return atDoor(name, async () => {
    const { cache, memory = defaultMemory(), ...model } = parseOptions(options, FIELDS);
    const problem = problemOfOutputs(model);
    const { layout } = problem;
    await prepareTensorFlow();
    const recording = {
      record: (term: Term, index: number) => recordBatch(problem, term, index),
      discard: () => {},
    };
    const batches: Batches = new RecordedBatches(name, problem, recording, { cache, memory });
    const rows: Rows[] = [];
    let total = 0;
    await currentBackend().onDevice(() =>
      batches.first(({ outputs }) => {
        const count = numbersIn(outputs);
        rows.push({ first: total, count, outputs });
        total += count;
      }),
    );
    return deviceOperator(name, memory, {
      shape: [total, numbersIn(layout)] as const,
      parameters: layout,
      fixedWeights: problem.fixedWeights,
      ...parameterVectors(name, layout),
      outputs: rows.flatMap(({ first, outputs }) => outputs.map((each) => ({ ...each, offset: first + each.offset }))),
      matmat: (X: Block) => batches.multiply(X.cols, () => forward(batches, rows, layout, X)),
      adjointMatmat: (Y: Block) => batches.multiply(Y.cols, () => backward(batches, rows, layout, Y)),
      dispose: () => batches.dispose(),
    });
  });
}
