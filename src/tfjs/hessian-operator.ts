/** The Hessian of a weighted sum of recorded terms as a linear operator. */
import { dispose, type Tensor } from '@tensorflow/tfjs-core';
import { asDType, type Block, checkBlock, zeros } from '../core/block.ts';
import { ArgumentError, NumericalError } from '../core/errors.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { ensureGradients } from './backend.ts';
import type { LinearMap } from './linearise.ts';
import { type Mode, recordTerm, type Term } from './objective.ts';
import { addToRows, type ParameterInfo, toTangents } from './parameters.ts';

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

/** All terms, recorded. */
interface Recording {
  readonly terms: readonly { readonly hessian: LinearMap; readonly weight: number }[];
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

async function recordAll(spec: HessianSpec): Promise<Recording> {
  await ensureGradients(spec.where);
  const rows = spec.layout.reduce((total, { size }) => total + size, 0);
  const recorded: { hessian: LinearMap; weight: number }[] = [];
  const gradient = zeros(rows, 1, 'float32');
  let loss = 0;
  let totalWeight = 0;
  try {
    for await (const { evaluate, weight } of spec.terms()) {
      const index = recorded.length;
      const what = `${spec.what} (${spec.termName(index)})`;
      const term = recordTerm(evaluate, spec.leaves, spec.mode, spec.where, what);
      recorded.push({ hessian: term.hessian, weight });
      try {
        loss += weight * (await readValue(term.value, spec, index));
        await addToRows(
          gradient,
          spec.layout,
          term.gradients.map((part) => part ?? undefined),
          weight,
        );
      } finally {
        dispose([term.value, ...term.gradients.filter((part) => part !== null)]);
      }
      totalWeight += weight;
    }
  } catch (error) {
    for (const { hessian } of recorded) hessian.dispose();
    throw error;
  }
  const factor = spec.normalise ? 1 / totalWeight : 1;
  for (let i = 0; i < rows; i++) gradient.data[i]! *= factor;
  return {
    terms: recorded.map(({ hessian, weight }) => ({ hessian, weight: weight * factor })),
    loss: loss * factor,
    gradient: gradient.data as Float32Array,
    leafData: spec.leaves.map(({ dataId }) => dataId),
  };
}

class RecordedHessian implements HessianOperator {
  readonly shape: readonly [number, number];
  readonly dtype = 'float32';
  readonly selfAdjoint = true;
  readonly numParameters: number;
  readonly parameters: readonly ParameterInfo[];
  readonly preferredBlockSize = 128;
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
    const { terms } = await this.#recorded();
    const Y = zeros(X.rows, X.cols, 'float32');
    const tangents = toTangents(asDType(X, 'float32'), layout);
    try {
      for (const { hessian, weight } of terms) {
        const products = hessian.apply(tangents);
        try {
          await addToRows(Y, layout, products, weight);
        } finally {
          dispose(products.filter((product) => product !== undefined));
        }
      }
    } finally {
      dispose(tangents);
    }
    return Y;
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
    const release = ({ terms }: Recording) => {
      for (const { hessian } of terms) hessian.dispose();
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
