/** A block Krylov basis that grows, and at every size a forecast of what a certificate of it would find. */
import { meanDiagonal } from '../apost/certification.ts';
import { unitRoundoff } from '../core/dtype.ts';
import { someColumns } from '../krylov/basis.ts';
import {
  asymmetryOfCore,
  begin,
  type Decomposition,
  expand,
  type KrylovContext,
  randomColumns,
  refill,
} from '../krylov/decomposition.ts';
import { gramOutside, type HeldOut, holdOut, takeIn } from '../krylov/held-out.ts';
import { floorsOf } from '../krylov/ritz.ts';
import { frobeniusNorm } from '../linalg/small.ts';
import { refuseAsymmetry } from '../linops/probes.ts';
import type { MeasureContext } from '../sketch/measure.ts';
import { effectiveDimension } from '../stats/effective-dimension.ts';
import { squaredFactors } from '../stats/interval.ts';
import { levelAtLook } from '../stats/sequential.ts';
import { type Looks, NO_LOOKS } from './certified-search.ts';

/** Vectors whose products tell, at every size of the basis, what a certificate would find. */
export const HELD_OUT = 8;

/** What a certificate of a basis of some size would find. */
export interface Forecast {
  /** Columns of the basis. */
  order: number;
  /** ||H||_F^2. */
  captured: number;
  /** 2 ||B||_F^2: known. */
  coupling: number;
  /** ||(I - P) A (I - P)||_F^2, estimated. */
  outside: number;
  /** Of the error outside: how far its estimates scatter. */
  effectiveDimension: number;
}

/** A basis under way: plain data, and all that is needed to continue from it. */
export interface GrowingBasis extends Looks {
  state: Decomposition;
  heldOut: HeldOut;
  /** Of all sizes that the basis has had. */
  forecasts: readonly Forecast[];
  /** The square of the last certified error over what had been forecast. */
  correction: number;
}

/** Where a basis should be certified, and by how many test vectors. */
export interface End {
  order: number;
  tests: number;
}

/** A basis before its first product: a block of random columns, and the vectors that it will never see. */
export async function beginBasis(
  columns: number,
  context: KrylovContext,
  measuring: MeasureContext,
): Promise<GrowingBasis> {
  const heldOut = await holdOut(HELD_OUT, { seed: context.seed, purpose: 'inner' }, context, measuring);
  const state = await begin(await randomColumns(context, 0, columns), columns, context);
  return { state, heldOut, forecasts: [], ...NO_LOOKS, correction: 1 };
}

async function forecastOf(
  { state, heldOut }: Pick<GrowingBasis, 'state' | 'heldOut'>,
  context: KrylovContext,
): Promise<Forecast> {
  const gram = await gramOutside(heldOut, state, context);
  return {
    order: state.H.rows,
    captured: frobeniusNorm(state.H) ** 2,
    coupling: 2 * (frobeniusNorm(state.B) ** 2 + state.lost ** 2),
    outside: Math.max(0, meanDiagonal(gram)),
    effectiveDimension: effectiveDimension(gram),
  };
}

/** Multiplies the next `columns` columns: those that wait, and random ones where there are not so many. */
export async function growBasis(basis: GrowingBasis, columns: number, context: KrylovContext): Promise<GrowingBasis> {
  const { space } = context;
  const waiting = await refill(basis.state, columns, context);
  const taken = Math.min(columns, waiting.W.cols);
  const W = await someColumns(waiting.W, waiting.W.cols - taken, waiting.W.cols, space);
  const heldOut = await takeIn(basis.heldOut, W, context);
  if (W !== waiting.W) await space.release(W);
  const state = await expand(waiting, context, taken);
  refuseAsymmetry(context.op, asymmetryOfCore(state));
  const forecast = await forecastOf({ state, heldOut }, context);
  return { ...basis, state, heldOut, forecasts: [...basis.forecasts, forecast] };
}

/**
 * The square of the relative error that `tests` vectors would certify at a level, with what is outside so many standard
 * deviations, of the forecast's and the certificate's vectors, above its estimate.
 */
