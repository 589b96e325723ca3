/** Options of certificates for the commands on directories. */
import type { ApostOptions } from '../apost/apost.ts';
import { type Flags, given, numberFlag, type OptionTable } from './command.ts';

export const CERTIFICATE_OPTIONS: OptionTable = {
  tests: { type: 'string' },
  confidence: { type: 'string' },
  'lanczos-steps': { type: 'string' },
};

export const CERTIFICATE_HELP = `  --tests Q               test products of the certificate, default 30; 0 leaves it out
  --confidence C          probability of each of its events, default 0.99
  --lanczos-steps P       products of the Lanczos run behind its completeness bound, default 8`;

/** The default of `apost`, said here because a finished certificate is compared with what is asked for. */
const TESTS = 30;

/** The options that were given; undefined for `--tests 0`. */
export function certificateOptions(where: string, flags: Flags): (ApostOptions & { tests: number }) | undefined {
  const tests = numberFlag(where, flags, 'tests') ?? TESTS;
  if (tests === 0) return undefined;
  const confidence = numberFlag(where, flags, 'confidence');
  const lanczosSteps = numberFlag(where, flags, 'lanczos-steps');
  return { tests, ...given({ confidence, lanczosSteps }) };
}
