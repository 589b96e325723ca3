/** `eigensketch status`: how far a directory is, who did what, and what is in the queue. */
import { described, flag, optional } from '../core/parse.ts';
import { type Command, defineCommand, json } from './command.ts';

export const statusCommand: Command = defineCommand({
  name: 'status',
  usage: ['status DIR'],
  fields: { workers: described(optional(flag), 'also which process did which block'), json },
  examples: ['status hessian.sketch --workers'],
  run: async (args) => (await import('./directories/status.ts')).tellStatus(args),
});
