/** A weighted sum of recorded terms as a symmetric linear operator. */
import { type Tensor, tidy } from '@tensorflow/tfjs-core';
import { asDType, type Block, checkBlock, copyColumns, zeros } from '../../core/block.ts';
import { ArgumentError } from '../../core/errors.ts';
import type { BatchProduct } from '../../linops/operator.ts';
import type { LinearMap } from '../autodiff/linearise.ts';
import { describeBackend } from '../backends/record.ts';
import { ensureGradients } from '../backends/use-backend.ts';
import { onDevice } from '../backends/webgpu/faults.ts';
import { type ParameterInfo, toBlock, toTangents } from '../problem/parameters.ts';
import { bestBlockSize, worksAside } from './block-size.ts';
import { type Columns, splitColumns } from './columns.ts';
import type { Action, CurvatureOperator } from './curvature.ts';
import { Fitting } from './fitting.ts';
import { accumulate, disposePresent, type Passes, products, type Survey, survey } from './passes.ts';
import { checkTrust, makeProbes } from './trust.ts';

/** What a curvature operator is made from. */
export interface CurvatureSpec extends Passes {
  /** Whether to divide the weights by their sum. */
  readonly normalise: boolean;
  /** Whether to make a second pass and compare. */
  readonly check: boolean;
  /** Keep recorded terms: always, never, or while they take at most half of `memory`. */
  readonly cache: boolean | undefined;
  /** Bytes of the device to use. */
  readonly memory: number;
  readonly psd?: boolean;
  /** Called by `dispose`. */
  readonly release: () => void;
}

/** The terms as they were found, what scales their sum, and where the leaves were then. */
interface State extends Survey {
  readonly factor: number;
  /** The data of the leaves when they were recorded: another identity means they were assigned. */
  readonly leafData: readonly object[];
}

async function prepare(spec: CurvatureSpec): Promise<State> {
  await ensureGradients(spec.where);
  return onDevice(spec.where, () => recordAll(spec));
}

async function recordAll(spec: CurvatureSpec): Promise<State> {
  const rows = spec.layout.reduce((total, { size }) => total + size, 0);
  const probes = spec.check ? makeProbes(rows) : undefined;
  const keepBytes = spec.cache === undefined ? spec.memory / 2 : spec.cache ? Number.POSITIVE_INFINITY : -1;
  const leafData = spec.leaves.map(({ dataId }) => dataId);
  const first = await survey(spec, keepBytes, probes);
  try {
    if (probes) await checkTrust(spec, first, probes, spec.psd === true);
  } catch (error) {
    for (const map of first.kept ?? []) map.dispose();
    throw error;
  }
  return { ...first, products: undefined, factor: spec.normalise ? 1 / first.total : 1, leafData };
}

class RecordedCurvature implements CurvatureOperator {
  readonly shape: readonly [number, number];
  readonly dtype = 'float32';
  readonly selfAdjoint = true;
  readonly psd?: boolean;
  readonly numParameters: number;
  readonly parameters: readonly ParameterInfo[];
  readonly backend: string;
  readonly overlaps: boolean;
  readonly #spec: CurvatureSpec;
  readonly #fitting: Fitting;
  #blockSize: number;
  #calibration: Promise<void> | undefined;
  #state: Promise<State> | undefined;
  #disposed = false;

  constructor(spec: CurvatureSpec) {
    this.#spec = spec;
    this.#fitting = new Fitting(spec.where);
    this.backend = describeBackend();
    this.overlaps = worksAside();
    this.parameters = spec.layout;
    this.numParameters = spec.layout.reduce((total, { size }) => total + size, 0);
    this.shape = [this.numParameters, this.numParameters];
    // A block and its product, in 4 bytes a number, take no more than half of the memory.
    this.#blockSize = Math.max(1, Math.min(64, Math.floor(spec.memory / (16 * this.numParameters))));
    if (spec.psd) this.psd = true;
  }

  get preferredBlockSize(): number {
    return this.#blockSize;
  }

