/**
 * Low-rank eigendecompositions of huge symmetric operators from random sketches, with a certificate of the error.
 *
 * @example
 * const A = fromMatvec({ shape: [n, n], dtype: 'float64', selfAdjoint: true, matvec: (x) => multiplyByA(x) });
 * const sketch = await seigh(A, 200, { seed: 1 });
 * const cert = await apost(A, sketch, { tests: 30, confidence: 0.99 });
 * console.log(sketch.eigenvalues, cert.relativeError); // { estimate, lower, upper }
 *
 * @module eigensketch
 */

export { apost, type KnownResiduals } from './apost/apost.ts';
export {
  CERTIFICATE_SCHEMA,
  type Certificate,
  type CertificateEvent,
  type DeflatedCertificate,
  type GivenCertificate,
  type GivenMeasurements,
  type Inertia,
  type LikelyIntervals,
} from './apost/certificate.ts';
export type { RitzPairs } from './apost/deflated.ts';
export type { ApostOptions } from './apost/options.ts';
export { apostErrorBounds, type ErrorBounds, type PlanTestsOptions, planTests } from './apost/plan.ts';
export { type GivenPairs, ritzPairs } from './apost/ritz-pairs.ts';
export { smallestRank } from './apost/scree.ts';
// data and errors
export type { Block, Matrix } from './core/block.ts';
export type { DType, FloatArray } from './core/dtype.ts';
export {
  ArgumentError,
  DeviceError,
  EigensketchError,
  type ErrorCode,
  NumericalError,
  ShapeError,
  StoreError,
  UnsupportedError,
} from './core/errors.ts';
export type { Plain } from './core/json.ts';
export type { Memory } from './core/memory.ts';
export type { Distribution } from './core/random.ts';
export type { Control, Progress } from './core/schedule.ts';
export type { Completeness } from './eigsh/completeness.ts';
export type { EigshStatus } from './eigsh/iteration.ts';
export type { EigshOptions } from './eigsh/options.ts';
export type { EigshFacts, EigshResult } from './eigsh/result.ts';
export type { SearchSeconds } from './eigsh/stopwatch.ts';
export { eigsh } from './eigsh.ts';
export { type Density, tridiagToDensity } from './krylov/density.ts';
export type { DensityOptions, DensityScale, SpectralDensityOptions } from './krylov/density-options.ts';
// Krylov methods
export { type LanczosOptions, type LanczosResult, lanczos, type Tridiagonal } from './krylov/lanczos.ts';
export type { GaussRule } from './krylov/quadrature.ts';
export { type SpectralDensity, spectralDensity } from './krylov/spectral-density.ts';
export type { KrylovWhich } from './krylov/which.ts';
export type { KernelsChoice } from './linalg/kernels/choice.ts';
// operators
export { product, sum } from './linops/composite.ts';
export { type CovarianceOptions, covarianceOperator } from './linops/covariance.ts';
export type { Operator } from './linops/define.ts';
export { denseOperator, diagonalOperator } from './linops/dense.ts';
export { fromMatvec, type MatvecSpec, type MaybePromise, type Product } from './linops/from-matvec.ts';
export { type GraphLaplacianOptions, graphLaplacian } from './linops/graph-laplacian.ts';
export { lowRankOperator } from './linops/low-rank.ts';
export type { Asymmetry, BatchProduct, LentMemory, LinearOperator } from './linops/operator.ts';
export { type SparseOperator, sparseOperator } from './linops/sparse.ts';
export type {
  CompressedEntries,
  CoordinateEntries,
  IndexArray,
  SparseEntries,
  SparseShape,
} from './linops/sparse-entries.ts';
export type { ColumnStore, Factors, Multivector, Scope, Space } from './multivector/multivector.ts';
// certificates
export type { AdaptiveResult, AdaptiveStatus } from './seigh/certified-search.ts';
export type { HmtOptions } from './seigh/hmt.ts';
export type { Method, MethodTable } from './seigh/methods.ts';
export type { NystromOptions } from './seigh/nystrom.ts';
// decompositions
export type {
  AccuracyOptions,
  AdaptiveOptions,
  ForeignOptions,
  MethodOptions,
  OwnOptions,
  RitzOptions,
  SeighOptions,
  SketchOptions,
} from './seigh/options.ts';
export type { OversampledOptions } from './seigh/oversampled.ts';
export { type Budget, planSketch, type SketchBudget, type SketchPlan } from './seigh/plan.ts';
export { seigh } from './seigh.ts';
export type { SsvdOptions } from './sketch/svd-options.ts';
// solvers
export { cg } from './solvers/cg.ts';
export type { CgResult, NegativeCurvature } from './solvers/conjugate-gradients.ts';
export type { SolverOptions } from './solvers/linear-system.ts';
export { minres } from './solvers/minres.ts';
export { type LowRankEigenpairs, nystromPreconditioner } from './solvers/nystrom-preconditioner.ts';
export type { SolveResult, SolveStatus } from './solvers/solve.ts';
export type { VectorLike } from './solvers/vectors.ts';
export type { Which } from './spectrum/eigenpairs.ts';
export type { EighResult, RitzResult, SketchSeconds } from './spectrum/result.ts';
export { type SvdResult, ssvd } from './ssvd.ts';
export type { Interval } from './stats/interval.ts';
// traces, diagonals, norms
export { type DiagonalMethod, type DiagonalOptions, type DiagonalResult, diagonal } from './traces/diagonal.ts';
export { frobeniusNorm, type NormResult } from './traces/frobenius-norm.ts';
export type {
  EstimatorOptions,
  FrobeniusNormOptions,
  SpectralNormOptions,
  StoppingOptions,
  TraceFunctionOptions,
  TraceMethod,
  TraceOptions,
} from './traces/options.ts';
export { spectralNorm } from './traces/spectral-norm.ts';
export { type CertifiedTraceResult, type TraceResult, trace } from './traces/trace.ts';
export { logdet, type TraceFunctionResult, traceFunction } from './traces/trace-function.ts';
