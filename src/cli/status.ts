/** `eigensketch status`: how far a sketch directory is, who did what, and what is in the queue. */
import { loadCertificate } from '../run/certificate.ts';
import { openDirectory, type SketchDirectory } from '../run/directory.ts';
import { type QueuedJob, queued } from '../run/engine/slurm.ts';
import { loadLaunch } from '../run/launch.ts';
import { progressOf, type StageProgress } from '../run/progress.ts';
import { type Command, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { directoryOf } from './storing.ts';

const WHERE = 'eigensketch status';

function duration(seconds: number): string {
  if (seconds < 120) return `${seconds.toPrecision(3)} s`;
  return seconds < 7200 ? `${(seconds / 60).toPrecision(3)} min` : `${(seconds / 3600).toPrecision(3)} h`;
}

function line(progress: StageProgress): string {
  const name = progress.stage.padEnd(16);
  if (progress.kind === 'derived') return `${name} ${progress.done ? `done on ${progress.done.host}` : 'not yet'}`;
  const { done, blocks, missing, failed, secondsPerProduct, productsLeft } = progress;
  const parts = [`${done.length} of ${blocks} blocks`, `${missing.length} missing`, `${failed.length} failed`];
  if (secondsPerProduct !== undefined) {
    parts.push(`${secondsPerProduct.toPrecision(3)} s a product`);
    if (productsLeft > 0) parts.push(`${duration(secondsPerProduct * productsLeft)} of one process left`);
  }
  return [`${name} ${parts.join(', ')}`, ...failed.map(({ block, message }) => `  block ${block}: ${message}`)].join(
    '\n',
  );
}

/** Workers of a stage with the blocks of each. */
function workers(progress: StageProgress): string[] {
  if (progress.kind === 'derived') return [];
  const blocks = new Map<string, number[]>();
  for (const { host, pid, shard, backend, kernels, block } of progress.done) {
    const key = `shard ${shard} on ${host}, process ${pid}, ${backend ? `${backend}, ` : ''}${kernels}`;
    blocks.set(key, [...(blocks.get(key) ?? []), block]);
  }
  return [...blocks].map(([worker, own]) => `  ${worker}: blocks ${own.join(' ')}`);
}

async function queueOf(directory: SketchDirectory): Promise<QueuedJob[] | undefined> {
  const launch = await loadLaunch(directory);
  return launch && queued(launch.jobs.map(({ id }) => id));
}

export const statusCommand: Command = {
  summary: 'blocks of a sketch directory that are done, missing and failed; time left; the queue',
  help: `Usage: eigensketch status DIR

  --workers               also which process did which block
  --json                  print everything as JSON
  --help                  this text

Example
  eigensketch status hessian.sketch --workers

${EXIT_HELP}`,
  async run(args) {
    const { flags, positionals } = parse(args, {
      workers: { type: 'boolean' },
      json: { type: 'boolean' },
      help: { type: 'boolean', short: 'h' },
    });
    const path = directoryOf(WHERE, flags, positionals);
    const directory = await openDirectory(WHERE, path);
    const stages = await progressOf(WHERE, directory);
    const isCertified = (await loadCertificate(directory)) !== undefined;
    const queue = await queueOf(directory);
    if (flags.json) {
      const { plan, origin } = directory;
      console.log(JSON.stringify({ directory: path, plan, origin, stages, certified: isCertified, queue }, null, 2));
      return EXIT.done;
    }
    for (const stage of stages) {
      console.log(line(stage));
      if (flags.workers) for (const worker of workers(stage)) console.log(worker);
    }
    console.log(`${'certificate'.padEnd(16)} ${isCertified ? 'done' : 'not yet'}`);
    if (queue) console.log(queue.length === 0 ? 'no job is queued' : 'queue');
    for (const { id, state, reason } of queue ?? [])
      console.log(`  ${id.padEnd(10)} ${state.toLowerCase()} (${reason})`);
    return EXIT.done;
  },
};
