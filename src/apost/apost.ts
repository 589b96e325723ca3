/** A-posteriori error of any approximation of an operator, from products with fresh Gaussian vectors. */

import { atDoor } from '../core/door.ts';
import type { FloatArray } from '../core/dtype.ts';
import { ShapeError } from '../core/errors.ts';
import { timesPowerOfTwo } from '../core/power-of-two.ts';
import { supervise } from '../core/schedule.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { atScale, exponentFor } from '../linops/at-scale.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { checkOperator } from '../linops/probes.ts';
import { hostSpace } from '../multivector/host.ts';
import type { Multivector, Space } from '../multivector/multivector.ts';
import type { VerbContext } from '../multivector/verbs.ts';
import { prepareBlocks } from '../sketch/block-size.ts';
import type { MeasureContext } from '../sketch/measure.ts';
import { materialise, type TestMatrix } from '../sketch/test-matrix.ts';
import { levelAtLook } from '../stats/sequential.ts';
import {
  CERTIFICATE_SCHEMA,
  CERTIFIED_LENGTHS,
  type Certificate,
  type DeflatedCertificate,
  type GivenCertificate,
} from './certificate.ts';
import { type Certification, largestMagnitude, type Statements } from './certification.ts';
import { type Core, diagonalCore, rotatedCore } from './completeness.ts';
import { certifyDeflated, freeOfSpan, type RitzPairs, type SeenVectors } from './deflated.ts';
import type { certifyGiven } from './given.ts';
import { type ApostOptions, type CertifyOptions, parseApostOptions } from './options.ts';
import type { GivenPairs } from './ritz-pairs.ts';
import { certifySampled } from './sampled.ts';

/** Which of the certificates this is of a search that may end at any of them: a look of a sequential procedure ({@link levelAtLook}). */
export interface Look {
  /** 1, 2, ... */
  number: number;
  /** Test vectors that earlier looks have used: this one's come after them in the stream. */
  testsUsed: number;
}

/** What makes an approximation one of Ritz pairs. */
export type KnownResiduals = Pick<RitzPairs, 'eigenvalues' | 'eigenvectors' | 'residualNorms'>;

/** What an approximation may know about itself beside its product. */
type Known = LinearOperator &
  Partial<RitzPairs & { coreAsymmetry: number; samplingErrors: Float64Array; orthogonalError: boolean }>;

/** Pairs from elsewhere bring what certifies them, which is then loaded by those only who have such pairs. */
type Given = GivenPairs & { certifyGiven: typeof certifyGiven };

const isGiven = (approximation: LinearOperator): approximation is Given =>
  (approximation as Partial<Given>).given === true;

/** The vectors that a certificate multiplies first. */
export interface TestVectors {
  /** n x tests, standard Gaussian; where the approximation has residual norms, freed of the span of its eigenvectors. */
  Omega: Multivector;
  /** What was seen of the eigenvectors on the way. */
  seen?: SeenVectors | undefined;
}

/** Whether the known part of the error is separated. */
const isOfRitzPairs = (known: Known): known is Known & KnownResiduals =>
  !isGiven(known) &&
  known.eigenvalues !== undefined &&
  known.eigenvectors !== undefined &&
  known.residualNorms !== undefined;

/** An orthonormal basis of the span of the eigenvectors, and what A is on it: themselves where they have been formed. */
interface Basis {
  V: Multivector;
  core: Core;
}

function basisOf({ eigenvalues, eigenvectors }: KnownResiduals, { kernels }: VerbContext): Basis {
  const { factors } = eigenvectors;
  // fewer vectors than the basis has are not all of its span
  const isAll = factors && factors.rotation.cols === factors.basis.cols;
  if (!isAll) return { V: eigenvectors, core: diagonalCore(eigenvalues) };
  return { V: factors.basis, core: rotatedCore(factors.rotation, eigenvalues, kernels) };
}

/**
 * The test vectors of a certificate of `approximation`.
 * @param vectors of which stream
 * @param space where they are kept
 * @param blockSize columns that are made at once
 * @param basis of its eigenvectors, where it is known already
 */
