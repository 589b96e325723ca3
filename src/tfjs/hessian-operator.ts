/** The Hessian of a weighted sum of recorded terms as a linear operator. */
import { add, dispose, type Tensor, tidy } from '@tensorflow/tfjs-core';
import { asDType, type Block, checkBlock } from '../core/block.ts';
import { ArgumentError, NumericalError } from '../core/errors.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { ensureGradients } from './backend.ts';
import type { LinearMap } from './linearise.ts';
import { prepareNativeProducts, withNativeProducts } from './native-products.ts';
import { type Mode, recordTerm, type Term } from './objective.ts';
import { type ParameterInfo, toBlock, toTangents } from './parameters.ts';

/**
 * A Hessian at the point where its first product was asked for. `matmat` takes and returns D x b row-major float32
 * blocks, D the number of parameters; 64 to 256 columns at a time are fastest.
 */
export interface HessianOperator extends LinearOperator {
  readonly dtype: 'float32';
  readonly selfAdjoint: true;
  /** D. */
  readonly numParameters: number;
  /** Name, shape and rows of each parameter, in the order of the rows. */
  readonly parameters: readonly ParameterInfo[];
  /** A number of columns that one product handles well. */
  readonly preferredBlockSize: number;
  matmat(X: Block): Promise<Block>;
  /** The loss that this is the Hessian of. */
  loss(): Promise<number>;
  /** Its gradient: D numbers in the order of the rows. */
  gradient(): Promise<Float32Array>;
  /** Releases every tensor the operator holds. It cannot be used afterwards. */
  dispose(): void;
}

/** What a Hessian operator is made from. */
export interface HessianSpec {
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
  /** Whether to divide the weights by their sum. */
  readonly normalise: boolean;
  readonly mode: Mode;
  /** Called by `dispose`. */
  readonly release: () => void;
}

/** All terms, recorded. What it is the Hessian of is `factor` times the sum of the terms. */
interface Recording {
  readonly hessians: readonly LinearMap[];
  readonly factor: number;
  readonly loss: number;
  readonly gradient: Float32Array;
  /** The data of the leaves when they were recorded: another identity means they were assigned. */
  readonly leafData: readonly object[];
}

/** @throws NumericalError for a loss that is no finite number */
async function readValue(value: Tensor, spec: HessianSpec, index: number): Promise<number> {
  const number = (await value.data())[0]!;
  if (Number.isFinite(number)) return number;
  throw new NumericalError(
    `${spec.where}: ${spec.what} returned ${number} for ${spec.termName(index)}; its Hessian is not defined`,
    { index, value: number },
  );
}

/** Adds lists of tensors, absent ones being zero, and disposes the terms: at any time there is one running sum. */
function accumulate(sums: (Tensor | undefined)[], terms: readonly (Tensor | undefined)[]): (Tensor | undefined)[] {
  return terms.map((term, i) => {
    const sum = sums[i];
    if (!term || !sum) return term ?? sum;
    const total = add(sum, term);
    dispose([sum, term]);
    return total;
  });
}

function disposePresent(tensors: readonly (Tensor | undefined)[]): void {
  for (const tensor of tensors) tensor?.dispose();
}

async function recordAll(spec: HessianSpec): Promise<Recording> {
  await ensureGradients(spec.where);
  await prepareNativeProducts();
  const hessians: LinearMap[] = [];
  let gradients: (Tensor | undefined)[] = [];
  let loss = 0;
  let total = 0;
  let first: number | undefined;
  try {
    for await (const { evaluate, weight } of spec.terms()) {
      const index = hessians.length;
      // Relative to the first: one batch then needs no factor at all.
      first ??= weight;
      const term = { evaluate, weight: weight / first };
      const recorded = recordTerm(term, spec.leaves, spec.mode, spec.where, `${spec.what} (${spec.termName(index)})`);
      hessians.push(recorded.hessian);
      gradients = accumulate(gradients, recorded.gradients);
      try {
        loss += term.weight * (await readValue(recorded.value, spec, index));
      } finally {
        recorded.value.dispose();
      }
      total += term.weight;
    }
    const factor = spec.normalise ? 1 / total : 1;
    const gradient = await toBlock(gradients, spec.layout, 1, factor);
    return {
      hessians,
      factor,
      loss: loss * factor,
      gradient: gradient.data as Float32Array,
      leafData: spec.leaves.map(({ dataId }) => dataId),
    };
  } catch (error) {
    for (const hessian of hessians) hessian.dispose();
    throw error;
  } finally {
    disposePresent(gradients);
  }
}

class RecordedHessian implements HessianOperator {
  readonly shape: readonly [number, number];
  readonly dtype = 'float32';
  readonly selfAdjoint = true;
  readonly numParameters: number;
  readonly parameters: readonly ParameterInfo[];
  readonly preferredBlockSize = 64;
  readonly #spec: HessianSpec;
  #recording: Promise<Recording> | undefined;
  #disposed = false;

  constructor(spec: HessianSpec) {
    this.#spec = spec;
    this.parameters = spec.layout;
    this.numParameters = spec.layout.reduce((total, { size }) => total + size, 0);
    this.shape = [this.numParameters, this.numParameters];
  }

  async matmat(X: Block): Promise<Block> {
    const { where, layout } = this.#spec;
    checkBlock(`${where}: matmat`, X, this.numParameters, X?.cols);
    const { hessians, factor } = await this.#recorded();
    let products: (Tensor | undefined)[] = [];
    tidy(() => {
      const tangents = toTangents(asDType(X, 'float32'), layout);
      withNativeProducts(() => {
        for (const hessian of hessians) products = accumulate(products, hessian.apply(tangents));
      });
      return products as Tensor[];
    });
    try {
      return await toBlock(products, layout, X.cols, factor);
    } finally {
      disposePresent(products);
    }
  }

  async loss(): Promise<number> {
    return (await this.#recorded()).loss;
  }

  async gradient(): Promise<Float32Array> {
    return (await this.#recorded()).gradient.slice();
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#spec.release();
    const release = ({ hessians }: Recording) => {
      for (const hessian of hessians) hessian.dispose();
    };
    this.#recording?.then(release, () => {});
  }

  /** Records at the first call; one recording serves calls that overlap. A failed one is tried again by the next call. */
  async #recorded(): Promise<Recording> {
    const { where, leaves, layout } = this.#spec;
    if (this.#disposed) throw new ArgumentError(`${where}: the operator is disposed; make a new one`, {});
    this.#recording ??= recordAll(this.#spec).catch((error) => {
      this.#recording = undefined;
      throw error;
    });
    const recording = await this.#recording;
    const assigned = leaves.findIndex((leaf, i) => leaf.dataId !== recording.leafData[i]);
    if (assigned >= 0) {
      throw new ArgumentError(
        `${where}: parameter '${layout[assigned]!.name}' was assigned after the first product; a Hessian belongs to one ` +
          'point: dispose this operator and make a new one',
        { parameter: layout[assigned]!.name },
      );
    }
    return recording;
  }
}

/** Makes the operator. Nothing runs before its first product. */
export function hessianOperator(spec: HessianSpec): HessianOperator {
  return new RecordedHessian(spec);
}