export function forecastBound(
  { captured, coupling, outside, effectiveDimension }: Forecast,
  { tests, level, deviations }: { tests: number; level: number; deviations: number },
): number {
  const deviation = Math.sqrt((2 / effectiveDimension) * (1 / HELD_OUT + 1 / tests));
  const missed = coupling + squaredFactors(tests, level).upper * (1 + deviations * deviation) * outside;
  return missed === 0 ? 0 : missed / (captured + missed);
}

/** Forecasts this much smaller in size show how fast the error falls. */
const EARLIER = 0.8;

/** The p with which the square of the error falls as order^-p; 0 while that is not known. */
function decayOf(forecasts: readonly Forecast[]): number {
  const last = forecasts.at(-1)!;
  const earlier = forecasts.findLast(({ order }) => order <= EARLIER * last.order);
  if (!earlier) return 0;
  const missed = ({ coupling, outside }: Forecast): number => coupling + outside;
  return Math.log(missed(earlier) / missed(last)) / Math.log(last.order / earlier.order);
}

/** Test vectors that are worth considering: each costs as much as a column of the basis and makes the bound sharper. */
const TESTS = Array.from({ length: 25 }, (_, i) => Math.round(10 * 1.2 ** i));

/** Products of a certificate beside its test vectors: for noise, and the Lanczos run. */
const OTHER_PRODUCTS = 11;

/** How far on the safe side a forecast may be, in standard deviations, and how likely the certificate then succeeds. */
const MARGINS = [
  { deviations: 0, success: 0.5 },
  { deviations: 1, success: 0.84 },
  { deviations: 2, success: 0.98 },
];

/**
 * The size of the basis, the present one or a larger, and the test vectors with which the search probably costs the fewest
 * products. A basis that waits until success is sure may cost more than a certificate that fails; but after that one the next
 * must hold with more probability, and so needs a larger basis.
 */
export function cheapestEnd(
  { forecasts, looks, correction }: GrowingBasis,
  { tol, tests, confidence }: { tol: number; tests: number | undefined; confidence: number },
): End {
  const now = forecasts.at(-1)!;
  const decay = decayOf(forecasts);
  const [level, nextLevel] = [levelAtLook(confidence, looks + 1), levelAtLook(confidence, looks + 2)];
  let best: End = { order: Number.POSITIVE_INFINITY, tests: tests ?? TESTS[0]! };
  let fewest = Number.POSITIVE_INFINITY;
  for (const count of tests === undefined ? TESTS : [tests]) {
    const certificate = count + OTHER_PRODUCTS;
    const stricter = squaredFactors(count, nextLevel).upper / squaredFactors(count, level).upper;
    for (const { deviations, success } of MARGINS) {
      const excess = (correction * forecastBound(now, { tests: count, level, deviations })) / tol ** 2;
      const order = excess <= 1 ? now.order : decay > 0 ? Math.ceil(now.order * excess ** (1 / decay)) : Infinity;
      const afterFailure = certificate + (decay > 0 ? order * (stricter ** (1 / decay) - 1) : 0);
      const products = order + certificate + (1 - success) * afterFailure;
      if (!(products < fewest)) continue;
      fewest = products;
      best = { order, tests: count };
    }
  }
  return best;
}

/** Below this power of the size an error as small as rounding or noise no longer falls. */
const STAGNANT = 0.25;

/** Nothing is left outside the basis but rounding, or noise of the operator: no further column can help. */
export function isExhausted({ state, forecasts }: GrowingBasis): boolean {
  const { captured, coupling, outside } = forecasts.at(-1)!;
  const missed = Math.sqrt(coupling + outside);
  const [size, unit] = [Math.sqrt(captured), unitRoundoff(state.W.dtype)];
  if (missed <= 16 * unit * size) return true;
  const { rounding, noise } = floorsOf(state);
  const ofNoise = noise > rounding ? 4 * noise * Math.sqrt(state.W.rows) : 0;
  const isSmall = missed <= Math.max(ofNoise, Math.sqrt(unit) * size);
  return isSmall && forecasts.length > 1 && decayOf(forecasts) < STAGNANT;
}
