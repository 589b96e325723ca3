/** What `eigensketch launch` does. */
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { CERTIFICATE_FIELDS } from '../../apost/options.ts';
import type { Fields } from '../../core/parse.ts';
import { isAsAsked, loadCertificate } from '../../store/certificate.ts';
import { refuseSecondLaunch, saveLaunch } from '../../store/cluster/launch.ts';
import { runLocally } from '../../store/cluster/local.ts';
import { type SlurmResources, submit } from '../../store/cluster/slurm.ts';
import { type LaunchStep, launchSteps } from '../../store/cluster/steps.ts';
import type { SketchDirectory } from '../../store/sketch/directory.ts';
import { isFinished, progressOf } from '../../store/sketch/progress.ts';
import { testBlockSize, testsProgress } from '../../store/sketch/test-products.ts';
import { areWanted, readTests } from '../../store/test-vectors.ts';
import { certificateOptions } from '../certificate-options.ts';
import { type Arguments, type CommandContext, optionName } from '../command.ts';
import { EXIT } from '../exit.ts';
import { argumentsOf } from '../operator-source.ts';
import { directoryOf, operatorAgain, resumable } from '../storing.ts';
import { type OpenedRun, openRun } from './opening.ts';
import { deliverStored, storedResult } from './stored-analysis.ts';

type Given = Readonly<Record<string, unknown>>;

/** How this program is started elsewhere. */
function self(): string[] {
  const root = dirname(createRequire(import.meta.url).resolve('eigensketch/package.json'));
  return [process.execPath, join(root, 'bin/eigensketch.js')];
}

/** How far the certificate is: its test vectors are there only with the result that they belong to. */
async function certificateProgress(directory: SketchDirectory, tests: number, shards: number) {
  const blockSize = testBlockSize(directory, tests, shards);
  const stage = (await isFinished(directory)) ? await readTests(directory) : undefined;
  if (!stage) return testsProgress(directory, undefined, { tests, blockSize });
  const result = await storedResult(directory);
  const isIt = await areWanted(stage, result, { tests, seed: directory.plan.seed });
  await result.eigenvectors.space.release(result.eigenvectors);
  return testsProgress(directory, isIt ? stage : undefined, { tests, blockSize });
}

/** What is not done yet; the certificate's options go to its job as they were given. */
async function stepsLeft({ directory, source }: OpenedRun, count: number, given: Given): Promise<LaunchStep[]> {
  const progress = await progressOf(directory);
  const launch = { directory: directory.path, operator: argumentsOf(source), count };
  const wanted = certificateOptions(given);
  if (!wanted || isAsAsked(await loadCertificate(directory), wanted)) return launchSteps(progress, launch);
  const names = Object.keys(CERTIFICATE_FIELDS).filter((name) => given[name] !== undefined);
  const certify = {
    progress: await certificateProgress(directory, wanted.tests, count),
    vectors: ['--tests', String(wanted.tests), '--shards', String(count)],
    args: names.flatMap((name) => [`--${optionName(name)}`, String(given[name])]),
  };
  return launchSteps(progress, { ...launch, certify });
}

async function launchSlurm(directory: SketchDirectory, steps: LaunchStep[], given: Given): Promise<number> {
  const logs = join(directory.path, 'logs');
  await mkdir(logs, { recursive: true });
  const { partition, time, gpus, sbatch = [], json } = given as SlurmResources & { sbatch?: string[]; json?: boolean };
  const jobs = await submit(steps, self(), { partition, time, gpus, options: sbatch }, logs);
  await saveLaunch(directory, { engine: 'slurm', jobs, submitted: new Date().toISOString() });
  if (json) console.log(JSON.stringify({ directory: directory.path, jobs }, null, 2));
  for (const { id, step, shards } of json ? [] : jobs) {
    console.log(`job ${id}: ${step}${shards ? `, shards ${shards.join(' ')}` : ''}`);
  }
  return EXIT.done;
}

/** A run on many processes or machines. */
export async function launchShards(
  { given, values, words }: Arguments<Fields>,
  { signal }: CommandContext,
): Promise<number> {
  const path = directoryOf(given, words);
  const { engine, shards } = values as { engine: 'slurm' | 'local'; shards: number };
  return resumable(signal, `eigensketch launch --engine ${engine} --out ${path}${operatorAgain(given)}`, async () => {
    const opened = await openRun(path, given);
    const { directory } = opened;
    await refuseSecondLaunch(directory);
    const steps = await stepsLeft(opened, shards, given);
    if (engine === 'slurm') return launchSlurm(directory, steps, given);
    await runLocally(steps, self(), signal, (line) => console.error(`eigensketch launch: ${line}`));
    await deliverStored(directory, given.json === true);
    return EXIT.done;
  });
}
