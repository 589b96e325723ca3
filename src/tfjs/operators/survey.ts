/** What one pass over all batches gives: loss, gradient, and products with a few columns. */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Block } from '../../core/block.ts';
import { NumericalError } from '../../core/errors.ts';
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
  /** The products with the probes, if there were any. */
  readonly products: Block | undefined;
}

/** @throws NumericalError for a loss that is no finite number */
async function readValue(value: Tensor, { what, termName }: Problem, index: number): Promise<number> {
  try {
    const number = (await value.data())[0]!;
    if (Number.isFinite(number)) return number;
    throw new NumericalError(`${what} returned ${number} for ${termName(index)}; its derivatives are not defined`, {
      index,
      value: number,
    });
  } finally {
    value.dispose();
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
  probes?: Block,
): Promise<Survey> {
  const { layout } = problem;
  let gradients: (Tensor | undefined)[] = [];
  let products: (Tensor | undefined)[] = [];
  let loss = 0;
  const weights: number[] = [];
  try {
    await pass(async ({ value, gradients: parts, product }, index, weight) => {
      gradients = accumulate(gradients, parts);
      if (probes) {
        tidy(() => {
          products = accumulate(products, product.apply(toTangents(probes, layout)));
          return products as Tensor[];
        });
      }
      loss += weight * (await readValue(value, problem, index));
      weights.push(weight);
    });
    return {
      loss,
      weights,
      total: weights.reduce((sum, weight) => sum + weight, 0),
      gradient: (await toBlock(gradients, layout, 1, 1)).data as Float32Array,
      used: gradients.map((gradient) => gradient !== undefined),
      products: probes && (await toBlock(products, layout, probes.cols, 1)),
    };
  } finally {
    disposePresent([...gradients, ...products]);
  }
}
