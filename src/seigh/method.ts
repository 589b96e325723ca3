/** What a method of `seigh` is: its options, its cost, its steps, and how it goes from products to eigenpairs. */
import type { Matrix } from '../core/block.ts';
import type { DType } from '../core/dtype.ts';
import type { Field } from '../core/parse.ts';
import type { Distribution } from '../core/random.ts';
import type { Control } from '../core/schedule.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import type { TestMatrix } from '../sketch/test-matrix.ts';
import type { Eigenpairs, RecoveryContext, Which } from '../spectrum/eigenpairs.ts';

/** What bounds and defaults of options depend on, as far as it is known: a command line is read before its operator. */
export interface Known {
  /** Rows and columns of the operator. */
  n?: number | undefined;
  /** Columns of the sketch. */
  dims?: number | undefined;
  /** Whether the operator declares itself positive semidefinite. */
  psd?: boolean | undefined;
  /** Element type of the operator. */
  dtype?: DType | undefined;
}

/** A field for each option of a method. */
export type FieldsOf<O extends object> = { readonly [K in keyof O]-?: Field<O[K]> };

/** The parsed options that every method takes, without those that say where it works. */
export interface Sketch {
  n: number;
  /** Columns of the sketch. */
  dims: number;
  /** Eigenpairs returned at most; undefined for all that the method gives. */
  rank: number | undefined;
  which: Which;
  testMatrix: Distribution;
  seed: number;
  /** Columns of one product. */
  blockSize: number;
}

/** A sketch to be recovered from, and where that is done. */
export interface Recovery extends Sketch, Control {
  kernels: Kernels;
  /** Where new multivectors are made. */
  space: Space;
}

/** A sketch to be measured and recovered from. */
export interface Run extends Recovery {
  op: LinearOperator;
}

/** Products of the operator, column block by column block: blocks are independent, so several processes may share them. */
export interface MeasuredStage {
  kind: 'measured';
  name: string;
  /** What is multiplied: a test matrix, or the orthonormal basis that another stage has made. */
  input: 'outer' | 'inner' | { basis: string };
  /** Columns; of a basis at most so many. */
  cols: number;
}

/** An orthonormal basis of the range of one measured stage. */
export interface BasisStage {
  kind: 'basis';
  name: string;
  from: string;
}

/** One step from the operator to what the recovery reads. */
export type Stage = MeasuredStage | BasisStage;

/** The steps of a method, and the names of those that its recovery reads, in the order in which it takes them. */
export interface Stages {
  steps: Stage[];
  recoveredFrom: string[];
}

/** What the steps of a method have made. */
export interface Measured {
  /** The multivectors of `recoveredFrom`. */
  blocks: readonly Multivector[];
  /** T of the first orthonormalisation that drops no direction, Q = Y T: estimates of the error need it. */
  T?: (() => Promise<Matrix>) | undefined;
}

/** What a recovery starts from, the products it cost and when those with random columns ended (`performance.now()`). */
export interface Measurement<M> {
  measured: M;
  numMatvecs: number;
  sketchedAt: number;
}

/** Eigenpairs, and the directions of the sketch that were numerically dependent on the others. */
export interface Recovered {
  pairs: Eigenpairs;
  dropped: number;
}

/** What a sketch of some columns costs. Columns are columns of tall blocks. */
export interface Cost {
  /** Products with single columns; infinite where the options do not allow so many columns. */
  products: number;
  /** Columns that exist at once at the peak, in memory. */
  columns: number;
  /** Columns of the inner sketch. */
  innerDims: number;
  /** Eigenpairs that come out of an operator of full rank. */
  rank: number;
}

/** What a sketch of some columns costs in a directory, in columns of tall blocks: upper bounds. */
export interface StoredColumns {
  /** Of the widest multivector. */
  widest: number;
  /** In temporary files at the peak, beside the stages. */
  temporary: number;
  /** Eigenvectors. */
  result: number;
}

/**
 * A method of `seigh`. Everything that depends on the method asks its descriptor: runs in memory and in directories, plans, the
 * command line and its help. A new one is a file with a descriptor and a row in `methods.ts`.
 *
 * @typeParam O its own options, parsed
 * @typeParam M what its recovery starts from: {@link Measured} where it has stages
 */
export interface MethodDescriptor<N extends string = string, O extends object = object, M = unknown> {
  readonly name: N;
  /** What it does, in one line. */
  readonly summary: string;
  /** Products with single columns as a formula in k, the columns of the sketch. */
  readonly products: string;
  /** Its own options, beside those of every method. */
  options(known: Known): FieldsOf<O>;
  /** Those of its own options that cannot be had in a directory. */
  readonly inMemoryOnly?: readonly string[];
  /** @throws ArgumentError or UnsupportedError for options that do not go together, or with the operator. */
  check?(options: O, op: LinearOperator | undefined): void;
  cost(dims: number, options: O): Cost;
  /** Absent where it cannot work in a directory. */
  storedColumns?(dims: number, options: O): StoredColumns;
  /** Columns of one product at most, where the caller does not say; default: no limit of its own. */
  blockColumns?(dims: number): number;
  /** Absent where products depend on one another in ways that files do not hold. */
  stages?(sketch: Pick<Sketch, 'dims'> & O): Stages;
  measure(run: Run & O): Promise<Measurement<M>>;
  /** @throws NumericalError for an operator that is not symmetric. */
  recover(measured: M, run: Recovery & O): Promise<Recovered>;
  /** Whether its eigenpairs come with residual norms. */
  hasResidualNorms(options: O): boolean;
}

/** Omega, n x dims. */
export function outerMatrix(run: Pick<Sketch, 'n' | 'dims' | 'seed' | 'testMatrix'>): TestMatrix {
  const key = { seed: run.seed, purpose: 'sketch' } as const;
  return { distribution: run.testMatrix, key, rows: run.n, cols: run.dims };
}

/** The second test matrix that the operator multiplies, n x cols, independent of the first. */
export function innerMatrix(run: Pick<Sketch, 'n' | 'seed' | 'testMatrix'>, cols: number): TestMatrix {
  const key = { seed: run.seed, purpose: 'inner' } as const;
  return { distribution: run.testMatrix, key, rows: run.n, cols };
}

/** What a recovery works with, returning `fallback` eigenpairs where the caller sets no rank. */
export function recoveryContext(run: Recovery, fallback: number): RecoveryContext {
  return { ...run, rank: run.rank ?? fallback };
}
