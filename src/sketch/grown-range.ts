/** An orthonormal basis of the range of a sketch A Omega that grows by blocks of columns, with the products of the basis. */
import { type Matrix, zeroMatrix } from '../core/block.ts';
import { extendBasis, extendFactor, extendInverse } from '../multivector/extend.ts';
import { GrownColumns } from '../multivector/grown-columns.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import type { VerbContext } from '../multivector/verbs.ts';

/** What a range needs to grow. */
export interface RangeContext extends VerbContext {
  /** Of the basis and its products. */
  space: Space;
  /** A Omega for `count` columns of Omega, after the first `done` of them; it is used up. */
  sketch(done: number, count: number): Promise<Multivector>;
  /** What is to be known of new columns of the basis: A Q, or A^T Q. */
  multiply(Q: Multivector): Promise<Multivector>;
}

/** The columns that a step of growth has added. */
export interface AddedRange {
  /** Orthonormal, and orthogonal to the columns before. */
  Q: Multivector;
  /** The products of these columns. */
  Z: Multivector;
}

/**
 * Q R = A Omega with orthonormal Q, up to dropped directions, and Z = A Q. Each block of columns is projected against the
 * basis so far and orthonormalised ({@link extendBasis}); R and its inverse grow by the same blocks.
 */
export class GrownRange {
  readonly #context: RangeContext;
  /** n x r, orthonormal. */
  readonly Q: GrownColumns;
  /** A Q, n x r. */
  readonly Z: GrownColumns;
  #dims = 0;
  #R: Matrix = zeroMatrix(0, 0);
  #T: Matrix = zeroMatrix(0, 0);
  #isExhausted = false;
  #sketchSeconds = 0;

  constructor(context: RangeContext) {
    this.#context = context;
    this.Q = new GrownColumns(context.space);
    this.Z = new GrownColumns(context.space);
  }

  /** k, the columns of Omega so far. */
  get dims(): number {
    return this.#dims;
  }

  /** r x k. */
  get R(): Matrix {
    return this.#R;
  }

  /** k x r, with R T = I: the inverse of R where nothing was dropped, and then Q = A Omega T. */
  get T(): Matrix {
    return this.#T;
  }

  /** Directions of A Omega that were rounding: k - r. */
  get dropped(): number {
    return this.#dims - this.#R.rows;
  }

  /** The last block lay in the span of the others up to rounding: further ones have nothing to add. */
  get isExhausted(): boolean {
    return this.#isExhausted;
  }

  /** Products with single columns so far: those of the sketch and those of the basis. */
  get numMatvecs(): number {
    return this.#dims + this.#R.rows;
  }

  /** Seconds that the products A Omega took. */
  get sketchSeconds(): number {
    return this.#sketchSeconds;
  }

  /** Takes `count` more columns of Omega. */
  async grow(count: number): Promise<AddedRange> {
    const context = this.#context;
    const startedAt = performance.now();
    const Y = await context.sketch(this.#dims, count);
    this.#sketchSeconds += (performance.now() - startedAt) / 1000;
    const { added, coupling, exhausted } = await extendBasis(this.Q.parts, Y, context.space, context);
    await Y.space.release(Y);
    const Z = await context.multiply(added.basis);
    this.#R = extendFactor(this.#R, coupling, await added.R());
    this.#T = await extendInverse(this.#T, coupling, await added.T(), context);
    this.#dims += count;
    this.#isExhausted = exhausted;
    await this.Q.append(added.basis, context);
    await this.Z.append(Z, context);
    return { Q: added.basis, Z };
  }
}
