/** The record a decomposition comes back as, which is itself a linear operator. */
import type { Block } from '../core/block.ts';
import { type Plain, withJson } from '../core/json.ts';
import type { Distribution } from '../core/random.ts';
import type { Kernels } from '../linalg/kernels/provider.ts';
import { defineOperator, type Operator } from '../linops/define.ts';
import { applySymmetric } from '../linops/low-rank.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { Multivector } from '../multivector/multivector.ts';
import type { Eigenpairs } from './eigenpairs.ts';

/** Wall-clock seconds of the two halves of a sketched decomposition. */
export interface SketchSeconds {
  /** Products with random columns. */
  sketch: number;
  /** Everything after: orthonormalisation, further products, small algebra. */
  recovery: number;
}

/** A ~ V diag(eigenvalues) V^T, n x n of rank r, by any function; as a LinearOperator it applies exactly that. */
export interface EighResult<Stages extends object = object> extends Operator, Plain {
  /** Length r, in the order `which`. */
  eigenvalues: Float64Array;
  /** n x r, orthonormal columns; with `lazyVectors` formed when they are first read. */
  eigenvectors: Multivector;
  /** ||A v_i - eigenvalues_i v_i||_2, length r; absent where the method does not know A v_i. */
  residualNorms?: Float64Array;
  /**
   * With `lazyVectors`: `residualNorms` are upper bounds, twice the root mean squares of so many Gaussian combinations of the rows of
   * A V - V diag(eigenvalues); one of them is too small, beside rounding of the products, with probability at most 1e-10. Absent where they are the norms themselves.
   */
  residualSamples?: number;
  /**
   * How far residual norms and eigenvalues may be from those of exact products: noise and rounding, as far as the products
   * have shown it; `krylov` and `eigsh`, whose residual norms contain it.
   */
  noiseFloor?: number;
  /**
   * The error is exactly (I - P) A (I - P), orthogonal to the approximation, P a projector: `hmt` with `refine` and all of its
   * pairs, so ||A||_F^2 = ||approximation||_F^2 + ||error||_F^2.
   */
  orthogonalError?: boolean;
  /**
   * Estimate of ||A - V diag(eigenvalues) V^T||_F that costs no product (leave-one-out), for plain `hmt` of full rank. It is
   * usually within a few percent and never certified: it uses the sketch twice.
   */
  leaveOneOutError?: number;
  /**
   * Standard error of each eigenvalue over data batches, with `perBatch`: how much the eigenvalue would vary with other
   * data of the same kind. It says nothing about the sketch, whose error is in `residualNorms` and the certificate.
   */
  samplingErrors?: Float64Array;
  /**
   * Claims of the operator that the result rests on: `['psd']` for `nystrom` with `psd`, whose products have not contradicted it.
   * A certificate of the result does not rest on them.
   */
  assumes?: readonly string[];
  /** Products with single columns spent, probes included. */
  numMatvecs: number;
  /** r: eigenpairs returned. */
  rank: number;
  /** Columns of the sketch. */
  dims: number;
  /** Directions of the sketch that were numerically dependent on the others. */
  dropped: number;
  /** The method of `seigh` that made it. */
  method: string;
  /** Distribution of the test matrix. */
  testMatrix: Distribution;
  /** Of the random columns. */
  seed: number;
  /** Columns of one product. */
  blockSize: number;
  /** The dense kernel provider that did the algebra. */
  kernels: string;
  /** What made the operator's products, as it says: 'webgpu (nvidia, ...)'. */
  backend?: string;
  /**
   * ||C - C^T||_F / ||C||_F of the core (for hmt: of its leading 64 rows and columns; for krylov, eigsh and nystrom relative to the
   * products, which a core of few columns may be far smaller than) before symmetrising: rounding for
   * hmt and nystrom, sketching error for oversampled.
   */
  coreAsymmetry: number;
  /** Wall-clock seconds, with `store` over all processes and interruptions. */
  seconds: number;
  /** Where they went; they add up to `seconds`. */
  secondsByStage: Stages;
  /** The approximation is symmetric. */
  selfAdjoint: true;
  /** V diag(eigenvalues) V^T X for an n x b block X. */
  matmat(X: Block): Promise<Block>;
  /** The same product: the approximation is symmetric. */
  adjointMatmat(X: Block): Promise<Block>;
}

/** Ritz pairs: their residual norms are known, so that `apost` certifies each eigenvalue. */
export type RitzResult = EighResult<SketchSeconds> & Required<Pick<EighResult, 'residualNorms'>>;

/** What a driver knows beside the eigenpairs. */
export type RunFacts<Stages extends object = SketchSeconds> = Pick<
  EighResult<Stages>,
  'numMatvecs' | 'dims' | 'dropped' | 'method' | 'testMatrix' | 'seed' | 'blockSize' | 'secondsByStage' | 'backend'
>;

/** The seconds of all stages. */
export const totalSeconds = (stages: object): number =>
  Object.values(stages).reduce((total: number, seconds: number) => total + seconds, 0);

/** What an operator says that makes its products. */
export function backendOf({ backend }: LinearOperator): { backend?: string } {
  return backend === undefined ? {} : { backend };
}

export function makeEighResult<Stages extends object = SketchSeconds>(
  pairs: Eigenpairs & { residualNorms: Float64Array },
  facts: RunFacts<Stages>,
  kernels: Kernels,
): EighResult<Stages> & Required<Pick<EighResult, 'residualNorms'>>;
export function makeEighResult<Stages extends object = SketchSeconds>(
  pairs: Eigenpairs,
  facts: RunFacts<Stages>,
  kernels: Kernels,
): EighResult<Stages>;
export function makeEighResult<Stages extends object>(
  pairs: Eigenpairs,
  facts: RunFacts<Stages>,
  kernels: Kernels,
): EighResult<Stages> {
  const { values, vectors, residualNorms, residualSamples, noiseFloor, orthogonalError, leaveOneOutError } = pairs;
  const { assumes, samplingErrors, coreAsymmetry } = pairs;
  const n = vectors.rows;
  const apply = (X: Block): Promise<Block> => applySymmetric(vectors, values, X, kernels);
  const parts = withJson<Omit<EighResult<Stages>, 'apply' | 'toJSON'>>({
    shape: [n, n],
    dtype: vectors.dtype,
    selfAdjoint: true,
    psd: values.every((value) => value >= 0),
    eigenvalues: values,
    eigenvectors: vectors,
    ...(residualNorms ? { residualNorms } : {}),
    ...(residualSamples === undefined ? {} : { residualSamples }),
    ...(noiseFloor === undefined ? {} : { noiseFloor }),
    ...(orthogonalError ? { orthogonalError } : {}),
    ...(leaveOneOutError === undefined ? {} : { leaveOneOutError }),
    ...(samplingErrors ? { samplingErrors } : {}),
    ...(assumes ? { assumes } : {}),
    rank: values.length,
    coreAsymmetry,
    kernels: kernels.name,
    ...facts,
    seconds: totalSeconds(facts.secondsByStage),
    matmat: apply,
    adjointMatmat: apply,
  });
  return defineOperator('result', parts);
}
