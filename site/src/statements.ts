/** What a snapshot says, as rows of tables; and, once the whole matrix is known, whether each is true. */
import { boundText, roundTogether } from '../../src/report/numbers.ts';
import { ceiled, floored } from './rounding.ts';
import type { Snapshot, Truth } from './spectrum.ts';

/** A statement, how sure it is, and what is true. */
export interface Statement {
  readonly name: string;
  readonly text: string;
  readonly surety: string;
  readonly truth?: string;
}

const count = (values: readonly number[], holds: (value: number) => boolean): number => values.filter(holds).length;

/** The statements of a certificate with Ritz pairs. */
export function statementsOf({ analysis, largest, backend }: Snapshot, truth: Truth | undefined): Statement[] {
  const { certificate, provenance, eigenvalues } = analysis;
  const { confidence, relativeError, inertia, missedEigenvalueBound, eigenvalueIntervals, noiseFloor } = certificate!;
  const chance = `probability ≥ ${confidence}`;
  const exact = truth?.eigenvalues;
  const told = (text: (values: readonly number[]) => string): { truth?: string } =>
    exact ? { truth: text(exact) } : {};
  const isHit = ({ lower, upper }: { lower: number; upper: number }): boolean =>
    exact?.some((value) => value >= lower && value <= upper) ?? false;
  return [
    {
      name: 'bars',
      text: `each of the ${eigenvalues.length} bars contains an eigenvalue`,
      surety: 'certain',
      ...told(() => `${eigenvalueIntervals!.filter(isHit).length} of ${eigenvalues.length} do`),
    },
    {
      name: 'grey band',
      text: `at most ${eigenvalues.length} eigenvalues are larger than ${boundText(missedEigenvalueBound!)} in magnitude`,
      surety: chance,
      ...told((values) => `${count(values, (value) => Math.abs(value) > missedEigenvalueBound!)} are`),
    },
    {
      name: 'inertia',
      text: `at least ${inertia!.positive} positive and ${inertia!.negative} negative eigenvalues of ${provenance.n}`,
      surety: 'certain',
      ...told((values) => {
        const isAbove = (value: number): boolean => value > noiseFloor;
        return `${count(values, isAbove)} and ${count(values, (value) => isAbove(-value))} beyond the noise`;
      }),
    },
    {
      name: 'largest eigenvalue',
      text: `between ${floored(largest.lower)} and ${ceiled(largest.upper)}`,
      surety: `lower end certain, upper end ${chance}`,
      ...told((values) => Math.max(...values).toPrecision(7)),
    },
    {
      name: 'relative error',
      text: `between ${floored(relativeError.lower)} and ${ceiled(relativeError.upper)} (Frobenius)`,
      surety: `each end ${chance}`,
      ...(truth ? { truth: truth.relativeError.toPrecision(5) } : {}),
    },
    {
      name: 'noise of products',
      text: `${boundText(noiseFloor)} for a vector of length one, on ${backend}`,
      surety: 'measured; in every bound',
    },
  ];
}

/** Cells of the table of eigenvalues, its heading first. */
export function eigenvalueCells({ analysis }: Snapshot, truth: Truth | undefined): string[][] {
  const { eigenvalues, certificate } = analysis;
  const rows = eigenvalues.map((value, i) => {
    const { lower, upper } = certificate!.eigenvalueIntervals![i]!;
    const rounded = roundTogether(value, (upper - lower) / 2);
    const scale = rounded.exponent === 0 ? '' : `e${rounded.exponent}`;
    const exact = truth ? [truth.eigenvalues[i]!.toPrecision(7)] : [];
    return [String(i + 1), `${rounded.value}${scale}`, `± ${rounded.bound}${scale}`, ...exact];
  });
  return [['#', 'Ritz value', 'bar', ...(truth ? ['eigenvalue, by magnitude'] : [])], ...rows];
}
