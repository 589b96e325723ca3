/** `eigensketch measure`: the products of one shard. */
import { selectKernels } from '../linalg/kernels/select.ts';
import { parseShard, shardName, WHOLE } from '../store/cluster/shard.ts';
import { workerOf } from '../store/record.ts';
import { measureStage } from '../store/sketch/measure.ts';
import { nextMeasured, progressOf } from '../store/sketch/progress.ts';
import { measuredStageNamed } from '../store/sketch/stages.ts';
import { type Command, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { progressBar } from './progress-bar.ts';
import { CREATION_HELP, CREATION_OPTIONS, directoryOf, openRun, resumable } from './storing.ts';

const WHERE = 'eigensketch measure';

export const measureCommand: Command = {
  summary: 'products of one shard of a sketch directory',
  help: `Usage: eigensketch measure DIR --shard I/M [options]
       eigensketch measure --operator FILE --dims K --out DIR --shard I/M [options]

  --shard I/M             measure every M-th block from the I-th on, I in 1..M (default 1/1); in place of I may stand
                          the name of an environment variable: --shard SLURM_ARRAY_TASK_ID/8
  --stage S               the pass to measure (default: the first one with missing blocks)
${CREATION_HELP}

Example
  eigensketch measure hessian.sketch --shard SLURM_ARRAY_TASK_ID/8

${EXIT_HELP}`,
  async run(args, { signal }) {
    const { flags, positionals } = parse(args, {
      ...CREATION_OPTIONS,
      shard: { type: 'string' },
      stage: { type: 'string' },
    });
    const path = directoryOf(WHERE, flags, positionals);
    const shard = typeof flags.shard === 'string' ? parseShard(WHERE, flags.shard) : WHOLE;
    return resumable(signal, `eigensketch measure ${path} --shard ${shardName(shard)}`, async () => {
      const { op, directory } = await openRun(WHERE, path, flags);
      const stage =
        typeof flags.stage === 'string'
          ? measuredStageNamed(WHERE, directory.plan, flags.stage)
          : await nextMeasured(WHERE, directory);
      if (stage) {
        const worker = workerOf(op, (await selectKernels()).name, shardName(shard));
        await measureStage(directory, stage, { where: WHERE, op, shard, worker, onProgress: progressBar(), signal });
      }
      const progress = (await progressOf(WHERE, directory)).find((each) => each.stage === stage?.name);
      const left = progress?.kind === 'measured' ? progress.missing.length : 0;
      const text = stage
        ? `stage ${stage.name}: shard ${shardName(shard)} is measured, ${left} blocks of all shards are missing`
        : 'every block is measured';
      const summary = { directory: path, stage: stage?.name ?? null, shard: shardName(shard), missing: left };
      console.log(flags.json ? JSON.stringify(summary) : text);
      return EXIT.done;
    });
  },
};
