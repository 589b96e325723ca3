/** What a command ends with. */
import { EigensketchError } from '../core/errors.ts';
import { Interrupted } from './interruption.ts';

/** Exit codes, as `--help` lists them. */
export const EXIT = {
  done: 0,
  /** Something unexpected, for example an error thrown by the operator itself. */
  failed: 1,
  /** Options or their values are wrong. */
  usage: 2,
  /** The operator is not what it should be: not symmetric, not finite, of the wrong shape. */
  operator: 3,
  /** A wanted accuracy was not reached; the best result was printed all the same. */
  notConverged: 4,
  /** A file is missing, unreadable or of an unknown version. */
  file: 5,
  /** A device was lost or ran out of memory. */
  device: 6,
} as const;

export const EXIT_HELP = `Exit codes
  0  done                              3  the operator is not symmetric, finite or of the right shape
  1  an unexpected error               4  the wanted accuracy was not reached (the best result is printed)
  2  wrong options or values           5  a file is missing, unreadable or of an unknown version
  6  a device was lost or ran out of memory
  130  interrupted by Ctrl-C            143  stopped by SIGTERM`;

const BY_ERROR: Record<EigensketchError['code'], number> = {
  ARGUMENT: EXIT.usage,
  UNSUPPORTED: EXIT.usage,
  SHAPE: EXIT.operator,
  NUMERICAL: EXIT.operator,
  STORE: EXIT.file,
  DEVICE: EXIT.device,
};

/** The exit code that an error stands for. */
export function exitCodeOf(error: unknown): number {
  if (error instanceof Interrupted) return error.exitCode;
  if (error instanceof EigensketchError) return BY_ERROR[error.code];
  return EXIT.failed;
}
