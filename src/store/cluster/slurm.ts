/** Slurm: each step is a job or a job array that waits for the one before it. The queue and the machines are Slurm's. */
import { execFile } from 'node:child_process';
import process from 'node:process';
import { promisify } from 'node:util';
import { UnsupportedError } from '../../core/errors.ts';
import { betweenCalls } from '../../linalg/kernels/native.ts';
import type { LaunchStep } from './steps.ts';

/** What jobs are given; passed to `sbatch` as it stands. */
export interface SlurmResources {
  partition?: string | undefined;
  /** Time limit of each job, '2:00:00'. */
  time?: string | undefined;
  /** GPUs of each job. */
  gpus?: string | undefined;
  /** Any further option, such as '--mem=8G'. */
  options?: readonly string[];
}

/** A job as it was submitted. */
export interface SlurmJob {
  id: string;
  step: string;
  /** Shards of the array. */
  shards?: number[];
}

/** A line of the queue. */
export interface QueuedJob {
  /** '17' or, of an array, '17_3'. */
  id: string;
  state: string;
  reason: string;
}

/** A task that was killed or fell to an error of its machine is queued again so often. */
const RESTARTS = 3;

const quote = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/**
 * The batch script of a step. What cannot go better a second time (wrong options, another operator, a damaged file, an
 * interruption) ends the job; anything else, also a kill, queues the task again.
 */
export function batchScript(command: readonly string[], step: LaunchStep): string {
  const shard = step.shards ? ` --shard SLURM_ARRAY_TASK_ID/${step.shards.count}` : '';
  return `#!/bin/sh
${[...command, ...step.args].map(quote).join(' ')}${shard}
code=$?
case $code in 0|2|3|5) exit $code ;; esac
if [ "\${SLURM_RESTART_COUNT:-0}" -lt ${RESTARTS} ]; then
  scontrol requeue "$SLURM_JOB_ID" && sleep 60
fi
exit $code
`;
}

/** Options of `sbatch` for a step. */
export function batchOptions(
  step: LaunchStep,
  { partition, time, gpus, options = [] }: SlurmResources,
  log: string,
  after: string | undefined,
): string[] {
  return [
    '--parsable',
    '--requeue',
    // a job whose predecessor failed would wait for ever
    '--kill-on-invalid-dep=yes',
    `--job-name=eigensketch-${step.name}`,
    `--output=${log}`,
    // a task that is queued again goes on with its log
    '--open-mode=append',
    ...(step.shards ? [`--array=${step.shards.own.join(',')}`] : []),
    ...(after === undefined ? [] : [`--dependency=afterok:${after}`]),
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(time === undefined ? [] : [`--time=${time}`]),
    ...(gpus === undefined ? [] : [`--gpus=${gpus}`]),
    ...options,
  ];
}

/** Runs one of Slurm's programs. @throws UnsupportedError where it is not installed or fails. */
async function slurm(program: string, args: readonly string[], input = ''): Promise<string> {
  const run = promisify(execFile);
  // in an object: the answer itself would be waited for
  const { answer } = await betweenCalls(() => ({ answer: run(program, args, { env: process.env }) }));
  // one that ends before it has read says why on stderr
  answer.child.stdin?.on('error', () => undefined);
  answer.child.stdin?.end(input);
  try {
    return (await answer).stdout.trim();
  } catch (error) {
    const { code, stderr, message } = error as NodeJS.ErrnoException & { stderr?: string };
    const reason = code === 'ENOENT' ? 'it is not installed here' : stderr?.trim() || message;
    throw new UnsupportedError(`${program}: ${reason}`, { program }, { cause: error });
  }
}

/**
 * Submits all steps, each after the one before it.
 * @param command how `eigensketch` is started on the machines
 * @param logs folder for what the jobs print
 * @throws UnsupportedError with what `sbatch` says.
 */
export async function submit(
  steps: readonly LaunchStep[],
  command: readonly string[],
  resources: SlurmResources,
  logs: string,
): Promise<SlurmJob[]> {
  const jobs: SlurmJob[] = [];
  for (const step of steps) {
    // Slurm has patterns of its own in the names of files
    const log = `${logs.replaceAll('%', '%%')}/${step.name}-${step.shards ? '%A_%a' : '%j'}.log`;
    const options = batchOptions(step, resources, log, jobs.at(-1)?.id);
    const answer = await slurm('sbatch', options, batchScript(command, step));
    // with several clusters the answer is 'id;cluster'
    const id = answer.split(';')[0]!;
    jobs.push({ id, step: step.name, ...(step.shards ? { shards: step.shards.own } : {}) });
  }
  return jobs;
}

/** Those of the jobs that wait or run. Jobs that Slurm has forgotten have ended. */
export async function queued(ids: readonly string[]): Promise<QueuedJob[]> {
  if (ids.length === 0) return [];
  const text = await slurm('squeue', ['--noheader', '--array', '--format=%i|%T|%r', `--jobs=${ids.join(',')}`]).catch(
    (error: Error) => {
      if (/invalid job id/i.test(error.message)) return '';
      throw error;
    },
  );
  return text.split('\n').flatMap((line) => {
    const [id, state, reason = ''] = line.split('|');
    return id && state ? [{ id, state, reason }] : [];
  });
}
