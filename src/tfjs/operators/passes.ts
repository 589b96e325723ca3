/** Walking over the terms: recorded once and kept while they fit, or recorded again for every product. */
import { add, dispose, memory, type Tensor, tidy } from '@tensorflow/tfjs-core';
import type { Block } from '../../core/block.ts';
import { ArgumentError, NumericalError } from '../../core/errors.ts';
import type { LinearMap } from '../autodiff/linearise.ts';
import type { RecordedTerm, Recorder, Term } from '../autodiff/objective.ts';
import { noData } from '../problem/data.ts';
import { type ParameterInfo, toBlock, toTangents } from '../problem/parameters.ts';

/** A sum of terms, and how they are recorded. */
export interface Passes {
  /** The public function, for messages. */
  readonly where: string;
  /** What the terms are called in messages: "batch 3". */
  readonly termName: (index: number) => string;
  /** The user's function that returns the scalar. */
  readonly what: string;
  readonly leaves: readonly Tensor[];
  readonly layout: readonly ParameterInfo[];
  /** The terms, produced one by one when they are recorded. */
  readonly terms: () => AsyncIterable<Term>;
  readonly record: Recorder;
}

/** What one pass over all terms gives, as sums with the weights of the terms relative to the first. */
export interface Survey {
  readonly loss: number;
  /** Sum of the relative weights. */
  readonly total: number;
  readonly firstWeight: number;
  readonly count: number;
  /** Weights of the terms relative to the first. */
  readonly weights: readonly number[];
  /** D numbers. */
  readonly gradient: Float32Array;
  /** Whether the gradient by each parameter is there at all. */
  readonly used: readonly boolean[];
  /** The products with the probes, if there were any. */
  readonly products: Block | undefined;
  /** All terms, if they are kept. */
  readonly kept: readonly LinearMap[] | undefined;
}

/** Adds lists of tensors, absent ones being zero, and disposes the terms: at any time there is one running sum. */
export function accumulate(
  sums: readonly (Tensor | undefined)[],
  terms: readonly (Tensor | undefined)[],
): (Tensor | undefined)[] {
  return terms.map((term, i) => {
    const sum = sums[i];
    if (!term || !sum) return term ?? sum;
    const total = add(sum, term);
    dispose([sum, term]);
    return total;
  });
}

/** Disposes those that are there. */
export function disposePresent(tensors: readonly (Tensor | undefined)[]): void {
  for (const tensor of tensors) tensor?.dispose();
}

/** @throws NumericalError for a loss that is no finite number */
async function readValue(value: Tensor, { where, what, termName }: Passes, index: number): Promise<number> {
  const number = (await value.data())[0]!;
  if (Number.isFinite(number)) return number;
  throw new NumericalError(
    `${where}: ${what} returned ${number} for ${termName(index)}; its derivatives are not defined`,
    { index, value: number },
  );
}

function recordOne(passes: Passes, term: Term, index: number, firstWeight: number): RecordedTerm {
  const { where, what, termName, leaves } = passes;
  try {
    // Relative to the first weight: one batch then needs no factor at all.
    const relative = { ...term, weight: term.weight / firstWeight };
    return passes.record(relative, { leaves, where, what: `${what} (${termName(index)})` });
  } finally {
    term.release();
  }
}

/**
 * Records every term once. Keeps them while they take no more than `keepBytes` of the device. `earlier` is how many terms
 * an earlier pass had.
 * @throws NumericalError for a loss that is not finite; ArgumentError when there is no term
 */
export async function survey(passes: Passes, keepBytes: number, probes?: Block, earlier?: number): Promise<Survey> {
  let kept: LinearMap[] | undefined = [];
  let gradients: (Tensor | undefined)[] = [];
  let products: (Tensor | undefined)[] = [];
  let [loss, total, count, bytes] = [0, 0, 0, 0];
  let firstWeight: number | undefined;
  const weights: number[] = [];
  const letGo = () => {
    for (const map of kept ?? []) map.dispose();
    kept = undefined;
  };
  try {
    for await (const term of passes.terms()) {
      firstWeight ??= term.weight;
      const before = memory().numBytes;
      const { value, gradients: parts, product } = recordOne(passes, term, count, firstWeight);
      bytes += memory().numBytes - before;
      gradients = accumulate(gradients, parts);
      if (probes) {
        tidy(() => {
          products = accumulate(products, product.apply(toTangents(probes, passes.layout)));
          return products as Tensor[];
        });
      }
      kept?.push(product);
      if (bytes > keepBytes) letGo();
      if (!kept) product.dispose();
      const weight = term.weight / firstWeight;
      try {
        loss += weight * (await readValue(value, passes, count));
      } finally {
        value.dispose();
      }
      weights.push(weight);
      total += weight;
      count++;
    }
    if (earlier !== undefined) checkCount(passes.where, earlier, count);
    if (count === 0) throw noData(passes.where);
    return {
      loss,
      total,
      count,
      weights,
      firstWeight: firstWeight ?? 1,
      gradient: (await toBlock(gradients, passes.layout, 1, 1)).data as Float32Array,
      used: gradients.map((gradient) => gradient !== undefined),
      products: probes && (await toBlock(products, passes.layout, probes.cols, 1)),
      kept,
    };
  } catch (error) {
    letGo();
    throw error;
  } finally {
    disposePresent([...gradients, ...products]);
  }
}

/**
 * The terms' products one after the other: the kept ones, or each recorded anew and released after its turn.
 * @throws ArgumentError when the data gives another number of terms than at first
 */
export async function* products(passes: Passes, { kept, count, firstWeight }: Survey): AsyncGenerator<LinearMap> {
  if (kept) {
    yield* kept;
    return;
  }
  let index = 0;
  for await (const term of passes.terms()) {
    const { value, gradients, product } = recordOne(passes, term, index, firstWeight);
    value.dispose();
    disposePresent(gradients);
    try {
      yield product;
    } finally {
      product.dispose();
    }
    index++;
  }
  checkCount(passes.where, count, index);
}

/** @throws ArgumentError when a later pass over the data has another number of batches than the first */
export function checkCount(where: string, first: number, later: number): void {
  if (first === later) return;
  throw new ArgumentError(
    `${where}: data gave ${first} batches on the first pass and ${later} on a later one; pass an array, or a function ` +
      'that returns a fresh generator each time, not a generator object',
    { first, later },
  );
}
