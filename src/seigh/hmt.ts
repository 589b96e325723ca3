/** Method `hmt`: Rayleigh-Ritz on the range of the sketch (Halko, Martinsson & Tropp 2011, section 5.3), and its free refinement. */
import { type Block, copyColumns, type Matrix, zeroMatrix } from '../core/block.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { ArgumentError, UnsupportedError } from '../core/errors.ts';
import { described, flag, integer, withDefault } from '../core/parse.ts';
import { combine } from '../krylov/basis.ts';
import { withoutRounding } from '../krylov/remainder.ts';
import {
  mirrorUpper,
  placeBlock,
  relativeAsymmetry,
  scaleRows,
  selectColumns,
  symmetricPart,
  transpose,
} from '../linalg/small.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import type { Multivector } from '../multivector/multivector.ts';
import { orthonormalise } from '../multivector/orthonormalise.ts';
import { projectOut } from '../multivector/project.ts';
import { RotatedColumns } from '../multivector/rotated.ts';
import { panelBuffer, sweep } from '../multivector/sweep.ts';
import { addWideGram, columnNorms, gram, subtractTimes } from '../multivector/verbs.ts';
import { materialise, type TestMatrix } from '../sketch/test-matrix.ts';
import { type Eigenpairs, type RecoveryContext, selectLeading } from '../spectrum/eigenpairs.ts';
import { RESIDUAL_SAMPLES, residualBounds, residualEstimates } from '../spectrum/residual-samples.ts';
import { type BatchCores, collectingBatches, samplingErrors } from './batch-sampling.ts';
import { leaveOneOutError } from './leave-one-out.ts';
import { type Measured, type MethodDescriptor, type Recovered, type Recovery, recoveryContext } from './method.ts';
import { measureStages } from './stages.ts';

/** An orthonormal basis and the operator's action on it. */
export interface BasisMeasurement {
  /** n x k, orthonormal. Overwritten where that saves memory. */
  Q: Multivector;
  /** Z = A Q, n x k. Overwritten likewise. */
  Z: Multivector;
}

/** Columns of the core whose asymmetry stands for all: the leading ones of Q, where the operator is largest. */
const ASYMMETRY_SAMPLE = 64;

/**
 * H = sym(Q^T Z), of which one half is computed, and the relative asymmetry of its leading part, which is in full and added up in
 * float64: of few columns that is all of it.
 */
async function coreOf(
  Q: Multivector,
  Z: Multivector,
  context: RecoveryContext,
): Promise<{ H: Matrix; coreAsymmetry: number }> {
  const { kernels } = context;
  if (Q.cols <= ASYMMETRY_SAMPLE) {
    const core = await gram(Q, Z, context, { wide: true });
    return { H: symmetricPart(core), coreAsymmetry: relativeAsymmetry(core) };
  }
  const cols = ASYMMETRY_SAMPLE;
  const H = zeroMatrix(Q.cols, Q.cols);
  const sample = zeroMatrix(cols, cols);
  const buffers = [panelBuffer(cols, Q.dtype), panelBuffer(cols, Z.dtype)] as const;
  await sweep('hmt', [Q, Z], context, async ([q, z]) => {
    await kernels.addGram(q!, z!, H, true);
    const [leadingQ, leadingZ] = [buffers[0](q!.rows), buffers[1](z!.rows)];
    copyColumns(q!, 0, cols, leadingQ, 0);
    copyColumns(z!, 0, cols, leadingZ, 0);
    await addWideGram(kernels, leadingQ, leadingZ, sample);
  });
  return { H: mirrorUpper(H), coreAsymmetry: relativeAsymmetry(sample) };
}

/** Adds the squares of the columns of Y - V diag(theta), four rows at a time: each sum is fetched once for all of them. */
function addResidualSquares(
  { rows, cols, data: Y }: Block,
  { data: V }: Block,
  theta: Float64Array,
  squares: Float64Array,
): void {
  const whole = rows - (rows % 4);
  for (let i = 0, first = 0; i < whole; i += 4, first += 4 * cols) {
    const second = first + cols;
    const third = second + cols;
    const fourth = third + cols;
    for (let j = 0; j < cols; j++) {
      const value = theta[j]!;
      const a = Y[first + j]! - value * V[first + j]!;
      const b = Y[second + j]! - value * V[second + j]!;
      const c = Y[third + j]! - value * V[third + j]!;
      const d = Y[fourth + j]! - value * V[fourth + j]!;
      squares[j]! += a * a + b * b + (c * c + d * d);
    }
  }
  for (let at = whole * cols; at < rows * cols; at++) {
    const j = at % cols;
    squares[j]! += (Y[at]! - theta[j]! * V[at]!) ** 2;
  }
}

