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
  /** Weights of the terms relative to the first. */
  readonly weights: readonly number[];
  /** Their sum. */
  readonly total: number;
  /** D numbers. */
  readonly gradient: Float32Array;
  /** Whether the gradient by each parameter is there at all. */
  readonly used: readonly boolean[];
  /** What the first batch gave, if there were probes. */
  readonly probed: ProbedBatch | undefined;
}

/** A batch's gradient and its products with probes. */
export interface ProbedBatch {
  readonly gradient: Float32Array;
  readonly products: Block;
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

/** What a batch gives with the probes. */
async function probe(
  gradients: readonly (Tensor | undefined)[],
  product: LinearMap,
  probes: Block,
  layout: Problem['layout'],
): Promise<ProbedBatch> {
  const products = tidy(() => product.apply(toTangents(probes, layout)) as Tensor[]);
  try {
    return {
      gradient: (await toBlock(gradients, layout, 1, 1)).data as Float32Array,
      products: await toBlock(products, layout, probes.cols, 1),
    };
  } finally {
    disposePresent(products);
  }
}

/**
 * Adds up what a pass shows.
 * @param pass shows every recorded batch
 * @param probes columns that the first batch is multiplied with: all batches call the same kernels
 * @throws NumericalError for a loss that is not finite
 */
export async function survey(
  problem: Problem,
  pass: (visit: Visit<RecordedTerm>) => Promise<void>,
  probes?: Block,
): Promise<Survey> {
  const { layout } = problem;
  let sums: (Tensor | undefined)[] = [];
  let loss = 0;
  let probed: ProbedBatch | undefined;
  const weights: number[] = [];
  try {
    await pass(async ({ value, gradients, product }, index, weight) => {
      sums = accumulate(sums, gradients);
      if (probes && index === 0) probed = await probe(sums, product, probes, layout);
      loss += weight * (await readValue(value, problem, index));
      weights.push(weight);
    });
    return {
      loss,
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