  calibrate(): Promise<void> {
    this.#calibration ??= this.#calibrate().catch((error) => {
      this.#calibration = undefined;
      throw error;
    });
    return this.#calibration;
  }

  async #calibrate(): Promise<void> {
    if (!this.overlaps) return;
    const most = Math.floor(this.#spec.memory / (16 * this.numParameters));
    this.#blockSize = await bestBlockSize(this.numParameters, most, (X) => this.matmat(X));
  }

  async matmat(X: Block, out?: Block): Promise<Block> {
    const { where } = this.#spec;
    checkBlock(`${where}: matmat`, X, this.numParameters, X?.cols);
    const state = await this.#ready();
    return this.#fitting.attempt(X.cols, () => onDevice(where, () => this.#product(asDType(X, 'float32'), state, out)));
  }

  async #product(X: Block, state: State, out?: Block): Promise<Block> {
    const { layout } = this.#spec;
    let parts: Part[] = [];
    try {
      for await (const map of products(this.#spec, state)) {
        if (parts.length === 0) parts = this.#split(X, map);
        for (const part of parts) pushThrough(map, part, layout);
      }
      if (parts.length === 1) return await toBlock(parts[0]!.sums, layout, X.cols, state.factor, out);
      const Y = out ?? zeros(X.rows, X.cols, 'float32');
      for (const { sums, block, first } of parts) {
        const product = await toBlock(sums, layout, block.cols, state.factor);
        copyColumns(product, 0, block.cols, Y, first);
      }
      return Y;
    } finally {
      for (const part of parts) disposePart(part);
    }
  }

  async matmatByBatch(X: Block, visit: (part: BatchProduct) => void | Promise<void>): Promise<Block> {
    const { where } = this.#spec;
    checkBlock(`${where}: matmatByBatch`, X, this.numParameters, X?.cols);
    const state = await this.#ready();
    const total = zeros(X.rows, X.cols, 'float32');
    let index = 0;
    for await (const map of products(this.#spec, state)) {
      const relative = state.weights[index]!;
      const weight = relative * state.factor;
      const product = await this.#fitting.attempt(X.cols, () =>
        onDevice(where, () => this.#batchProduct(asDType(X, 'float32'), map, 1 / relative)),
      );
      for (let at = 0; at < total.data.length; at++) total.data[at]! += weight * product.data[at]!;
      await visit({ index, weight, product });
      index++;
    }
    return total;
  }

  async #batchProduct(X: Block, map: LinearMap, factor: number): Promise<Block> {
    const { layout } = this.#spec;
    const product = zeros(X.rows, X.cols, 'float32');
    for (const part of this.#split(X, map)) {
      try {
        pushThrough(map, part, layout);
        const block = await toBlock(part.sums, layout, part.block.cols, factor);
        copyColumns(block, 0, block.cols, product, part.first);
      } finally {
        disposePart(part);
      }
    }
    return product;
  }

  #split(X: Block, { bytesPerColumn, largestPerColumn }: LinearMap): Part[] {
    this.#fitting.noteTensor(X.cols, largestPerColumn);
    const columns = splitColumns(X, bytesPerColumn, this.#spec.memory / 2, this.#fitting.most);
    return columns.map((each) => ({ ...each, tangents: [], sums: [] }));
  }

  async loss(): Promise<number> {
    const { loss, factor } = await this.#ready();
    return loss * factor;
  }

  async gradient(): Promise<Float32Array> {
    const { gradient, factor } = await this.#ready();
    return gradient.map((value) => value * factor);
  }

  async action(X: Block): Promise<Action> {
    const product = await this.matmat(X);
    return { loss: await this.loss(), gradient: await this.gradient(), product };
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#spec.release();
    const release = ({ kept }: State) => {
      for (const map of kept ?? []) map.dispose();
    };
    this.#state?.then(release, () => {});
  }

  /** Records at the first call; one recording serves calls that overlap. A failed one is tried again by the next call. */
  async #ready(): Promise<State> {
    const { where, leaves, layout } = this.#spec;
    if (this.#disposed) throw new ArgumentError(`${where}: the operator is disposed; make a new one`, {});
    this.#state ??= prepare(this.#spec).catch((error) => {
      this.#state = undefined;
      throw error;
    });
    const state = await this.#state;
    const assigned = leaves.findIndex((leaf, i) => leaf.dataId !== state.leafData[i]);
    if (assigned >= 0) {
      throw new ArgumentError(
        `${where}: parameter '${layout[assigned]!.name}' was assigned after the first product; the operator belongs to ` +
          'one point: dispose it and make a new one',
        { parameter: layout[assigned]!.name },
      );
    }
    return state;
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

/** Makes the operator. Nothing runs before its first product. */
export function curvatureOperator(spec: CurvatureSpec): CurvatureOperator {
  return new RecordedCurvature(spec);
}
