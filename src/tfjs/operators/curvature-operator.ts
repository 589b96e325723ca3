/** A weighted sum of recorded terms as a symmetric linear operator. */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { asDType, type Block, copyColumns, zeros } from '../../core/block.ts';
import { atDoor } from '../../core/door.ts';
import type { BatchProduct } from '../../linops/operator.ts';
import type { LinearMap } from '../autodiff/linearise.ts';
import { type RecordedTerm, type Recorder, type Term, valueRecorder } from '../autodiff/objective.ts';
import { currentBackend } from '../backends/current.ts';
import { parameterVectors } from '../problem/parameter-vectors.ts';
import { type ParameterInfo, toBlock, toTangents } from '../problem/parameters.ts';
import { numbersIn, type Problem } from '../problem/problem.ts';
import { prepareTensorFlow } from '../repairs/prepare.ts';
import type { Columns } from './column-limit.ts';
import { checkConsistency, checkProducts, makeProbes } from './consistency.ts';
import type { CurvatureOperator } from './curvature.ts';
import { deviceOperator } from './device-operator.ts';
import { refuseNonFinite } from './non-finite.ts';
import { type Keeping, RecordedBatches } from './recorded-batches.ts';
import { accumulate, disposePresent } from './sums.ts';
import { type Probing, type Survey, survey } from './survey.ts';

const isFiniteNumber = Number.isFinite;

/** What a curvature operator is made from. */
export interface CurvatureSpec extends Keeping {
  readonly problem: Problem;
  readonly record: Recorder;
  /** Whether to make a second pass and compare. */
  readonly check: boolean;
  readonly psd?: boolean;
  /** Called when everything the operator holds is released. */
  readonly release?: () => void;
}

/** What the first pass found, and what scales its sums. */
interface State extends Survey {
  readonly factor: number;
}

class RecordedCurvature {
  readonly #spec: CurvatureSpec;
  readonly #layout: readonly ParameterInfo[];
  readonly #rows: number;
  readonly #batches: RecordedBatches<LinearMap, RecordedTerm>;
  readonly #record: (record: Recorder, term: Term, index: number) => RecordedTerm;
  #state: Promise<State> | undefined;
  /** Whether the next product is the first, of which every batch's part is new. */
  #untried = false;

  constructor(name: string, spec: CurvatureSpec) {
    this.#spec = spec;
    this.#layout = spec.problem.layout;
    this.#rows = numbersIn(this.#layout);
    const { leaves, what, termName } = spec.problem;
    this.#record = (record, term, index) => record(term, { leaves, what: `${what} (${termName(index)})` });
    const recording = {
      record: (term, index) => this.#record(spec.record, term, index),
      discard: ({ value, gradients }) => disposePresent([value, ...gradients]),
    } satisfies ConstructorParameters<typeof RecordedBatches<LinearMap, RecordedTerm>>[2];
    this.#batches = new RecordedBatches(name, spec.problem, recording, spec, spec.release);
  }