/** V = Q U in `V`, and the norms of the columns of Z U - V diag(theta), formed entry by entry: never a difference of norms. */
async function rotateWithResiduals(
  { Q, Z }: BasisMeasurement,
  U: Matrix,
  theta: Float64Array,
  V: Multivector,
  context: RecoveryContext,
): Promise<Float64Array> {
  const squares = new Float64Array(theta.length);
  const buffer = panelBuffer(theta.length, Z.dtype);
  const visit = async ([q, z]: Block[], [v]: Block[]): Promise<void> => {
    const products = buffer(v!.rows);
    await context.kernels.times(q!, U, v!);
    await context.kernels.times(z!, U, products);
    addResidualSquares(products, v!, theta, squares);
  };
  await sweep('hmt', [Q, Z], context, visit, { outputs: [V] });
  return squares.map(Math.sqrt);
}

/** Where an n x cols result that replaces M goes: into M's own memory, but never into files, which may be kept. */
async function placeFor(M: Multivector, cols: number, { space }: RecoveryContext): Promise<Multivector> {
  return M.space.inMemory && cols === M.cols ? M : space.allocate(cols);
}

/**
 * The bounds of the same norms from Gaussian combinations of the rows: s^T Z U - s^T Q U diag(theta), added up in float64, as the
 * residuals are far smaller than what they are a difference of.
 */
async function sampleResiduals(
  { Q, Z }: BasisMeasurement,
  U: Matrix,
  theta: Float64Array,
  run: Recovery,
): Promise<Float64Array> {
  const { kernels, space } = run;
  const key = { seed: run.seed, purpose: 'residual' } as const;
  const squares = new Float64Array(theta.length);
  // no more at a time than a third basis, which is there when vectors are read
  const width = Math.min(RESIDUAL_SAMPLES, Q.cols);
  for (let firstColumn = 0; firstColumn < RESIDUAL_SAMPLES; firstColumn += width) {
    const cols = Math.min(width, RESIDUAL_SAMPLES - firstColumn);
    const samples: TestMatrix = { distribution: 'gaussian', key, rows: run.n, cols, firstColumn };
    const S = await materialise(samples, space, cols, run.signal);
    const ofRotated = async (X: Multivector): Promise<Matrix> =>
      kernels.gemm(U, await gram(X, S, run, { wide: true }), { transA: true });
    const [images, vectors] = [await ofRotated(Z), scaleRows(await ofRotated(Q), theta)];
    await space.release(S);
    for (let at = 0; at < images.data.length; at++) {
      squares[Math.floor(at / cols)]! += (images.data[at]! - vectors.data[at]!) ** 2;
    }
  }
  const meanSquares = squares.map((square) => square / RESIDUAL_SAMPLES);
  return residualBounds(meanSquares, theta, run.n);
}

/** Eigenpairs that come with ||A v_i - values_i v_i|| and with the k x r rotation U of vectors = Q U. */
export type RitzPairs = Eigenpairs & { residualNorms: Float64Array; rotation: Matrix };

/** U and theta of H = Q^T Z = U diag(theta) U^T, as many as are asked for, in their order. */
async function rotationOf(
  { Q, Z }: BasisMeasurement,
  context: RecoveryContext,
): Promise<{ U: Matrix; theta: Float64Array; coreAsymmetry: number }> {
  const { H, coreAsymmetry } = await coreOf(Q, Z, context);
  const { values, vectors } = await context.kernels.eigh(H);
  const leading = selectLeading(values, context.which, context.rank);
  const U = selectColumns(vectors, leading, () => 1);
  return { U, theta: Float64Array.from(leading, (i) => values[i]!), coreAsymmetry };
}

/**
 * Ritz pairs of A on span(Q): H = Q^T Z = U diag(theta) U^T, vectors Q U, residuals Z U - Q U diag(theta) without a
 * further product. Ritz values interlace: none lies above the largest or below the smallest eigenvalue of A, and those
 * of each sign never exceed the true ones in magnitude (Cauchy; Parlett 1998, theorem 10.1.1).
 */
export async function hmt({ Q, Z }: BasisMeasurement, context: RecoveryContext): Promise<RitzPairs> {
  const { U, theta, coreAsymmetry } = await rotationOf({ Q, Z }, context);
  const V = await placeFor(Q, U.cols, context);
  const residualNorms = await rotateWithResiduals({ Q, Z }, U, theta, V, context);
  return { values: theta, vectors: V, rotation: U, residualNorms, coreAsymmetry };
}

