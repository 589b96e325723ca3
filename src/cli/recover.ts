/** `eigensketch recover`: from measured blocks to an orthonormal basis, or to the eigenpairs. */
import { CERTIFICATE_FIELDS } from '../apost/options.ts';
import { described, integer, optional, text, withDefault } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { shardName, WHOLE } from '../store/shard.ts';
import { deriveStage, spaceOf } from '../store/sketch/derive.ts';
import { clearDirectory, openDirectory } from '../store/sketch/directory.ts';
import { stageIsThere } from '../store/sketch/progress.ts';
import { loadResult } from '../store/sketch/result.ts';
import { derivedStagesUpTo, RESULT } from '../store/sketch/stages.ts';
import { testBlockSize } from '../store/sketch/test-products.ts';
import { ensureTests, TESTS } from '../store/test-vectors.ts';
import { type Command, defineCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { REPORTING_FIELDS } from './sketching.ts';
import { deliverStored } from './stored-analysis.ts';
import { directoryOf, resumable } from './storing.ts';

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
  async run({ values, words }, { signal }) {
    const path = directoryOf({}, words);
    return resumable(signal, `eigensketch recover ${path}`, async () => {
      const directory = await openDirectory(path);
      await clearDirectory(directory);
      const last = values.stage ?? RESULT;
      const stages = derivedStagesUpTo(directory.plan, last === TESTS ? RESULT : last);
      const kernels = await selectKernels();
      const worker = { shard: shardName(WHOLE), kernels: kernels.name, backend: '' };
      for (const stage of stages) {
        if (await stageIsThere(directory, stage)) continue;
        await deriveStage(directory, stage, { kernels, worker, signal });
      }
      if (last === TESTS) {
        const result = await loadResult(directory, kernels);
        const { tests, shards } = values;
        const wanted = { tests, seed: directory.plan.seed, blockSize: testBlockSize(directory, tests, shards) };
        const space = spaceOf(directory);
        await ensureTests(directory, result, wanted, { space, verbs: { kernels, signal }, worker });
      }
      if (last === RESULT) await deliverStored(directory, values.json === true);
      else console.log(values.json ? JSON.stringify({ directory: path, stage: last }) : `stage ${last} is there`);
      return EXIT.done;
    });
  },
});
