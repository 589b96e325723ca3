/** What every report needs of an analysis, whoever made it: checked before anything is written. */
import { CERTIFICATE_SCHEMA } from '../apost/certificate.ts';
import { ArgumentError } from '../core/errors.ts';
import { type Field, integer, parseOptions, withDefault } from '../core/parse.ts';
import type { Analysis } from './analysis.ts';

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  value !== null && typeof value === 'object' && !Array.isArray(value) && !ArrayBuffer.isView(value);

const isNumbers = (value: unknown): boolean => Array.isArray(value) && value.every((each) => typeof each === 'number');

const isInterval = (value: unknown): boolean =>
  isRecord(value) && ['estimate', 'lower', 'upper'].every((end) => typeof value[end] === 'number');

const isIntervals = (value: unknown): boolean =>
  Array.isArray(value) && value.every((each) => each === null || isInterval(each));

/** What is wrong with a certificate, or undefined. */
function faultOfCertificate(certificate: unknown): string | undefined {
  if (!isRecord(certificate)) return 'the certificate is no record';
  if (certificate.schema !== CERTIFICATE_SCHEMA) {
    return `its certificate has schema version ${String(certificate.schema)}, this version reads ${CERTIFICATE_SCHEMA}`;
  }
  const { likely } = certificate;
  const missing = [
    ...['relativeError', 'errorFrob', 'operatorFrob'].filter((name) => !isInterval(certificate[name])),
    ...(isRecord(likely) && isInterval(likely.relativeError) ? [] : ['likely.relativeError']),
    ...['scree', 'eigenvalueIntervals', 'gapIntervals'].filter(
      (name) => certificate[name] !== undefined && !isIntervals(certificate[name]),
    ),
    ...(certificate.inertia === undefined || isRecord(certificate.inertia) ? [] : ['inertia']),
    ...(certificate.angleBounds === undefined || Array.isArray(certificate.angleBounds) ? [] : ['angleBounds']),
    ...['tests', 'confidence', 'numMatvecs', 'seconds', 'noiseFloor', 'roundingFloor'].filter(
      (name) => typeof certificate[name] !== 'number',
    ),
  ];
  return missing.length === 0 ? undefined : `its certificate has no valid ${missing[0]}`;
}

/** What is wrong with an analysis, or undefined. */
export function faultOf(value: unknown): string | undefined {
  if (!isRecord(value)) return 'it is no record';
  const { eigenvalues, provenance, residualNorms, samplingErrors, certificate } = value;
  if (!isNumbers(eigenvalues) || !isRecord(provenance) || typeof provenance.operator !== 'string') {
    return 'the record has no eigenvalues or no provenance';
  }
  if (!isRecord(provenance.versions)) return 'its provenance has no versions';
  if (residualNorms !== undefined && !isNumbers(residualNorms)) return 'its residualNorms are no numbers';
  if (samplingErrors !== undefined && !isNumbers(samplingErrors)) return 'its samplingErrors are no numbers';
  return certificate === undefined ? undefined : faultOfCertificate(certificate);
}

/** @throws ArgumentError for what is no analysis, with what it lacks. */
export function checkAnalysis(value: unknown): Analysis {
  const fault = faultOf(value);
  if (fault === undefined) return value as Analysis;
  throw new ArgumentError(`expected an analysis, as analysisOf and parseAnalysis make it: ${fault}`);
}

const ROWS: Field<number> = {
  kind: 'integer',
  parse: (value, name) => (value === Number.POSITIVE_INFINITY ? (value as number) : integer(0).parse(value, name)),
};

/** Eigenvalues that a table lists. @throws ArgumentError for options that a table does not have. */
export function parseTableOptions(options: unknown): { rows: number } {
  return parseOptions(options, { rows: withDefault(ROWS, 20) });
}
