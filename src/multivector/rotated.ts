/** Columns Q U that are formed when they are first read: who reads none of them does not pay for the product. */
import type { Block } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import type { Factors, Multivector, Space } from './multivector.ts';
import { times } from './verbs.ts';

/** basis rotation, in memory. Once formed it is rounded once, and the basis is given up. */
export class RotatedColumns implements Multivector {
  readonly rows: number;
  readonly cols: number;
  readonly dtype: DType;
  readonly space: Space;
  readonly #kernels: Kernels;
  #factors: Factors | undefined;
  #forming: Promise<Multivector> | undefined;
  #formed: Multivector | undefined;

  constructor(factors: Factors, kernels: Kernels) {
    const { basis, rotation } = factors;
    this.rows = basis.rows;
    this.cols = rotation.cols;
    this.dtype = basis.dtype;
    this.space = basis.space;
    this.#kernels = kernels;
    this.#factors = factors;
  }

  get factors(): Factors | undefined {
    return this.#factors;
  }

  get viewRows(): ((start: number, count: number) => Block) | undefined {
    return this.#formed?.viewRows?.bind(this.#formed);
  }

  async #form({ basis, rotation }: Factors): Promise<Multivector> {
    // not in the place of the basis: who works with the factors at the moment goes on reading it
    const out = await this.space.allocate(this.cols);
    // in float64, so that the columns are those of the product to one rounding: what is known of the factors is known of them
    this.#formed = await times(basis, rotation, out, { kernels: this.#kernels }, { wide: true });
    this.#factors = undefined;
    return this.#formed;
  }

  async #columns(): Promise<Multivector> {
    if (this.#formed) return this.#formed;
    this.#forming ??= this.#form(this.#factors!);
    try {
      return await this.#forming;
    } finally {
      this.#forming = undefined;
    }
  }

  async readColumns(start: number, end: number, into?: Block): Promise<Block> {
    return (await this.#columns()).readColumns(start, end, into);
  }

  async writeColumns(start: number, block: Block): Promise<void> {
    return (await this.#columns()).writeColumns(start, block);
  }

  async readRows(start: number, count: number, into?: Block): Promise<Block> {
    return (await this.#columns()).readRows(start, count, into);
  }

  async writeRows(start: number, panel: Block): Promise<void> {
    return (await this.#columns()).writeRows(start, panel);
  }

  async toBlock(): Promise<Block> {
    return (await this.#columns()).toBlock();
  }
}
