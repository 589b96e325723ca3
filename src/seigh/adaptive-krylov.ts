/** Block Krylov bases that grow until a wanted accuracy is certified. */
import { breathe, type Control } from '../core/schedule.ts';
import type { KrylovContext } from '../krylov/decomposition.ts';
import { leadingRitzPairs, ritzValues } from '../krylov/ritz.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { backendOf, makeEighResult, type RitzResult } from '../spectrum/result.ts';
import { levelAtLook } from '../stats/sequential.ts';
import { type AdaptiveResult, certifyNext, endedBy, type Workplace } from './certified-search.ts';
import {
  beginBasis,
  cheapestEnd,
  forecastBound,
  type GrowingBasis,
  growBasis,
  HELD_OUT,
  isExhausted,
} from './growing-basis.ts';
import type { AdaptiveCall, AdaptiveSettings } from './options.ts';

/** Columns of the first product, where the caller does not say. */
const FIRST_COLUMNS = 8;

/** A product is at most this part of the basis wide: what A was applied to more often is more accurate. */
const DEPTH = 32;

/** A search for an accuracy, its options parsed and its blocks prepared. */
interface AccuracySearch {
  settings: AdaptiveSettings;
  context: KrylovContext;
  /** Columns of the first product, and of any at most. */
  first: number;
  widest: number;
}

/** Columns of the next product. */
function widthAt(order: number, { settings, first, widest }: AccuracySearch): number {
  if (settings.blockSize !== undefined) return widest;
  return Math.min(widest, Math.max(first, 2 ** Math.floor(Math.log2(order / DEPTH))));
}

/** All Ritz pairs of a basis. */
async function resultOf({ state }: GrowingBasis, search: AccuracySearch, seconds: number): Promise<RitzResult> {
  const { settings, context } = search;
  const { which, seed, testMatrix } = settings;
  const order = state.H.rows;
  const pairs = await leadingRitzPairs(state, await ritzValues(state, which, context), which, order, context);
  const facts = {
    numMatvecs: HELD_OUT + order,
    dims: order,
    dropped: 0,
    method: 'krylov',
    testMatrix,
    seed,
    blockSize: widthAt(order, search),
    secondsByStage: { sketch: seconds, recovery: 0 },
    ...backendOf(context.op),
  };
  return makeEighResult(pairs, facts, context.kernels);
}

/**
 * Grows a block Krylov basis until the certified relative Frobenius error of Rayleigh-Ritz on it is at most `tol`. Blocks of
 * any width need about as many products (Chen, Epperly, Meyer, Musco & Rao 2025, "Does block size matter in randomized block
 * Krylov low-rank approximation?"), so they are narrow at first and widen with the basis, by fresh random columns, which find
 * the copies of multiple eigenvalues.
 *
 * A few Gaussian vectors that the basis never sees are multiplied once; from what the decomposition knows follows at every
 * size, without a product, what a certificate would find, and so at which size, with how many test vectors, the whole is
 * cheapest. There fresh test vectors decide ({@link certifyNext}).
 */
async function growUntilCertified(search: AccuracySearch): Promise<AdaptiveResult> {
  const { settings, context } = search;
  const { tol, confidence, maxDims, onProgress, signal } = settings;
  const { op, space } = context;
  const startedAt = performance.now();
  const measuring = { space, blockSize: search.widest, stage: 'sketch', signal } as const;
  let basis = await beginBasis(search.first, context, measuring);
  for (;;) {
    const order = basis.state.H.rows;
    let wanted = search.first;
    if (order > 0) {
      const isLast = order >= maxDims || isExhausted(basis);
      const end = cheapestEnd(basis, settings);
      if (isLast || end.order <= order) {
        const { tests } = end;
        const result = await resultOf(basis, search, (performance.now() - startedAt) / 1000);
        const look = await certifyNext(op, result, basis, { ...settings, tests });
        if (look.converged || isLast) return endedBy(look, result, { tol, isExhausted: isExhausted(basis) });
        await space.release(result.eigenvectors);
        const level = levelAtLook(confidence, look.used.looks);
        const forecast = forecastBound(basis.forecasts.at(-1)!, { tests, level, deviations: 0 });
        basis = { ...basis, ...look.used, correction: look.certificate.relativeError.upper ** 2 / forecast };
      }
      wanted = Math.max(1, cheapestEnd(basis, settings).order - order);
    }
    basis = await growBasis(basis, Math.min(widthAt(order, search), wanted, maxDims - order), context);
    onProgress?.({ stage: 'sketch', done: basis.state.H.rows, total: maxDims });
    await breathe(signal);
  }
}

/** {@link growUntilCertified} for a call. */
export async function adaptiveKrylov(
  { op, dims, settings }: AdaptiveCall,
  { space, widest }: Workplace,
  control: Control,
): Promise<AdaptiveResult> {
  const { seed, testMatrix, blockSize, maxDims } = settings;
  const first = Math.min(dims ?? blockSize ?? FIRST_COLUMNS, widest, maxDims);
  const kernels = await selectKernels(settings.kernels);
  const context: KrylovContext = { op, space, seed, testMatrix, kernels, signal: control.signal };
  return growUntilCertified({ settings: { ...settings, ...control }, context, first, widest });
}
