/** A-posteriori error of any approximation of an operator, from products with fresh Gaussian vectors. */
import { checkBetween, checkInteger, checkSeed } from '../core/checks.ts';
import { ShapeError } from '../core/errors.ts';
import type { Control } from '../core/schedule.ts';
import { type KernelsChoice, selectKernels } from '../linalg/kernels/select.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { hostSpace } from '../multivector/host.ts';
import { chooseBlockSize } from '../sketch/block-size.ts';
import type { MeasureContext } from '../sketch/measure.ts';
import { materialise, type TestMatrix } from '../sketch/test-matrix.ts';
import { CERTIFICATE_SCHEMA, type Certificate } from './certificate.ts';
import type { Certification } from './certification.ts';
import { certifyDeflated, type RitzPairs } from './deflated.ts';
import { certifySampled } from './sampled.ts';

export interface ApostOptions extends Control {
  /** Gaussian test vectors, each one product. Default 30. */
  tests?: number;
  /** Seed of the test vectors; never the same vectors as a sketch's, even under its seed. Default 0. */
  seed?: number;
  /** Probability of each end of the intervals, between 0 and 1. Default 0.99. */
  confidence?: number;
  /** Columns of one product. Default: the operator's preference or 64, less where a block would exceed 256 MiB. */
  blockSize?: number;
  /** Dense kernel provider. Default `'auto'`. */
  kernels?: KernelsChoice;
}

const WHERE = 'apost';

/**
 * Certifies how far `approximation` is from `op`, from `tests` products with fresh Gaussian vectors and one repetition.
 *
 * For a result with residual norms (`seigh` by `hmt`) the known part of the error is separated first, which makes the
 * interval of the relative error far narrower, and adds an interval for each eigenvalue, the inertia and the scree. For
 * any other pair of operators the norms of both are sampled. Intervals hold for every operator, with no assumption on
 * its spectrum (Szekely & Bakirov 2003; Roosta-Khorasani, Szekely & Ascher 2015).
 *
 * @example
 * const cert = await apost(H, await seigh(H, 200), { tests: 30, confidence: 0.99 });
 * console.log(cert.relativeError.upper);
 * @throws ArgumentError for tests < 1 or a confidence outside (0, 1), ShapeError when the shapes differ, NumericalError
 * for non-finite products; the signal's reason when aborted.
 */
export async function apost(
  op: LinearOperator,
  approximation: LinearOperator,
  options: ApostOptions = {},
): Promise<Certificate> {
  const startedAt = performance.now();
  const most = Number.MAX_SAFE_INTEGER;
  const tests = checkInteger(WHERE, 'tests', options.tests ?? 30, 1, most);
  const seed = checkSeed(WHERE, options.seed ?? 0);
  const confidence = checkBetween(WHERE, 'confidence', options.confidence ?? 0.99, 0, 1);
  const [m, n] = op.shape;
  if (approximation.shape[0] !== m || approximation.shape[1] !== n) {
    throw new ShapeError(
      `${WHERE}: the operator is ${m} x ${n}, the approximation ${approximation.shape.join(' x ')}`,
      {
        shape: [m, n],
        got: approximation.shape,
      },
    );
  }
  const blockSize = chooseBlockSize(WHERE, op, tests, options.blockSize);
  const { signal, onProgress } = options;
  const verbs = { kernels: await selectKernels(WHERE, options.kernels), signal };
  const vectors: TestMatrix = { distribution: 'gaussian', key: { seed, purpose: 'test' }, rows: n, cols: tests };
  const Omega = await materialise(vectors, hostSpace(n, op.dtype), blockSize, signal);
  const space = hostSpace(m, op.dtype);
  const measuring: MeasureContext = { where: WHERE, space, blockSize, stage: 'certificate', onProgress, signal };
  const run: Certification = { op, tests, confidence, verbs, measuring, Omega };
  const { eigenvalues, eigenvectors, residualNorms } = approximation as LinearOperator & Partial<RitzPairs>;
  const statements =
    eigenvalues && eigenvectors && residualNorms
      ? await certifyDeflated(run, { eigenvalues, eigenvectors, residualNorms })
      : await certifySampled(run, approximation, eigenvalues);
  const seconds = (performance.now() - startedAt) / 1000;
  return { schema: CERTIFICATE_SCHEMA, confidence, tests, seed, numMatvecs: tests + 1, seconds, ...statements };
}
