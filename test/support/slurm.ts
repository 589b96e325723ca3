/** A Slurm of one node for tests: munged, slurmctld and slurmd in a folder and on ports of their own. */
import { execFile, execFileSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as after } from 'node:timers/promises';
import { promisify } from 'node:util';
import { describe } from './jest.ts';
import { skippedTitle } from './skips.ts';

const execute = promisify(execFile);

export interface Slurm {
  /** What programs need in their environment to find this Slurm. */
  env: Record<string, string>;
  /** Runs one of its programs. */
  run(program: string, ...args: string[]): Promise<string>;
  stop(): Promise<void>;
}

function configuration(folder: string, host: string, port: number): string {
  return `ClusterName=test
SlurmctldHost=${host}(127.0.0.1)
AuthType=auth/munge
AuthInfo=socket=${folder}/munge/socket
SlurmUser=root
SlurmdUser=root
SlurmctldPort=${port}
SlurmdPort=${port + 1}
StateSaveLocation=${folder}/state
SlurmdSpoolDir=${folder}/spool
SlurmctldPidFile=${folder}/slurmctld.pid
SlurmdPidFile=${folder}/slurmd.pid
SlurmctldLogFile=${folder}/slurmctld.log
SlurmdLogFile=${folder}/slurmd.log
ProctrackType=proctrack/linuxproc
TaskPlugin=task/none
SelectType=select/cons_tres
SelectTypeParameters=CR_Core
MpiDefault=none
ReturnToService=2
KillWait=2
SchedulerParameters=sched_interval=1,batch_sched_delay=1
SlurmdParameters=config_overrides
NodeName=${host} NodeAddr=127.0.0.1 CPUs=4 SocketsPerBoard=1 CoresPerSocket=4 ThreadsPerCore=1 State=UNKNOWN
PartitionName=main Nodes=${host} Default=YES MaxTime=INFINITE State=UP
`;
}

async function kill(pidFile: string): Promise<void> {
  const pid = Number(await readFile(pidFile, 'utf8').catch(() => Number.NaN));
  if (!Number.isInteger(pid)) return;
  try {
    process.kill(pid);
    // its folder is removed next
    for (let wait = 0; wait < 50; wait++) {
      await after(100);
      process.kill(pid, 0);
    }
    process.kill(pid, 'SIGKILL');
  } catch {
    // it has ended
  }
}

/** Starts it and waits until its node takes jobs. */
export async function startSlurm(): Promise<Slurm> {
  const folder = await mkdtemp(join(tmpdir(), 'eigensketch-slurm-'));
  const [host] = hostname().split('.') as [string];
  const port = 20_000 + (process.pid % 20_000);
  for (const name of ['munge', 'state', 'spool']) await mkdir(join(folder, name), { mode: 0o700 });
  await chmod(folder, 0o755);
  await writeFile(join(folder, 'munge/key'), randomBytes(1024), { mode: 0o400 });
  await writeFile(join(folder, 'slurm.conf'), configuration(folder, host, port));
  const env = { SLURM_CONF: join(folder, 'slurm.conf') };
  const run = async (program: string, ...args: string[]): Promise<string> =>
    (await execute(program, args, { env: { ...process.env, ...env } })).stdout.trim();
  const stop = async (): Promise<void> => {
    for (const name of ['slurmd.pid', 'slurmctld.pid', 'munge/pid']) await kill(join(folder, name));
    await rm(folder, { recursive: true, force: true });
  };
  try {
    const munge = (name: string): string => join(folder, 'munge', name);
    await run(
      'munged',
      '--force',
      `--key-file=${munge('key')}`,
      `--socket=${munge('socket')}`,
      `--pid-file=${munge('pid')}`,
      `--log-file=${munge('log')}`,
      `--seed-file=${munge('seed')}`,
    );
    await run('slurmctld', '-c');
    await run('slurmd', '-c', '-N', host);
    for (let wait = 0; ; wait++) {
      const state = await run('sinfo', '--noheader', '--format=%t').catch(() => 'no answer');
      if (state === 'idle') return { env, run, stop };
      if (wait > 100) throw new Error(`Slurm did not start: its node is '${state}'`);
      await after(200);
    }
  } catch (error) {
    await stop();
    throw error;
  }
}

function reasonToSkip(): string | undefined {
  if (process.getuid?.() !== 0) return 'Slurm can be started by root only';
  for (const program of ['munged', 'slurmctld', 'slurmd', 'sbatch', 'squeue', 'scontrol']) {
    try {
      execFileSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' });
    } catch {
      return `${program} is not installed (Debian: slurm-wlm)`;
    }
  }
  return undefined;
}

/** A group of tests that need Slurm, skipped with the reason in its title where there is none. */
export function describeSlurm(name: string, tests: () => void): void {
  const reason = reasonToSkip();
  if (reason === undefined) {
    describe(name, tests);
    return;
  }
  if (process.env.EIGENSKETCH_REQUIRE_SLURM) throw new Error(`Slurm is required here: ${reason}`);
  console.warn(`Slurm is not tested: ${reason}`);
  describe.skip(skippedTitle(name, reason), tests);
}