  multiply(X: Block, out?: Block): Promise<Block> {
    return this.#batches.use(async () => {
      // Not part of the attempt: batches that do not fit do not fit with fewer columns either.
      const state = await this.#ready();
      const Y = await this.#batches.attempt(X.cols, () => this.#product(X, state, out));
      if (this.#untried && X.data.every(isFiniteNumber)) {
        this.#untried = false;
        await refuseNonFinite(this.#spec.problem, 'product', Y.data, asDType(X, 'float32'));
      }
      return Y;
    });
  }

  async #product(X: Block, { factor }: State, out?: Block): Promise<Block> {
    let parts: Part[] = [];
    try {
      for await (const map of this.#batches.products()) {
        if (parts.length === 0) parts = this.#split(X);
        for (const part of parts) pushThrough(map, part, this.#layout);
      }
      if (parts.length === 1) return await toBlock(parts[0]!.sums, this.#layout, X.cols, factor, out);
      const Y = out ?? zeros(X.rows, X.cols, 'float32');
      for (const { sums, block, first } of parts) {
        const product = await toBlock(sums, this.#layout, block.cols, factor);
        copyColumns(product, 0, block.cols, Y, first);
      }
      return Y;
    } finally {
      for (const part of parts) disposePart(part);
    }
  }

  /** As `matmatByBatch` of the contract. */
  multiplyByBatch(X: Block, visit: (part: BatchProduct) => void | Promise<void>): Promise<Block> {
    return this.#batches.use(async () => {
      const { weights, factor } = await this.#ready();
      const total = zeros(X.rows, X.cols, 'float32');
      let index = 0;
      for await (const map of this.#batches.products()) {
        const relative = weights[index]!;
        const weight = relative * factor;
        const product = await this.#batches.attempt(X.cols, () => this.#batchProduct(X, map, 1 / relative));
        for (let at = 0; at < total.data.length; at++) total.data[at]! += weight * product.data[at]!;
        await visit({ index, weight, product });
        index++;
      }
      return total;
    });
  }

  async #batchProduct(X: Block, map: LinearMap, factor: number): Promise<Block> {
    const product = zeros(X.rows, X.cols, 'float32');
    for (const part of this.#split(X)) {
      try {
        pushThrough(map, part, this.#layout);
        const block = await toBlock(part.sums, this.#layout, part.block.cols, factor);
        copyColumns(block, 0, block.cols, product, part.first);
      } finally {
        disposePart(part);
      }
    }
    return product;
  }

  #split(X: Block): Part[] {
    return this.#batches.split(X).map((each) => ({ ...each, tangents: [], sums: [] }));
  }

  /** The loss and its gradient, from the first pass. */
  valueAndGradient(): Promise<{ loss: number; gradient: Float32Array }> {
    return this.#batches.use(async () => {
      const { loss, gradient, factor } = await this.#ready();
      return { loss: loss * factor, gradient: gradient.map((value) => value * factor) };
    });
  }

  dispose(): void {
    this.#batches.dispose();
  }

  /** Records at the first call; one recording serves calls that overlap. A failed one is tried again by the next call. */
  async #ready(): Promise<State> {
    this.#state ??= this.#survey().catch((error) => {
      this.#state = undefined;
      throw error;
    });
    const state = await this.#state;
    this.#batches.checkPoint();
    return state;
  }

  async #survey(): Promise<State> {
    await prepareTensorFlow();
    const { problem, check, psd = false } = this.#spec;
    const batches = this.#batches;
    const probes = check ? await makeProbes(this.#rows) : undefined;
    const probing: Probing | undefined = probes && {
      probes,
      judge: async ({ gradient, products }, index, multiply) => {
        await refuseNonFinite(problem, 'gradient', gradient);
        await refuseNonFinite(problem, 'product', products.data, probes);
        await checkProducts(problem.termName(index), probes, products, multiply, psd);
      },
    };
    return currentBackend().onDevice(async () => {
      const first = await survey(problem, (visit) => batches.first(visit, check), probing);
      try {
        await refuseNonFinite(problem, 'gradient', first.gradient);
        if (probes) {
          const again = (others: Recorder, mayLeaveOut: (index: number) => boolean, columns?: Block) =>
            survey(
              problem,
              (visit) => batches.again(visit, (term, index) => this.#record(others, term, index), mayLeaveOut),
              columns && { probes: columns },
            );
          const repeat = {
            values: (column: Block) => again(valueRecorder, (index) => first.likeFirst[index]!, column),
            gradients: () => again(this.#spec.record, () => false),
          };
          await checkConsistency(problem.layout, probes, first, repeat);
        }
      } catch (error) {
        batches.forget();
        throw error;
      }
      this.#untried = check;
      return { ...first, probed: undefined, factor: problem.normalise ? 1 / first.total : 1 };
    });
  }
}

/** Some columns of a block, and their product as far as it has got. */
interface Part extends Columns {
  /** The columns on the device, from the first term on. */
  tangents: Tensor[];
  sums: (Tensor | undefined)[];
}

function pushThrough(map: LinearMap, part: Part, layout: readonly ParameterInfo[]): void {
  if (part.tangents.length === 0) part.tangents = tidy(() => toTangents(part.block, layout));
  tidy(() => {
    part.sums = accumulate(part.sums, map.apply(part.tangents));
    return part.sums as Tensor[];
  });
}

function disposePart({ tangents, sums }: Part): void {
  disposePresent([...tangents, ...sums]);
}

/** Makes the operator that messages call `name`. Nothing runs before its first product. */
export function curvatureOperator(name: string, spec: CurvatureSpec): CurvatureOperator {
  const curvature = new RecordedCurvature(name, spec);
  const { layout } = spec.problem;
  const rows = numbersIn(layout);
  const op: CurvatureOperator = deviceOperator(name, spec.memory, {
    shape: [rows, rows] as const,
    selfAdjoint: true as const,
    ...(spec.psd ? { psd: true } : {}),
    numParameters: rows,
    parameters: layout,
    fixedWeights: spec.problem.fixedWeights,
    ...parameterVectors(name, layout),
    matmat: (X: Block, out?: Block) => curvature.multiply(X, out),
    matmatByBatch: async (X: Block, visit: (part: BatchProduct) => void | Promise<void>) =>
      curvature.multiplyByBatch(X, visit),
    loss: () => atDoor(name, async () => (await curvature.valueAndGradient()).loss),
    gradient: () => atDoor(name, async () => (await curvature.valueAndGradient()).gradient),
    action: (X: Block) =>
      atDoor(name, async () => {
        const product = await op.matmat(X);
        return { ...(await curvature.valueAndGradient()), product };
      }),
    dispose: () => curvature.dispose(),
  });
  return op;
}
