/** How much of the leading subspaces of two results is common, with what their certificates say of the exact ones. */
import type { Certificate } from '../apost/certificate.ts';
import { largestMagnitude } from '../apost/certification.ts';
import { leadingSubspaces } from '../apost/gaps.ts';
import { coreRounding } from '../apost/noise.ts';
import type { Matrix } from '../core/block.ts';
import { atDoor } from '../core/door.ts';
import { ArgumentError, ShapeError } from '../core/errors.ts';
import { asRecord, type Field, integer, optional, parseOptions, refuse } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { gram, type VerbContext } from '../multivector/verbs.ts';
import { selectLeading } from '../spectrum/eigenpairs.ts';
import type { EighResult } from '../spectrum/result.ts';
import type { Interval } from '../stats/interval.ts';
import { checkBelongs } from './check.ts';

/** A result and, where there is one, its certificate. */
export interface CertifiedResult {
  /** Of `seigh` or `eigsh`. */
  result: EighResult;
  /** Of `apost`, of that result. */
  certificate?: Certificate | undefined;
}

/** What {@link subspaceOverlap} returns. V and W are the leading k eigenvectors of both results, by magnitude. */
export interface SubspaceOverlap {
  /** k. */
  dims: number;
  /** |v_i . w_j|, k x k, row-major: of the vectors as computed. */
  cosines: Float64Array;
  /**
   * ||P_s Q_s||_F / sqrt(s) for s = 1..k, P_s and Q_s the projectors on the exact s leading eigenvectors of the two operators: the
   * root mean square of the cosines of their principal angles, 1 where they are the same. `estimate` is that of the vectors as
   * computed. Where a certificate shows no gap after eigenvalue s the interval is [0, 1], which says nothing.
   */
  subspaces: Interval[];
  /** All intervals hold together with at least this probability; absent where a result has no certificate. */
  confidence?: number;
}

/** ||V^T V - I||_F. */
function departure({ rows: k, data }: Matrix): number {
  return Math.sqrt(data.reduce((sum, value, at) => sum + (value - (at % (k + 1) === 0 ? 1 : 0)) ** 2, 0));
}

/** Sines of the angles to the exact leading subspaces, at most; null where there is no certain gap. */
async function sinesOf(
  { result, certificate }: CertifiedResult,
  k: number,
  verbs: VerbContext,
): Promise<(number | null)[]> {
  const { residualNorms, eigenvalues: theta, eigenvectors: V } = result;
  const missed = certificate?.missedEigenvalueBound;
  // Rayleigh quotients are needed, which pairs from elsewhere need not be
  if (!certificate || !residualNorms || missed === undefined || certificate.given) return new Array(k).fill(null);
  const largest = largestMagnitude(theta);
  const defect = departure(await gram(V, V, verbs, { wide: true }));
  const noise = certificate.noiseFloor + coreRounding(largest, theta.length);
  const sines = leadingSubspaces({ theta, residualNorms, noise, defect: defect * largest, missed });
  // what the columns lack in orthonormality moves their span's projector, too
  return sines.slice(0, k).map((sine) => (sine === null ? null : sine + defect));
}

const PART: Field<CertifiedResult> = {
  kind: 'value',
  parse(value, name) {
    const { result, certificate } = asRecord(value, name) as Partial<CertifiedResult>;
    if (!result?.eigenvectors || !result.eigenvalues) refuse(name, 'a record { result, certificate }', value);
    if (certificate !== undefined) checkBelongs(`${name}.certificate`, result.eigenvalues, certificate);
    return { result, certificate };
  },
};

/**
 * The overlap of the leading eigenvectors of two results: of two points of training, two batches, a Hessian and its Gauss-Newton
 * matrix. Leading is by magnitude. With sin Theta the largest sine of an angle between computed and exact subspace, which
 * Davis & Kahan's theorem bounds by residuals and the certified gap, ||P Q||_F / sqrt(s) is within the sum of both sines of what
 * the computed vectors show.
 *
 * @example
 * const overlap = await subspaceOverlap({ result: before, certificate: c0 }, { result: after, certificate: c1 }, { dims: 10 });
 * console.log(overlap.subspaces[9]); // { estimate, lower, upper }
 * @throws ArgumentError for parts that hold no result, for a certificate of another result, and for `dims` larger than either has pairs; ShapeError for results of
 * operators of different size.
 */
export function subspaceOverlap(
  first: CertifiedResult,
  second: CertifiedResult,
  options: { dims?: number } = {},
): Promise<SubspaceOverlap> {
  return atDoor('subspaceOverlap', async () => {
    const [a, b] = [PART.parse(first, 'first'), PART.parse(second, 'second')];
    const pairs = Math.min(a.result.eigenvalues.length, b.result.eigenvalues.length);
    if (pairs === 0) throw new ArgumentError('a result has no eigenpairs', {});
    const { dims = Math.min(pairs, 20) } = parseOptions(options, { dims: optional(integer(1, pairs)) });
    const [n, m] = [a.result.shape[0], b.result.shape[0]];
    if (n !== m) throw new ShapeError(`the results are of operators of size ${n} and ${m}`, { first: n, second: m });
    const verbs = { kernels: await selectKernels() };
    const all = await gram(a.result.eigenvectors, b.result.eigenvectors, verbs, { wide: true });
    const [left, right] = [a, b].map(({ result }) => selectLeading(result.eigenvalues, 'LM', dims));
    const G = Float64Array.from(left!.flatMap((i) => right!.map((j) => all.data[i * all.cols + j]!)));
    const [alpha, beta] = [await sinesOf(a, dims, verbs), await sinesOf(b, dims, verbs)];
    let squares = 0;
    const subspaces = Array.from({ length: dims }, (_, at): Interval => {
      for (let i = 0; i <= at; i++) squares += G[i * dims + at]! ** 2 + (i < at ? G[at * dims + i]! ** 2 : 0);
      const estimate = Math.min(1, Math.sqrt(squares / (at + 1)));
      const [one, other] = [alpha[at]!, beta[at]!];
      if (one === null || other === null) return { estimate, lower: 0, upper: 1 };
      const reach = one + other;
      return { estimate, lower: Math.max(0, estimate - reach), upper: Math.min(1, estimate + reach) };
    });
    const isCertified = a.certificate && b.certificate;
    return {
      dims,
      cosines: G.map(Math.abs),
      subspaces,
      ...(isCertified ? { confidence: Math.max(0, a.certificate!.confidence + b.certificate!.confidence - 1) } : {}),
    };
  });
}
