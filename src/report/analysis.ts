/** Everything a report is made from: a decomposition, its certificate and where both come from, as a plain record. */

import { host } from '#host';
import type { Certificate } from '../apost/certificate.ts';
import { atDoor } from '../core/door.ts';
import { isFloatArray } from '../core/dtype.ts';
import { StoreError } from '../core/errors.ts';
import { anyText, asRecord, type Field, optional, parseOptions, refuse } from '../core/parse.ts';
import { VERSION } from '../core/version.ts';
import type { EighResult } from '../spectrum/result.ts';
import { checkBelongs, faultOfFile } from './check.ts';
import { type Outcome, outcomeOf } from './outcome.ts';

/** The version of analyses that this version writes. */
export const ANALYSIS_SCHEMA = 1;

/** Where numbers come from: enough to make them again. */
export interface Provenance {
  /** Name of the operator. */
  operator: string;
  /** Size of the operator. */
  n: number;
  /** Element type of the operator. */
  dtype: string;
  /** Of the decomposition. */
  method: string;
  /** Columns of the sketch. */
  dims: number;
  /** Distribution of the test matrix. */
  testMatrix: string;
  /** Of the sketch. */
  seed: number;
  /** Products with single columns spent on the decomposition. */
  numMatvecs: number;
  /** Wall-clock seconds of the decomposition. */
  seconds: number;
  /** Dense kernel provider. */
  kernels: string;
  /** Of this package and of those it used. */
  versions: { eigensketch: string; node?: string; browser?: string };
  /** Processor and system; of a page what its browser tells. */
  machine: string;
  /** ISO 8601. */
  date: string;
}

/** What `eigensketch seigh --out` writes and every report reads. */
export interface Analysis {
  /** Version of this record. */
  schema: typeof ANALYSIS_SCHEMA;
  /** What was run, with which options, where. */
  provenance: Provenance;
  /** Length r. */
  eigenvalues: number[];
  /** ||A v_i - w_i v_i||, where the method knows them. */
  residualNorms?: number[];
  /** Standard error of each eigenvalue over data batches. */
  samplingErrors?: number[];
  /** Estimate of the error from the sketch itself; not certified. */
  leaveOneOutError?: number;
  /** Of `eigsh`, and of `seigh` with `tol`: what was to be reached, and whether it was. */
  outcome?: Outcome;
  /** Absent when the decomposition was not certified: reports then say so. */
  certificate?: Certificate;
}

/** What an analysis is put together from. */
export interface AnalysisParts {
  /** Name of the operator, for people. */
  operator: string;
  /** Of `seigh` or `eigsh`. */
  result: EighResult;
  /** Of the result, if it was certified. */
  certificate?: Certificate | undefined;
  /** Default: now. */
  date?: Date | undefined;
}

const PARTS: { readonly [K in keyof Required<AnalysisParts>]: Field<AnalysisParts[K]> } = {
  operator: anyText,
  result: {
    kind: 'value',
    parse(value, name) {
      const result = asRecord(value, name) as Partial<EighResult>;
      const isResult =
        isFloatArray(result.eigenvalues) && Array.isArray(result.shape) && result.numMatvecs !== undefined;
      return isResult ? (value as EighResult) : refuse(name, 'a result of seigh or eigsh', value);
    },
  },
  certificate: optional({ kind: 'value', parse: (value, name) => asRecord(value, name) as unknown as Certificate }),
  date: {
    kind: 'value',
    parse: (value = new Date(), name) =>
      Object.prototype.toString.call(value) === '[object Date]' && Number.isFinite((value as Date).getTime())
        ? (value as Date)
        : refuse(name, 'a Date', value),
  },
};

/**
 * The record of a decomposition and its certificate. Eigenvectors are not part of it.
 *
 * @example
 * const analysis = analysisOf({ operator: 'MNIST classifier', result, certificate });
 * @throws ArgumentError for parts that are no result, certificate or date, and for a certificate of another result.
 */
export function analysisOf(parts: AnalysisParts): Analysis {
  return atDoor('analysisOf', () => recordOf(parseOptions(asRecord(parts, 'parts'), PARTS)));
}

function recordOf({ operator, result, certificate, date = new Date() }: AnalysisParts): Analysis {
  const { shape, dtype, method, dims, testMatrix, seed, numMatvecs, kernels, seconds } = result;
  const { residualNorms, samplingErrors, leaveOneOutError } = result;
  const outcome = outcomeOf(result);
  if (certificate !== undefined) checkBelongs('certificate', result.eigenvalues, certificate);
  return {
    schema: ANALYSIS_SCHEMA,
    provenance: {
      operator,
      n: shape[0],
      dtype,
      method,
      dims,
      testMatrix,
      seed,
      numMatvecs,
      seconds,
      kernels,
      versions: { eigensketch: VERSION, ...host.runtime() },
      machine: host.machine(),
      date: date.toISOString(),
    },
    eigenvalues: Array.from(result.eigenvalues),
    ...(residualNorms ? { residualNorms: Array.from(residualNorms) } : {}),
    ...(samplingErrors ? { samplingErrors: Array.from(samplingErrors) } : {}),
    ...(leaveOneOutError === undefined ? {} : { leaveOneOutError }),
    ...(outcome ? { outcome } : {}),
    ...(certificate ? { certificate } : {}),
  };
}

/** JSON has null for what is not finite: the ends of an interval that bounds nothing. */
function withInfinity(name: string, value: unknown): unknown {
  if (value !== null) return value;
  if (name === 'lower') return Number.NEGATIVE_INFINITY;
  return name === 'upper' || name === 'estimate' || name === 'missedEigenvalueBound' ? Number.POSITIVE_INFINITY : null;
}

function readAnalysis(text: string): Analysis {
  let value: unknown;
  try {
    value = JSON.parse(text, withInfinity);
  } catch (error) {
    throw new StoreError('the text is not JSON', {}, { cause: error });
  }
  if (value === null || typeof value !== 'object') throw new StoreError('the text holds no record');
  const { schema } = value as { schema?: unknown };
  if (schema !== ANALYSIS_SCHEMA) {
    throw new StoreError(`the analysis has schema version ${String(schema)}, this version reads ${ANALYSIS_SCHEMA}`, {
      schema,
      known: ANALYSIS_SCHEMA,
    });
  }
  const fault = faultOfFile(value);
  if (fault !== undefined) throw new StoreError(fault);
  return value as Analysis;
}

/**
 * Reads what `JSON.stringify` made of an {@link Analysis}.
 * @throws ArgumentError for what is no text, StoreError for text that is no JSON, no analysis, or of an unknown schema version.
 */
export function parseAnalysis(text: string): Analysis {
  return atDoor('parseAnalysis', () => readAnalysis(anyText.parse(text, 'text')));
}
