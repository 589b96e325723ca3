/** A certificate as it comes out of a file: every field is what it should be, or the file is refused. */
import { StoreError } from '../core/errors.ts';
import type { Interval } from '../stats/interval.ts';
import { CERTIFICATE_SCHEMA, type Certificate } from './certificate.ts';

type Check = (value: unknown) => boolean;
type Checks = Readonly<Record<string, Check>>;

// JSON has null for what is not finite
const number: Check = (value) => typeof value === 'number' || value === null;
const isText: Check = (value) => typeof value === 'string';
const isFlag: Check = (value) => typeof value === 'boolean';
const isRecord = (value: unknown): value is Record<string, unknown> =>
  value !== null && typeof value === 'object' && !Array.isArray(value);
const listOf =
  (check: Check): Check =>
  (value) =>
    Array.isArray(value) && value.every(check);
const record =
  (checks: Checks): Check =>
  (value) =>
    isRecord(value) && Object.entries(checks).every(([name, check]) => check(value[name]));
const interval = record({ estimate: number, lower: number, upper: number });
const intervals = { relativeError: interval, errorFrob: interval, operatorFrob: interval };

const FIELDS: Checks = {
  confidence: number,
  events: listOf(record({ name: isText, probability: number, statements: listOf(isText) })),
  looks: number,
  tests: number,
  seed: number,
  numMatvecs: number,
  seconds: number,
  deflated: isFlag,
  ...intervals,
  likely: record({ ...intervals, effectiveDimension: number }),
  noiseFloor: number,
  roundingFloor: number,
};

const OPTIONAL: Checks = {
  scree: listOf(interval),
  eigenvalueIntervals: listOf(interval),
  gapIntervals: listOf((value) => value === null || interval(value)),
  angleBounds: listOf(number),
  inertia: record({ negative: number, positive: number }),
  missedEigenvalueBound: number,
  residualSamples: number,
  coreAsymmetry: number,
  samplingErrors: listOf(number),
};

/** What JSON had no number for: an end of an interval that bounds nothing, or an estimate that is none. */
function revived({ estimate, lower, upper }: Interval): Interval {
  return {
    estimate: estimate ?? Number.NaN,
    lower: lower ?? Number.NEGATIVE_INFINITY,
    upper: upper ?? Number.POSITIVE_INFINITY,
  };
}

/**
 * @param what the certificate in messages: 'certificate.json: the certificate'
 * @throws StoreError for another version, and for the first field that is missing or of a wrong type.
 */
export function readCertificate(what: string, value: unknown): Certificate {
  if (!isRecord(value)) throw new StoreError(`${what} is no record`, {});
  if (value.schema !== CERTIFICATE_SCHEMA) {
    throw new StoreError(
      `${what} has schema version ${String(value.schema)}, this version reads ${CERTIFICATE_SCHEMA}`,
      {
        schema: value.schema,
      },
    );
  }
  const needed = Object.entries(FIELDS).find(([name, check]) => !check(value[name]));
  const given = Object.entries(OPTIONAL).find(([name, check]) => value[name] !== undefined && !check(value[name]));
  const wrong = needed ?? given;
  if (wrong) throw new StoreError(`${what} has a wrong '${wrong[0]}', or none`, { field: wrong[0] });
  const certificate = value as unknown as Certificate;
  const { likely, relativeError, errorFrob, operatorFrob } = certificate;
  return {
    ...certificate,
    relativeError: revived(relativeError),
    errorFrob: revived(errorFrob),
    operatorFrob: revived(operatorFrob),
    likely: {
      ...likely,
      relativeError: revived(likely.relativeError),
      errorFrob: revived(likely.errorFrob),
      operatorFrob: revived(likely.operatorFrob),
    },
  };
}
