/** `eigensketch recover`: from measured blocks to an orthonormal basis, or to the eigenpairs. */
import { CERTIFICATE_FIELDS } from '../apost/options.ts';
import { described, integer, optional, text, withDefault } from '../core/parse.ts';
import { TESTS } from '../store/folders.ts';
import { type Command, defineCommand } from './command.ts';
import { REPORTING_FIELDS } from './sketching.ts';

export const recoverCommand: Command = defineCommand({
  name: 'recover',
  usage: ['recover DIR [--stage S]', 'recover DIR --stage tests [--tests N --shards M]'],
  fields: {
    stage: described(
      optional(text),
      `stop after this one: a basis, which the next pass multiplies, result (default), or\n${' '.repeat(26)}${TESTS}, the test vectors of a certificate`,
    ),
    tests: { ...CERTIFICATE_FIELDS.tests, help: `how many test vectors, with --stage ${TESTS}` },
    shards: described(withDefault(integer(1), 1), 'processes that will share the products with them'),
    json: REPORTING_FIELDS.json,
  },
  examples: ['recover hessian.sketch --stage basis'],
  run: async (args, context) => (await import('./directories/recover.ts')).recoverStages(args, context),
});
