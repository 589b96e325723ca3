/** Options of certificates for the commands. */
import { type ApostOptions, CERTIFICATE_FIELDS } from '../apost/options.ts';
import { described, type Field, integer, withDefault } from '../core/parse.ts';
import { pick } from './command.ts';

/** Where a certificate comes at the end of a run, and may be left out. */
export const FINAL_CERTIFICATE_FIELDS: Readonly<Record<keyof typeof CERTIFICATE_FIELDS, Field<number>>> = {
  ...CERTIFICATE_FIELDS,
  tests: described(
    withDefault(integer(0), CERTIFICATE_FIELDS.tests.fallback as number),
    `${CERTIFICATE_FIELDS.tests.help}; 0 leaves it out`,
  ),
};

/** The options that were given, and always the number of tests; undefined for `--tests 0`. */
export function certificateOptions(
  given: Readonly<Record<string, unknown>>,
): (ApostOptions & { tests: number }) | undefined {
  const tests = CERTIFICATE_FIELDS.tests.fallback as number;
  const options = { tests, ...pick(given, CERTIFICATE_FIELDS) } as ApostOptions & { tests: number };
  return options.tests === 0 ? undefined : options;
}
