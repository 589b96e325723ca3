/** What every report needs of an analysis, whoever made it: checked before anything is written. */
import { CERTIFICATE_SCHEMA, type Certificate } from '../apost/certificate.ts';
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
export function faultOfCertificate(certificate: unknown): string | undefined {
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

/** @throws ArgumentError for what is no certificate, or one of a result with other eigenvalues: its bars would be false. */
export function checkBelongs(name: string, eigenvalues: Float64Array, certificate: Certificate): void {
  const fault = faultOfCertificate(certificate);
  if (fault !== undefined) throw new ArgumentError(`${name}: ${fault}`, {});
  const intervals = certificate.eigenvalueIntervals;
  if (!intervals) return;
  if (intervals.length !== eigenvalues.length) {
    throw new ArgumentError(
      `${name} is of another result: it is of ${intervals.length} eigenvalues, the result has ${eigenvalues.length}`,
      {},
    );
  }
  const other = intervals.findIndex(({ estimate }, i) => estimate !== eigenvalues[i]);
  if (other < 0) return;
  throw new ArgumentError(
    `${name} is of another result: its eigenvalue ${other} is ${intervals[other]!.estimate}, that of the result ${eigenvalues[other]}`,
    { index: other },
  );
}

/** The first field that has not the type it should have. */
const wrongType = (value: Readonly<Record<string, unknown>>, type: string, names: readonly string[]) =>
  names.find((name) => typeof value[name] !== type);

/** What ran the program: a browser where one is named. */
const runtimeOf = ({ versions }: Readonly<Record<string, unknown>>): string =>
  (versions as { browser?: unknown }).browser === undefined ? 'node' : 'browser';

function faultOfProvenance(provenance: Readonly<Record<string, unknown>>): string | undefined {
  const wrong =
    wrongType(provenance, 'string', ['dtype', 'method', 'testMatrix', 'kernels', 'machine', 'date']) ??
    wrongType(provenance, 'number', ['n', 'dims', 'seed', 'numMatvecs', 'seconds']) ??
    wrongType(provenance.versions as Record<string, unknown>, 'string', ['eigensketch', runtimeOf(provenance)]);
  return wrong === undefined ? undefined : `its provenance has no valid ${wrong}`;
}

function faultOfOutcome(outcome: unknown): string | undefined {
  if (!isRecord(outcome)) return 'its outcome is no record';
  const given = (names: string[], record: Readonly<Record<string, unknown>>): string[] =>
    names.filter((name) => record[name] !== undefined);
  const rest = outcome.completeness ?? { confidence: 1, complete: false };
  if (!isRecord(rest)) return 'the completeness of its outcome is no record';
  const wrong =
    wrongType(outcome, 'number', ['tol', ...given(['numConverged', 'noiseFloor'], outcome)]) ??
    wrongType(outcome, 'boolean', ['converged', ...given(['complete'], outcome)]) ??
    wrongType(outcome, 'string', ['status']) ??
    wrongType(rest, 'number', ['confidence', ...given(['upperBound', 'lowerBound', 'radius'], rest)]) ??
    wrongType(rest, 'boolean', ['complete']);
  return wrong === undefined ? undefined : `its outcome has no valid ${wrong}`;
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

/** What is wrong with an analysis out of a file, where nothing has made sure of anything, or undefined. */
export function faultOfFile(value: unknown): string | undefined {
  const fault = faultOf(value);
  if (fault !== undefined) return fault;
  const { eigenvalues, residualNorms, samplingErrors, provenance, outcome } = value as Record<string, unknown>;
  const perPair = [residualNorms, samplingErrors].every(
    (list) => list === undefined || (list as unknown[]).length === (eigenvalues as unknown[]).length,
  );
  if (!perPair) return 'its lists are of different lengths';
  return (
    faultOfProvenance(provenance as Record<string, unknown>) ??
    (outcome === undefined ? undefined : faultOfOutcome(outcome))
  );
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
