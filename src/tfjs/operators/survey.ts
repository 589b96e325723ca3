/** What one pass over all batches gives: loss, gradient, and products with a few columns. */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Block } from '../../core/block.ts';
import { NumericalError } from '../../core/errors.ts';
import type { LinearMap } from '../autodiff/linearise.ts';
import type { RecordedTerm } from '../autodiff/objective.ts';
import { toBlock, toTangents } from '../problem/parameters.ts';
import type { Problem } from '../problem/problem.ts';
import type { Visit } from './recorded-batches.ts';
import { accumulate, disposePresent } from './sums.ts';

/** Sums over the terms, with their weights relative to the first. */
export interface Survey {
  readonly loss: number;
  /** Of each term, without its weight; absent for those that the pass has left out. */
  readonly losses: readonly (number | undefined)[];
  /** Weights of the terms relative to the first. */
  readonly weights: readonly number[];
  /** Their sum. */
  readonly total: number;
  /** D numbers. */
  readonly gradient: Float32Array;
  /** Whether the gradient by each parameter is there at all. */
  readonly used: readonly boolean[];
  /** Whether each batch calls the same kernels in the same way as the first; empty without a judge. */
  readonly likeFirst: readonly boolean[];
  /** What the first batch gave, if there were probes. */
  readonly probed: ProbedBatch | undefined;
}

/** A batch's gradient and its products with probes. */
export interface ProbedBatch {
  readonly gradient: Float32Array;
  readonly products: Block;
}

/** What is tried on batches when they have just been recorded. */
export interface Probing {
  /** Columns that the first batch is multiplied with. */
  readonly probes: Block;
  /** Reads their products, and asks for more; then every batch that calls other kernels than those before it is tried too. */
  readonly judge?: (
    batch: ProbedBatch,
    index: number,
    multiply: (columns: Block) => Promise<Block>,
  ) => void | Promise<void>;
}

/** @throws NumericalError for a loss that is no finite number */
async function readValue(value: Tensor, { what, termName }: Problem, index: number): Promise<number> {
  try {
    const number = (await value.data())[0]!;
    if (Number.isFinite(number)) return number;
    throw new NumericalError(
      `${what} returned ${number} for ${termName(index)}; its derivatives are not defined. Usual causes: ` +
        'numbers in x or y that are not finite, labels that are no class, the logarithm or root of what is not positive',
      {
        index,
        value: number,
      },
    );
  } finally {
    value.dispose();
  }
}

/** A product of one batch. */
async function multiply(product: LinearMap, columns: Block, layout: Problem['layout']): Promise<Block> {
  const products = tidy(() => product.apply(toTangents(columns, layout)) as Tensor[]);
  try {
    return await toBlock(products, layout, columns.cols, 1);
  } finally {
    disposePresent(products);
  }
}

/**
 * Adds up what a pass shows.
 * @param pass shows every recorded batch
 * @throws NumericalError for a loss that is not finite
 */
export async function survey(
  problem: Problem,
  pass: (visit: Visit<RecordedTerm>) => Promise<void>,
  probing?: Probing,
): Promise<Survey> {
  const { layout } = problem;
  let sums: (Tensor | undefined)[] = [];
  let loss = 0;
  let probed: ProbedBatch | undefined;
  const [losses, weights, likeFirst]: [number[], number[], boolean[]] = [[], [], []];
  const graphs = new Set<string>();
  const probe = async (recorded: RecordedTerm, index: number, { probes, judge }: Probing): Promise<void> => {
    const graph = judge && recorded.graph();
    const isNew = graph !== undefined && graphs.size < graphs.add(graph).size;
    if (judge) likeFirst[index] = graphs.values().next().value === graph;
    if (index > 0 && !isNew) return;
    const times = (columns: Block) => multiply(recorded.product, columns, layout);
    const gradient = (await toBlock(recorded.gradients, layout, 1, 1)).data as Float32Array;
    const batch = { gradient, products: await times(probes) };
    if (index === 0) probed = batch;
    await judge?.(batch, index, times);
  };
  try {
    await pass(async (recorded, index, weight) => {
      const { value, gradients } = recorded;
      try {
        losses[index] = await readValue(value, problem, index);
        loss += weight * losses[index];
        if (probing) await probe(recorded, index, probing);
      } finally {
        sums = accumulate(sums, gradients);
      }
      weights[index] = weight;
    });
    return {
      loss,
      losses,
      likeFirst,
      weights,
      total: weights.reduce((sum, weight) => sum + weight, 0),
      gradient: (await toBlock(sums, layout, 1, 1)).data as Float32Array,
      used: sums.map((gradient) => gradient !== undefined),
      probed,
    };
  } finally {
    disposePresent(sums);
  }
}
