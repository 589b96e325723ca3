/** How many threads a team has. */
import { host } from '#host';
import { ArgumentError } from '../../../core/errors.ts';

const MAX_THREADS = 8;

/** Threads of the team: what the machine gives, at most 8, or what EIGENSKETCH_THREADS says; 0 where threads share no memory. */
export function teamSize(): number {
  const wanted = host.setting('EIGENSKETCH_THREADS');
  if (wanted === undefined || wanted === '') return Math.min(MAX_THREADS, host.threads());
  if (/^[1-9]\d?$/.test(wanted)) return Number(wanted);
  throw new ArgumentError(`EIGENSKETCH_THREADS must be an integer in 1..99, got '${wanted}'`, { wanted });
}
