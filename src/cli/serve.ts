/** `eigensketch serve`: an operator for the program that has started this one, over standard input and output. */
import process from 'node:process';
import { ArgumentError } from '../core/errors.ts';
import { type Command, defineCommand, refuseWords } from './command.ts';
import { EXIT } from './exit.ts';
import { MODEL_USAGE, operatorOf, SOURCE_FIELDS, sourceOf } from './operator-source.ts';

export const serveCommand: Command = defineCommand({
  name: 'serve',
  usage: ['serve --operator FILE', `serve ${MODEL_USAGE}`],
  about: `For remoteOperator({ command: ['eigensketch', 'serve', '--operator', 'hessian.js'] }), also through ssh or srun. Ends when
its standard input does. Products are made by the protocol of docs/remote.md; what the operator prints goes to stderr.`,
  fields: SOURCE_FIELDS,
  examples: ['serve --operator hessian.js'],
  async run({ given, words }) {
    refuseWords(words);
    const source = sourceOf(given);
    if (process.stdin.isTTY) {
      throw new ArgumentError('standard input is a terminal: serve answers a program that has started it', {});
    }
    const { serve } = await import('../remote/serve.ts');
    await serve(() => operatorOf(source));
    return EXIT.done;
  },
});
