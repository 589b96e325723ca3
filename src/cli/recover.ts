/** `eigensketch recover`: from measured blocks to an orthonormal basis, or to the eigenpairs. */
import { selectKernels } from '../linalg/kernels/select.ts';
import { shardName, WHOLE } from '../store/cluster/shard.ts';
import { deriveStage } from '../store/sketch/derive.ts';
import { openDirectory } from '../store/sketch/directory.ts';
import { stageIsThere } from '../store/sketch/progress.ts';
import { derivedStagesUpTo, RESULT } from '../store/sketch/stages.ts';
import { type Command, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { deliverStored } from './stored-analysis.ts';
import { directoryOf, resumable } from './storing.ts';

const WHERE = 'eigensketch recover';

export const recoverCommand: Command = {
  summary: 'eigenpairs of a sketch directory from its measured blocks; no products',
  help: `Usage: eigensketch recover DIR [--stage S]

  --stage S               stop after this one: a basis, which the next pass multiplies, or result (default)
  --json                  print the analysis as JSON instead of text
  --help                  this text

Example
  eigensketch recover hessian.sketch --stage basis

${EXIT_HELP}`,
  async run(args, { signal }) {
    const { flags, positionals } = parse(args, {
      stage: { type: 'string' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    });
    const path = directoryOf(WHERE, flags, positionals);
    return resumable(signal, `eigensketch recover ${path}`, async () => {
      const directory = await openDirectory(WHERE, path);
      const kernels = await selectKernels();
      const worker = { shard: shardName(WHOLE), kernels: kernels.name, backend: '' };
      const last = typeof flags.stage === 'string' ? flags.stage : RESULT;
      for (const stage of derivedStagesUpTo(WHERE, directory.plan, last)) {
        if (await stageIsThere(directory, stage)) continue;
        await deriveStage(directory, stage, { where: WHERE, kernels, worker, signal });
      }
      if (last === RESULT) await deliverStored(WHERE, directory, flags);
      else console.log(flags.json ? JSON.stringify({ directory: path, stage: last }) : `stage ${last} is there`);
      return EXIT.done;
    });
  },
};
