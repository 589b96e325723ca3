/** `eigensketch launch`: a run on many processes or machines. */
import { mkdir } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, resolve } from 'node:path';
import { checkChoice, checkInteger } from '../core/checks.ts';
import { refuseSecondLaunch, saveLaunch } from '../store/cluster/launch.ts';
import { runLocally } from '../store/cluster/local.ts';
import { submit } from '../store/cluster/slurm.ts';
import { type LaunchStep, launchSteps } from '../store/cluster/steps.ts';
import { isAsAsked, loadCertificate } from '../store/sketch/certificate.ts';
import type { SketchDirectory } from '../store/sketch/directory.ts';
import { progressOf } from '../store/sketch/progress.ts';
import { CERTIFICATE_HELP, CERTIFICATE_OPTIONS, certificateOptions } from './certificate-options.ts';
import { type Command, type Flags, numberFlag, parse } from './command.ts';
import { EXIT, EXIT_HELP } from './exit.ts';
import { deliverStored } from './stored-analysis.ts';
import { CREATION_HELP, CREATION_OPTIONS, directoryOf, openRun, resumable } from './storing.ts';

const WHERE = 'eigensketch launch';
const ENGINES = ['slurm', 'local'] as const;

/** How this program is started elsewhere. */
function self(): string[] {
  const root = dirname(createRequire(import.meta.url).resolve('eigensketch/package.json'));
  return [process.execPath, join(root, 'bin/eigensketch.js')];
}

/** What is not done yet; the certificate's options go to its job as they were given. */
async function stepsLeft(directory: SketchDirectory, count: number, flags: Flags): Promise<LaunchStep[]> {
  const wanted = certificateOptions(WHERE, flags);
  const names = Object.keys(CERTIFICATE_OPTIONS).filter((name) => flags[name] !== undefined);
  const isNeeded = wanted !== undefined && !isAsAsked(await loadCertificate(directory), wanted);
  const certify = isNeeded ? names.flatMap((name) => [`--${name}`, String(flags[name])]) : undefined;
  return launchSteps(await progressOf(WHERE, directory), { directory: resolve(directory.path), count, certify });
}

async function launchSlurm(directory: SketchDirectory, steps: LaunchStep[], flags: Flags): Promise<number> {
  const logs = join(resolve(directory.path), 'logs');
  await mkdir(logs, { recursive: true });
  const text = (name: string): string | undefined => flags[name] as string | undefined;
  const options = (flags.sbatch as unknown as string[] | undefined) ?? [];
  const resources = { partition: text('partition'), time: text('time'), gpus: text('gpus'), options };
  const jobs = await submit(steps, self(), resources, logs);
  await saveLaunch(directory, { engine: 'slurm', jobs, submitted: new Date().toISOString() });
  if (flags.json) console.log(JSON.stringify({ directory: directory.path, jobs }, null, 2));
  for (const { id, step, shards } of flags.json ? [] : jobs) {
    console.log(`job ${id}: ${step}${shards ? `, shards ${shards.join(' ')}` : ''}`);
  }
  return EXIT.done;
}

export const launchCommand: Command = {
  summary: 'a sketch and its certificate by job arrays of Slurm, or by several processes here',
  help: `Usage: eigensketch launch --engine slurm --operator FILE --dims K --out DIR --shards M [options]
       eigensketch launch --engine local --out DIR -j 2

A second launch submits only what is missing.

  --engine E              slurm or local
  --shards M, -j M        jobs of an array, or processes (default 2)
  --partition P, --time T, --gpus G
                          passed to sbatch for every job
  --sbatch OPTION         any further option of sbatch, such as --sbatch=--mem=8G; may be repeated
${CREATION_HELP}
${CERTIFICATE_HELP}

Example
  eigensketch launch --engine slurm --operator hessian.js --dims 1000 --out hessian.sketch --shards 16 --gpus 1

${EXIT_HELP}`,
  async run(args, { signal }) {
    const { flags, positionals } = parse(args, {
      ...CREATION_OPTIONS,
      ...CERTIFICATE_OPTIONS,
      engine: { type: 'string' },
      shards: { type: 'string', short: 'j' },
      partition: { type: 'string' },
      time: { type: 'string' },
      gpus: { type: 'string' },
      sbatch: { type: 'string', multiple: true },
    });
    const path = directoryOf(WHERE, flags, positionals);
    const engine = checkChoice(WHERE, '--engine', flags.engine, ENGINES);
    const count = checkInteger(WHERE, '--shards', numberFlag(WHERE, flags, 'shards') ?? 2, 1, Number.MAX_SAFE_INTEGER);
    return resumable(signal, `eigensketch launch --engine ${engine} --out ${path}`, async () => {
      const { directory } = await openRun(WHERE, path, flags);
      await refuseSecondLaunch(WHERE, directory);
      const steps = await stepsLeft(directory, count, flags);
      if (engine === 'slurm') return launchSlurm(directory, steps, flags);
      await runLocally(steps, self(), signal, ({ name }) => console.error(`${WHERE}: ${name}`));
      await deliverStored(WHERE, directory, flags);
      return EXIT.done;
    });
  },
};