/** The same pairs with vectors that are formed when they are read, and with sampled residual norms. */
async function lazyHmt({ Q, Z }: BasisMeasurement, run: Recovery): Promise<RitzPairs> {
  const { U, theta, coreAsymmetry } = await rotationOf({ Q, Z }, recoveryContext(run, Q.cols));
  return {
    values: theta,
    vectors: new RotatedColumns({ basis: Q, rotation: U }, run.kernels),
    rotation: U,
    residualNorms: await sampleResiduals({ Q, Z }, U, theta, run),
    residualSamples: RESIDUAL_SAMPLES,
    coreAsymmetry,
  };
}

/** Directions of Z - Q H this many roundings of the largest product long are rounding, which may point anywhere. */
const RESIDUAL_ROUNDINGS = 16;

/**
 * An orthonormal basis of E's columns that is also orthogonal to Q, without the directions that are rounding beside products of
 * size `scale`. What a direction that is kept has in the span of Q is at most a rounding of E over its own length.
 */
async function complement(
  Q: Multivector,
  E: Multivector,
  scale: number,
  context: RecoveryContext,
): Promise<Multivector> {
  const { W } = await withoutRounding(
    await orthonormalise(E, context.space, context),
    scale,
    context,
    RESIDUAL_ROUNDINGS,
  );
  if (W.cols === 0) return W;
  await projectOut([W], [Q], context, { roundings: 1 });
  const { basis } = await orthonormalise(W, context.space, context);
  await context.space.release(W);
  return basis;
}

/**
 * The best approximation that Q and Z allow: A_2 = Q Z^T + Z Q^T - Q H Q^T, which misses exactly (I - P) A (I - P) with
 * P = Q Q^T. With E = Z - Q H and an orthonormal basis W of its range, A_2 = [Q W] [[H, F^T], [F, 0]] [Q W]^T, F = W^T E:
 * up to 2k eigenpairs from the same products. Its vectors are no Ritz vectors, so there are no residual norms.
 */
export async function refinedHmt({ Q, Z }: BasisMeasurement, context: RecoveryContext): Promise<Eigenpairs> {
  const { kernels, space } = context;
  const k = Q.cols;
  const { H, coreAsymmetry } = await coreOf(Q, Z, context);
  const scale = (await columnNorms(Z, context)).reduce((longest, norm) => Math.max(longest, norm), 0);
  const E = await subtractTimes(Z, Q, H, context, await placeFor(Z, k, context));
  await subtractTimes(E, Q, await gram(Q, E, context), context);
  const W = await complement(Q, E, scale, context);
  const F = await gram(W, E, context);
  if (E !== Z) await space.release(E);
  const core = zeroMatrix(k + W.cols, k + W.cols);
  placeBlock(core, H, 0, 0);
  placeBlock(core, F, k, 0);
  placeBlock(core, transpose(F), 0, k);
  const { values, vectors: S } = await kernels.eigh(core);
  const largest = values.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
  const significant = selectLeading(values, context.which, values.length).filter(
    (i) => Math.abs(values[i]!) > unitRoundoff(Q.dtype) * largest,
  );
  const leading = significant.slice(0, context.rank);
  const U = selectColumns(S, leading, () => 1);
  const vectors = await combine([Q, W], U, space, context);
  await space.release(W);
  return {
    values: Float64Array.from(leading, (i) => values[i]!),
    vectors,
    orthogonalError: leading.length === significant.length,
    coreAsymmetry,
  };
}

/** Options of `hmt`. */
export interface HmtOptions {
  /** Use the part of A Q outside the sketch too: up to 2 dims eigenpairs for the same products. Default false. */
  refine?: boolean;
  /** Extra passes A Q, re-orthonormalised, before the recovery; each costs dims products. Default 0. */
  powerIterations?: number;
  /**
   * Without `refine` and `store`: the standard error of each eigenvalue over data batches, at no further product. The operator
   * must be a sum over at least two batches (`matmatByBatch`). Default false.
   */
  perBatch?: boolean;
  /**
   * Without `refine` and `store`: eigenvectors are formed when they are first read, and residual norms are bounds from Gaussian
   * combinations, as `residualSamples` of the result says. For whom eigenvalues and a certificate are enough: two of the four large
   * matrix products between the operator's are left out. Default false.
   */
  lazyVectors?: boolean;
}

