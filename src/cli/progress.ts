/** How far a command is, on stderr: a bar on a terminal, a line now and then in a pipe, as in the log of a cluster. */

import { formatMemory } from '../core/memory.ts';
import { described, type Field, flag, optional } from '../core/parse.ts';
import type { Progress } from '../core/schedule.ts';

const WIDTH = 24;

/** In a pipe, the first line comes after so many seconds, and the next ones so many apart: short runs print nothing. */
const FIRST_LINE = 30;
const BETWEEN_LINES = 60;

/** Nothing on stderr but errors. */
export const QUIET: Field<boolean | undefined> = described(optional(flag), 'no progress on stderr');

/** Where progress is written, and what tells the time; tests have their own. */
export interface ProgressStream {
  isTTY?: boolean;
  write(text: string): unknown;
}

/** '7.1 s', '12 min', '3.4 h'. */
export function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toPrecision(3)} s`;
  return seconds < 7200 ? `${(seconds / 60).toPrecision(3)} min` : `${(seconds / 3600).toPrecision(3)} h`;
}

/** Products of a stage since a command has begun with it: what was there before was not made by this process. */
interface StageStart {
  stage: Progress['stage'];
  total: number;
  at: number;
  done: number;
}

/** What is counted: products; where pairs of `eigsh` are, the products that they took. */
const countOf = ({ done, numMatvecs }: Progress): number => numMatvecs ?? done;

function stateText({ done, total, numMatvecs, worstResidual }: Progress): string {
  if (numMatvecs === undefined) return `${done} of ${total} products`;
  const residual = worstResidual === undefined ? '' : `, worst residual ${worstResidual.toExponential(1)}`;
  return `${done} of ${total} pairs, ${numMatvecs} products${residual}`;
}

/** Elapsed time, rate and what is left at that rate. */
function paceText(progress: Progress, start: StageStart, seconds: number): string {
  const made = countOf(progress) - start.done;
  const parts = [duration(seconds - start.at)];
  if (made > 0) {
    const rate = made / Math.max(1e-3, seconds - start.at);
    parts.push(`${rate.toPrecision(3)} products/s`);
    // how many products pairs will take is not known
    const left = progress.numMatvecs === undefined ? progress.total - progress.done : 0;
    if (left > 0) parts.push(`${duration(left / rate)} left`);
  }
  return parts.join(', ');
}

/**
 * A reporter for `onProgress`.
 * @param now seconds
 */
export function progressReporter(
  stream: ProgressStream,
  now: () => number = () => performance.now() / 1000,
): (progress: Progress) => void {
  let start: StageStart | undefined;
  let nextLine = now() + FIRST_LINE;
  return (progress) => {
    const { stage, done, total } = progress;
    const seconds = now();
    if (start?.stage !== stage || start.total !== total) {
      start = { stage, total, at: seconds, done: countOf(progress) };
    }
    if (stream.isTTY) {
      const filled = total === 0 ? WIDTH : Math.round((WIDTH * done) / total);
      const bar = '█'.repeat(filled) + '·'.repeat(WIDTH - filled);
      const text = `${stage.padEnd(12)} ${bar} ${stateText(progress)}, ${paceText(progress, start, seconds)}`;
      // what a longer line before has left is cleared
      stream.write(`\r${text}\u001b[K${done === total ? '\n' : ''}`);
    } else if (seconds >= nextLine) {
      nextLine = seconds + BETWEEN_LINES;
      const memory = formatMemory(process.memoryUsage.rss());
      stream.write(`${stage}: ${stateText(progress)}, ${paceText(progress, start, seconds)}, ${memory} of memory\n`);
    }
  };
}

/** The reporter of a command with these options. */
export function reporterOf({ quiet }: Readonly<Record<string, unknown>>): (progress: Progress) => void {
  return quiet === true ? () => {} : progressReporter(process.stderr);
}
