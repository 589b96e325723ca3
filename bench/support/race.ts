/**
 * Contestants run in turn, each in a process of its own, several times over, so that whatever else the machine does falls
 * on all of them alike. A contestant prints one JSON object: its measurements by name, and what it ran on.
 */
import { spawn } from 'node:child_process';

export interface Contestant {
  name: string;
  /** Program and arguments. */
  command: readonly [string, ...string[]];
  env?: Record<string, string>;
}

/** What a contestant prints. */
export interface Lap {
  /** Seconds, bytes or errors, by name. */
  metrics: Record<string, number>;
  /** Provider, versions, settings. */
  info: Record<string, unknown>;
}

export interface Standing {
  name: string;
  info: Record<string, unknown>;
  laps: Record<string, number>[];
}

export interface Race {
  standings: Standing[];
  /** Contestants that could not run here, and why. */
  absent: { name: string; reason: string }[];
}

/** Every contestant works with this many threads. */
export const THREADS = '2';
const ENVIRONMENT = {
  OPENBLAS_NUM_THREADS: THREADS,
  OMP_NUM_THREADS: THREADS,
  MKL_NUM_THREADS: THREADS,
  EIGENSKETCH_THREADS: THREADS,
};

function runOnce({ command: [program, ...args], env = {} }: Contestant): Promise<Lap> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      env: { ...process.env, ...ENVIRONMENT, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    let complaints = '';
    child.stdout.on('data', (chunk) => {
      output += chunk;
    });
    child.stderr.on('data', (chunk) => {
      complaints += chunk;
    });
    child.on('error', reject);
    child.on('close', (code) => {
      if (code === 0) resolve(JSON.parse(output.trim().split('\n').at(-1)!) as Lap);
      else reject(new Error(complaints.trim().split('\n').at(-1) ?? `exit code ${code}`));
    });
  });
}

/** Runs all contestants `repeats` times, interleaved, and says on stderr how far it is. */
export async function race(contestants: readonly Contestant[], repeats: number): Promise<Race> {
  const standings = new Map<string, Standing>();
  const absent: Race['absent'] = [];
  for (let lap = 1; lap <= repeats; lap++) {
    for (const contestant of contestants) {
      if (absent.some(({ name }) => name === contestant.name)) continue;
      process.stderr.write(`lap ${lap}/${repeats}  ${contestant.name}`);
      try {
        const { metrics, info } = await runOnce(contestant);
        const standing = standings.get(contestant.name) ?? { name: contestant.name, info, laps: [] };
        standing.laps.push(metrics);
        standings.set(contestant.name, standing);
        process.stderr.write(
          `  ${Object.entries(metrics)
            .map(([key, value]) => `${key} ${value.toPrecision(4)}`)
            .join(', ')}\n`,
        );
      } catch (error) {
        absent.push({ name: contestant.name, reason: String((error as Error).message) });
        process.stderr.write(`  not here: ${(error as Error).message}\n`);
      }
    }
  }
  return { standings: [...standings.values()], absent };
}

export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** One metric of a standing over its laps. */
export function column(standing: Standing, metric: string): number[] {
  return standing.laps.map((lap) => lap[metric]).filter((value) => value !== undefined);
}

/** How many times longer `other` takes than `standing`: the median of the ratios lap by lap. */
export function ratio(standing: Standing, other: Standing, metric: string): number {
  const [mine, theirs] = [column(standing, metric), column(other, metric)];
  return median(mine.map((value, lap) => theirs[lap]! / value));
}
