/** A progress bar on stderr, drawn only when a person is looking. */
import type { Progress } from '../core/schedule.ts';

const WIDTH = 32;

/** A reporter for `onProgress`: draws on a terminal, does nothing in a pipe. */
export function progressBar(stream: NodeJS.WriteStream = process.stderr): (progress: Progress) => void {
  if (!stream.isTTY) return () => {};
  return ({ stage, done, total }) => {
    const filled = total === 0 ? WIDTH : Math.round((WIDTH * done) / total);
    const bar = '█'.repeat(filled) + '·'.repeat(WIDTH - filled);
    stream.write(`\r${stage.padEnd(12)} ${bar} ${done}/${total}${done === total ? '\n' : ''}`);
  };
}
