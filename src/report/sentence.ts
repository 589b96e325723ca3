/** What an analysis says, in sentences ready for a paper. */
import { atDoor } from '../core/door.ts';
import type { Analysis } from './analysis.ts';
import { checkAnalysis } from './check.ts';
import { boundText, estimateText } from './numbers.ts';
import { type Outcome, reachedText, restText } from './outcome.ts';

export const NOT_CERTIFIED = 'not certified: no test products were spent on this result';

/**
 * The error in one sentence.
 *
 * @example
 * paperSentence(analysis); // 'relative Frobenius error at most 3.1e-4 with probability 0.99 (30 test products)'
 * @throws ArgumentError for what is no analysis.
 */
export function paperSentence(analysis: Analysis): string {
  return atDoor('paperSentence', () => errorSentence(checkAnalysis(analysis)));
}

/** The same of an analysis that was checked. */
export function errorSentence({ certificate, outcome, eigenvalues }: Analysis): string {
  if (!certificate) return outcome ? searchSentence(outcome, eigenvalues.length) : NOT_CERTIFIED;
  const { relativeError, confidence, tests } = certificate;
  const products = tests === 1 ? '1 test product' : `${tests} test products`;
  const error = `relative Frobenius error at most ${boundText(relativeError.upper)} with probability ${confidence} (${products})`;
  return outcome?.converged === false ? `${error}; ${reachedText(outcome, eigenvalues.length)}` : error;
}

/** What residual norms and the look for missing eigenvalues say. */
function searchSentence(outcome: Outcome, pairs: number): string {
  return `${reachedText(outcome, pairs)}; ${restText(outcome.completeness, pairs)}`;
}

/** Name and text of every further statement of the certificate, each with the probability that it has. */
export function statements(analysis: Analysis): [name: string, text: string][] {
  const { certificate, leaveOneOutError, outcome, residualNorms, eigenvalues } = analysis;
  const isSearch = outcome !== undefined && certificate === undefined;
  const lines: [string, string][] = [[isSearch ? 'search' : 'error', errorSentence(analysis)]];
  if (outcome && certificate) lines.push(['search', reachedText(outcome, eigenvalues.length)]);
  if (outcome?.numConverged !== undefined && certificate) {
    lines.push(['missing', restText(outcome.completeness, eigenvalues.length)]);
  }
  if (leaveOneOutError !== undefined) {
    lines.push([
      'leave-one-out',
      `${estimateText(leaveOneOutError)} (absolute Frobenius error, an estimate, not certified)`,
    ]);
  }
  if (residualNorms && residualNorms.length > 0) {
    const largest = residualNorms.reduce((most, norm) => Math.max(most, norm), 0);
    lines.push(['largest residual norm', boundText(largest)]);
  }
  if (!certificate) return lines;
  const { relativeError, errorFrob, operatorFrob, likely, confidence, inertia, missedEigenvalueBound } = certificate;
  const range = ({ lower, upper }: { lower: number; upper: number }): string =>
    `[${estimateText(lower)}, ${boundText(upper)}]`;
  const each = `each end with probability ${confidence}`;
  lines.push(['relative error', `${estimateText(relativeError.estimate)}, certified ${range(relativeError)}, ${each}`]);
  lines.push(['likely', `${range(likely.relativeError)} (approximate, not certified)`]);
  lines.push(['absolute error', `${estimateText(errorFrob.estimate)}, certified ${range(errorFrob)}, ${each}`]);
  lines.push([
    'norm of the operator',
    `${estimateText(operatorFrob.estimate)}, certified ${range(operatorFrob)}, ${each}`,
  ]);
  if (missedEigenvalueBound !== undefined) {
    const rank = analysis.eigenvalues.length;
    const text = `at most ${rank} eigenvalues exceed ${boundText(missedEigenvalueBound)} in magnitude, with probability ${confidence}`;
    lines.push(['completeness', text]);
  }
  if (inertia)
    lines.push([
      'inertia',
      `at least ${inertia.negative} negative and ${inertia.positive} positive eigenvalues, certainly`,
    ]);
  lines.push([
    'noise floor',
    `${boundText(certificate.noiseFloor)} (rounding alone ${boundText(certificate.roundingFloor)})`,
  ]);
  if (certificate.coreAsymmetry !== undefined) {
    lines.push(['asymmetry of the core', boundText(certificate.coreAsymmetry)]);
  }
  lines.push(['cost of the certificate', `${certificate.numMatvecs} products, ${estimateText(certificate.seconds)} s`]);
  return lines;
}

/** Name and text of where the numbers come from. */
export function provenanceLines({ provenance: p, certificate }: Analysis): [name: string, text: string][] {
  const runtime = p.versions.browser ?? `Node ${p.versions.node}`;
  return [
    ['operator', `${p.operator}, ${p.n} x ${p.n}, ${p.dtype}`],
    ['method', `${p.method}, ${p.dims} columns, ${p.testMatrix}, seed ${p.seed}`],
    ['products', `${p.numMatvecs} for the decomposition, ${estimateText(p.seconds)} s`],
    [
      'tests',
      certificate ? `${certificate.tests}, seed ${certificate.seed}, confidence ${certificate.confidence}` : 'none',
    ],
    ['versions', `eigensketch ${p.versions.eigensketch}, ${runtime}, dense kernels ${p.kernels}`],
    ['machine', p.machine],
    ['date', p.date],
  ];
}