export async function drawTestVectors(
  approximation: LinearOperator,
  vectors: Pick<TestMatrix, 'cols'> & Certification['stream'],
  space: Space,
  blockSize: number,
  verbs: VerbContext,
  basis?: Basis,
): Promise<TestVectors> {
  const { seed, ...columns } = vectors;
  const tests = { distribution: 'gaussian', key: { seed, purpose: 'test' }, rows: space.rows } as const;
  const Omega = await materialise({ ...tests, ...columns }, space, blockSize, verbs.signal);
  if (!isOfRitzPairs(approximation)) return { Omega };
  const { V, core } = basis ?? basisOf(approximation, verbs);
  return { Omega, seen: await freeOfSpan({ Omega, verbs, stream: vectors }, V, core) };
}

/**
 * The certificate of one look. With `look` absent it is the only one and has the whole confidence.
 * @param kept test vectors that were drawn before
 * @throws as {@link apost}.
 */
export function certify(
  op: LinearOperator,
  approximation: LinearOperator & KnownResiduals,
  options: CertifyOptions,
  look?: Look,
): Promise<DeflatedCertificate>;
export function certify(
  op: LinearOperator,
  approximation: LinearOperator,
  options: CertifyOptions,
  look?: Look,
  kept?: TestVectors,
): Promise<Certificate>;
export async function certify(
  op: LinearOperator,
  approximation: LinearOperator,
  options: CertifyOptions,
  look?: Look,
  kept?: TestVectors,
): Promise<Certificate> {
  const startedAt = performance.now();
  const { tests, seed, confidence, lanczosSteps, signal, onProgress } = options;
  const [m, n] = op.shape;
  const known = approximation as Known;
  const home = known.eigenvectors?.space;
  // test vectors live where the eigenvectors do: on disk, where those are too large for memory
  const onDisk = home && !home.inMemory && home.dtype === op.dtype ? home : undefined;
  const blockSize = await prepareBlocks(op, tests + 1, options.blockSize, onDisk?.blockColumns);
  const verbs = { kernels: await selectKernels(options.kernels), signal };
  const vectors = { seed, cols: tests, firstColumn: look?.testsUsed ?? 0 };
  const space = (onDisk ?? hostSpace(m, op.dtype)).scope();
  const measuring: MeasureContext = { space, blockSize, stage: 'certificate', onProgress, signal };
  const level = look ? levelAtLook(confidence, look.number) : confidence;
  const { coreAsymmetry, samplingErrors, noiseFloor } = known;
  const spend = async (): Promise<Statements> => {
    const ofTests = m === n ? space : hostSpace(n, op.dtype);
    // once: eigenvectors may be formed in the meantime
    const basis = isOfRitzPairs(known) ? basisOf(known, verbs) : undefined;
    const { Omega, seen } = kept ?? (await drawTestVectors(approximation, vectors, ofTests, blockSize, verbs, basis));
    const run: Certification = { op, tests, confidence, level, lanczosSteps, verbs, measuring, stream: vectors, Omega };
    if (isGiven(approximation)) return approximation.certifyGiven(run, approximation);
    if (!isOfRitzPairs(known) || !basis) return certifySampled(run, approximation, known);
    const { eigenvalues, residualNorms, residualSamples } = known;
    const pairs = {
      ...{ eigenvalues, eigenvectors: basis.V, residualNorms },
      ...(noiseFloor === undefined ? {} : { noiseFloor }),
      ...(residualSamples === undefined ? {} : { residualSamples }),
    };
    return certifyDeflated(run, pairs, { seen, core: basis.core });
  };
  const { numMatvecs, ...statements } = await spend().finally(() => space.close());
  return {
    schema: CERTIFICATE_SCHEMA,
    confidence,
    looks: look?.number ?? 1,
    tests,
    seed,
    numMatvecs,
    seconds: (performance.now() - startedAt) / 1000,
    ...statements,
    ...(coreAsymmetry === undefined ? {} : { coreAsymmetry }),
    ...(samplingErrors === undefined ? {} : { samplingErrors: Array.from(samplingErrors) }),
  };
}

