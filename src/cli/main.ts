/** The command line: finds the command, runs it, and turns what happens into an exit code. */
import { createRequire } from 'node:module';
import { ArgumentError } from '../core/errors.ts';
import { nearest } from '../core/parse.ts';
import { COMMANDS } from './commands.ts';
import { EXIT, EXIT_HELP, exitCodeOf } from './exit.ts';
import { type Interruption, listen } from './interruption.ts';

function usage(): string {
  const lines = [...COMMANDS].map(([name, { summary }]) => `  ${name.padEnd(9)} ${summary}`);
  return `Usage: eigensketch COMMAND [options]

${lines.join('\n')}

eigensketch help COMMAND, or COMMAND --help, shows the options and an example; --version the version.

Example
  eigensketch certify --operator hessian.js --dims 200

${EXIT_HELP}`;
}

async function dispatch([name, ...args]: string[], signal: AbortSignal): Promise<number> {
  // 'help X' is 'X --help'
  if (name === 'help') return dispatch([...args.slice(0, 1), '--help'], signal);
  if (name === undefined || name === '--help' || name === '-h') {
    console.log(usage());
    return name === undefined ? EXIT.usage : EXIT.done;
  }
  if (name === '--version') {
    console.log((createRequire(import.meta.url)('eigensketch/package.json') as { version: string }).version);
    return EXIT.done;
  }
  const listed = COMMANDS.get(name);
  if (!listed) {
    const names = [...COMMANDS.keys()];
    const near = nearest(name, names);
    const hint = near === undefined ? '' : `; did you mean '${near}'?`;
    throw new ArgumentError(`eigensketch: there is no command '${name}', only ${names.join(', ')}${hint}`);
  }
  const command = await listed.load();
  if (args.includes('--help') || args.includes('-h')) {
    console.log(command.help);
    return EXIT.done;
  }
  return command.run(args, { signal });
}

/** A message whose names and paths move no cursor: what controls a terminal is shown as in a string of JavaScript. */
function printable(message: string): string {
  // biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is shown
  return message.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f]/g, (control) => {
    return `\\x${control.charCodeAt(0).toString(16).padStart(2, '0')}`;
  });
}

/**
 * Runs one command line and returns its exit code. Errors go to stderr: the message alone where it says what to do, the
 * whole error where it is unexpected. A first Ctrl-C or SIGTERM stops at the next block of products; a second one at once.
 */
export async function main(args: string[], interruption: Interruption = listen()): Promise<number> {
  const { signal } = interruption;
  try {
    signal.throwIfAborted();
    return await dispatch(args, signal);
  } catch (error) {
    if (signal.aborted) {
      console.error('interrupted');
      return exitCodeOf(signal.reason);
    }
    const code = exitCodeOf(error);
    console.error(code === EXIT.failed ? error : printable((error as Error).message));
    return code;
  } finally {
    interruption.ignore();
  }
}