/** Q and Z = A Q, with the cores of the data batches for `perBatch`. */
export interface HmtMeasured extends Measured {
  batches?: BatchCores | undefined;
}

async function ritzPairs(
  measurement: BasisMeasurement,
  run: Recovery & Required<HmtOptions>,
  batches: BatchCores | undefined,
): Promise<Eigenpairs> {
  const { rotation, ...pairs } = run.lazyVectors
    ? await lazyHmt(measurement, run)
    : await hmt(measurement, recoveryContext(run, measurement.Q.cols));
  return batches ? { ...pairs, samplingErrors: await samplingErrors(batches, rotation, run) } : pairs;
}

async function recover({ blocks, T, batches }: HmtMeasured, run: Recovery & Required<HmtOptions>): Promise<Recovered> {
  const [Q, Z] = blocks as [Multivector, Multivector];
  const k = Q.cols;
  const pairs = run.refine
    ? await refinedHmt({ Q, Z }, recoveryContext(run, 2 * k))
    : await ritzPairs({ Q, Z }, run, batches);
  refuseAsymmetry(run.space, pairs.coreAsymmetry);
  // the sketch knows the error of its own range only: not of a power iteration's, nor without residuals of all pairs
  if (T && run.powerIterations === 0 && pairs.residualNorms?.length === k) {
    const norms = run.lazyVectors ? residualEstimates(pairs.residualNorms!) : pairs.residualNorms!;
    pairs.leaveOneOutError = leaveOneOutError(await T(), norms);
  }
  return { pairs, dropped: run.dims - k };
}

/** Two passes: Q = orth(A Omega), Z = A Q. */
export const hmtMethod: MethodDescriptor<'hmt', Required<HmtOptions>, HmtMeasured> = {
  name: 'hmt',
  summary: 'Rayleigh–Ritz on the range of the sketch; residual norms, no phantom eigenvalues',
  products: '2 k',
  options: () => ({
    refine: described(withDefault(flag, false), 'use what the second pass found outside the sketch too'),
    powerIterations: described(withDefault(integer(0), 0), 'extra passes'),
    perBatch: described(withDefault(flag, false), 'standard errors over data batches, where the operator has these'),
    lazyVectors: described(withDefault(flag, false), 'form eigenvectors when they are read; residual norms are bounds'),
  }),
  inMemoryOnly: ['perBatch', 'lazyVectors'],
  check({ refine, perBatch, lazyVectors }, op) {
    for (const [name, value] of Object.entries({ perBatch, lazyVectors })) {
      if (value && refine) throw new ArgumentError(`${name} cannot be combined with refine`, { [name]: value, refine });
    }
    if (perBatch && op && !op.matmatByBatch) {
      throw new UnsupportedError('perBatch needs an operator that is a sum over batches (matmatByBatch)');
    }
  },
  // Y, Q, A Q; refined: Q, A Q less its part in Q, a basis of that, and both bases side by side
  cost: (k, { powerIterations, refine }) => ({
    products: (2 + powerIterations) * k,
    columns: (refine ? 5 : 3) * k,
    innerDims: 0,
    rank: refine ? 2 * k : k,
  }),
  storedColumns: (k, { refine }) => ({
    widest: refine ? 2 * k : k,
    temporary: refine ? 3 * k : k,
    result: refine ? 2 * k : k,
  }),
  /** Range of the sketch, multiplied and orthonormalised once more for each power iteration. */
  stages({ dims, powerIterations }) {
    const steps: ReturnType<NonNullable<typeof hmtMethod.stages>>['steps'] = [
      { kind: 'measured', name: 'sketch', input: 'outer', cols: dims },
    ];
    for (let pass = 1; pass <= powerIterations + 1; pass++) {
      const prefix = pass <= powerIterations ? `power-${pass}-` : '';
      const basis = `${prefix}basis`;
      steps.push({ kind: 'basis', name: basis, from: steps.at(-1)!.name });
      steps.push({ kind: 'measured', name: `${prefix}product`, input: { basis }, cols: dims });
    }
    return { steps, recoveredFrom: ['basis', 'product'] };
  },
  async measure(run) {
    let batches: BatchCores | undefined;
    const measurement = await measureStages(run, hmtMethod.stages!(run), ({ name }, Q) => {
      if (!run.perBatch || name !== 'product') return run.op;
      const collecting = collectingBatches(run.op, Q, run);
      batches = collecting.batches;
      return collecting.op;
    });
    return { ...measurement, measured: { ...measurement.measured, batches } };
  },
  recover,
  hasResidualNorms: ({ refine }) => !refine,
};