/** 2^e times an approximation and all that it knows; e may not be known before the operator's first product. */
function scaledApproximation(approximation: LinearOperator, scale: { readonly exponent: number }): LinearOperator {
  const { eigenvalues, residualNorms, noiseFloor } = approximation as Known;
  const scaled = (values: Float64Array): Float64Array => values.map((value) => timesPowerOfTwo(value, scale.exponent));
  return {
    ...approximation,
    shape: approximation.shape,
    dtype: approximation.dtype,
    ...(eigenvalues ? { eigenvalues: scaled(eigenvalues) } : {}),
    ...(residualNorms ? { residualNorms: scaled(residualNorms) } : {}),
    ...(noiseFloor === undefined ? {} : { noiseFloor: timesPowerOfTwo(noiseFloor, scale.exponent) }),
    matmat: async (X) => {
      if (scale.exponent === 0) return approximation.matmat(X);
      const Y = await approximation.matmat(X);
      return { ...Y, data: Y.data.map((value) => timesPowerOfTwo(value, scale.exponent)) as FloatArray };
    },
  };
}

/** Works on 2^e A and 2^e times the approximation, e by its eigenvalues, else by the first product. */
function certifyAtScale(
  op: LinearOperator,
  approximation: LinearOperator,
  options: CertifyOptions,
  kept?: TestVectors,
): Promise<Certificate> {
  const { eigenvalues } = approximation as Known;
  const size = eigenvalues ? largestMagnitude(eigenvalues) : 0;
  const exponent = size > 0 ? exponentFor(size, op.dtype) : undefined;
  if (exponent === 0) return certify(op, approximation, options, undefined, kept);
  const work = (A: LinearOperator, scale: { readonly exponent: number }) =>
    certify(A, scaledApproximation(approximation, scale), options, undefined, kept);
  return atScale(op, CERTIFIED_LENGTHS, work, { exponent });
}

/**
 * Certifies how far `approximation` is from `op`, from `tests` products with fresh Gaussian vectors and three
 * that show the noise.
 *
 * For a result with residual norms (`seigh` by `hmt`) the known part of the error is separated first, which makes the
 * interval of the relative error far narrower, and adds an interval for each eigenvalue, the inertia, the scree and, from
 * eight more products, a bound on what was missed. For pairs from elsewhere ({@link ritzPairs}) as many products as there are
 * pairs measure that part first. For any other pair of operators the norms of both are sampled.
 * Intervals hold for every operator, with no assumption on its spectrum (Szekely & Bakirov 2003; Roosta-Khorasani,
 * Szekely & Ascher 2015).
 *
 * @example
 * const cert = await apost(H, await seigh(H, 200), { tests: 30, confidence: 0.99 });
 * console.log(cert.relativeError.upper);
 * @throws ArgumentError for tests < 1 or a confidence outside (0, 1), ShapeError when the shapes differ, NumericalError
 * for non-finite products; the signal's reason when aborted.
 */
export function apost(op: LinearOperator, approximation: GivenPairs, options?: ApostOptions): Promise<GivenCertificate>;
export function apost(
  op: LinearOperator,
  approximation: LinearOperator & KnownResiduals,
  options?: ApostOptions,
): Promise<DeflatedCertificate>;
export function apost(op: LinearOperator, approximation: LinearOperator, options?: ApostOptions): Promise<Certificate>;
export function apost(
  op: LinearOperator,
  approximation: LinearOperator,
  options: ApostOptions = {},
): Promise<Certificate> {
  return apostWith(op, approximation, options);
}

/** {@link apost} with test vectors that were drawn before, by {@link drawTestVectors} for the same options. */
export function apostWith(
  op: LinearOperator,
  approximation: LinearOperator,
  options: ApostOptions,
  kept?: TestVectors,
): Promise<Certificate> {
  return atDoor('apost', async () => {
    const [m, n] = checkOperator(op);
    const shape = checkOperator(approximation, 'approximation');
    const parsed = parseApostOptions(options);
    if (shape[0] !== m || shape[1] !== n) {
      throw new ShapeError(`the operator is ${m} x ${n}, the approximation ${shape.join(' x ')}`, {
        shape: [m, n],
        got: shape,
      });
    }
    parsed.signal?.throwIfAborted();
    return supervise(parsed, (control) => certifyAtScale(op, approximation, { ...parsed, ...control }, kept));
  });
}
