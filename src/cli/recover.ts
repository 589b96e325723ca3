/** `eigensketch recover`: from measured blocks to an orthonormal basis, or to the eigenpairs. */
import { described, optional, text } from '../core/parse.ts';
import { selectKernels } from '../linalg/kernels/select.ts';
import { shardName, WHOLE } from '../store/shard.ts';
import { deriveStage } from '../store/sketch/derive.ts';
import { clearDirectory, openDirectory } from '../store/sketch/directory.ts';
import { stageIsThere } from '../store/sketch/progress.ts';
import { derivedStagesUpTo, RESULT } from '../store/sketch/stages.ts';
import { type Command, defineCommand } from './command.ts';
import { EXIT } from './exit.ts';
import { REPORTING_FIELDS } from './sketching.ts';
import { deliverStored } from './stored-analysis.ts';
import { directoryOf, resumable } from './storing.ts';

export const recoverCommand: Command = defineCommand({
  name: 'recover',
  usage: ['recover DIR [--stage S]'],
  fields: {
    stage: described(
      optional(text),
      'stop after this one: a basis, which the next pass multiplies, or result (default)',
    ),
    json: REPORTING_FIELDS.json,
  },
  examples: ['recover hessian.sketch --stage basis'],
  async run({ values, words }, { signal }) {
    const path = directoryOf({}, words);
    return resumable(signal, `eigensketch recover ${path}`, async () => {
      const directory = await openDirectory(path);
      await clearDirectory(directory);
      const last = values.stage ?? RESULT;
      const stages = derivedStagesUpTo(directory.plan, last);
      const kernels = await selectKernels();
      const worker = { shard: shardName(WHOLE), kernels: kernels.name, backend: '' };
      for (const stage of stages) {
        if (await stageIsThere(directory, stage)) continue;
        await deriveStage(directory, stage, { kernels, worker, signal });
      }
      if (last === RESULT) await deliverStored(directory, values.json === true);
      else console.log(values.json ? JSON.stringify({ directory: path, stage: last }) : `stage ${last} is there`);
      return EXIT.done;
    });
  },
});
