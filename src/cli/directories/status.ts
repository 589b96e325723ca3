/** What `eigensketch status` does. */

import type { Fields } from '../../core/parse.ts';
import { keptProducts, openAccuracyDirectory } from '../../store/accuracy/directory.ts';
import { isEnded as hasEnded, readResult } from '../../store/accuracy/result.ts';
import { loadCertificate } from '../../store/certificate.ts';
import { loadLaunch } from '../../store/cluster/launch.ts';
import { type QueuedJob, queued } from '../../store/cluster/slurm.ts';
import { ACCURACY, holds, SEARCH } from '../../store/directory.ts';
import { openSearchDirectory } from '../../store/search/directory.ts';
import { searchProgress } from '../../store/search/progress.ts';
import { openDirectory, type SketchDirectory } from '../../store/sketch/directory.ts';
import { flatPlan } from '../../store/sketch/plan.ts';
import { progressOf, type StageProgress } from '../../store/sketch/progress.ts';
import { certificateProgress } from '../../store/sketch/test-products.ts';
import type { Arguments } from '../command.ts';
import { EXIT } from '../exit.ts';
import { duration } from '../progress.ts';
import { directoryOf } from '../storing.ts';

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

const PHASES: Record<string, string> = {
  begun: 'no product is finished yet',
  search: 'searching the wanted pairs',
  check: 'looking for eigenvalues that may be missing',
  converged: 'ended: every pair has reached tol',
  noise: "ended: the operator's noise is above tol",
  maxProducts: 'stopped at maxProducts; a larger one continues',
  signal: 'stopped by its signal; the same call continues',
};

/** What a directory of `eigsh` says. */
async function searchStatus(path: string, isJson: boolean): Promise<void> {
  const directory = await openSearchDirectory(path);
  const progress = await searchProgress(directory);
  const { plan } = directory;
  if (isJson) {
    console.log(JSON.stringify({ directory: path, search: plan, progress }, null, 2));
    return;
  }
  const { phase, numMatvecs, restarts, numConverged, work } = progress;
  const converged = numConverged === undefined ? '' : `, ${numConverged} of ${plan.k} pairs converged`;
  console.log(`${'search'.padEnd(16)} ${plan.k} pairs ${plan.which} to ${plan.tol}, n = ${plan.n}, ${plan.dtype}`);
  console.log(`${'products'.padEnd(16)} ${numMatvecs}, ${restarts} restarts${converged}`);
  console.log(`${'state'.padEnd(16)} ${PHASES[phase]}`);
  if (work) console.log(`${'last record'.padEnd(16)} ${work.finished}, process ${work.pid} on ${work.host}`);
}

const ENDS: Record<string, string> = {
  converged: 'ended: the tolerance is certified',
  maxDims: 'ended: maxDims columns do not reach the tolerance',
  rounding: 'ended: rounding or noise does not allow the tolerance',
};

/** What a directory of `seigh` with `tol` says. */
async function accuracyStatus(path: string, isJson: boolean): Promise<void> {
  const directory = await openAccuracyDirectory(path);
  const { plan } = directory;
  const products = (await keptProducts(directory)).length;
  const { attributes } = (await hasEnded(directory)) ? await readResult(directory) : { attributes: undefined };
  const status = attributes === undefined ? 'search' : String(attributes.status);
  if (isJson) {
    console.log(JSON.stringify({ directory: path, accuracy: plan, progress: { status, products } }, null, 2));
    return;
  }
  const { tol, confidence, maxDims, n, dtype } = plan;
  console.log(`${'accuracy'.padEnd(16)} ${tol} at ${confidence} in at most ${maxDims} columns, n = ${n}, ${dtype}`);
  console.log(`${'products'.padEnd(16)} ${attributes ? attributes.num_matvecs : `${products} blocks so far`}`);
  console.log(`${'state'.padEnd(16)} ${ENDS[status] ?? 'under way; the same call continues'}`);
}

/** How far a directory is. */
export async function tellStatus({ values, words }: Arguments<Fields>): Promise<number> {
  const path = directoryOf({}, words);
  if (await holds(ACCURACY, path)) {
    await accuracyStatus(path, values.json === true);
    return EXIT.done;
  }
  if (await holds(SEARCH, path)) {
    await searchStatus(path, values.json === true);
    return EXIT.done;
  }
  const directory = await openDirectory(path);
  const stages = [...(await progressOf(directory)), ...(await certificateProgress(directory))];
  const isCertified = (await loadCertificate(directory)) !== undefined;
  const queue = await queueOf(directory);
  if (values.json) {
    const { plan, origin } = directory;
    console.log(
      JSON.stringify({ directory: path, plan: flatPlan(plan), origin, stages, certified: isCertified, queue }, null, 2),
    );
    return EXIT.done;
  }
  for (const stage of stages) {
    console.log(line(stage));
    if (values.workers) for (const worker of workers(stage)) console.log(worker);
  }
  console.log(`${'certified'.padEnd(16)} ${isCertified ? 'yes' : 'not yet'}`);
  if (queue) console.log(queue.length === 0 ? 'no job is queued' : 'queue');
  for (const { id, state, reason } of queue ?? []) console.log(`  ${id.padEnd(10)} ${state.toLowerCase()} (${reason})`);
  return EXIT.done;
}
