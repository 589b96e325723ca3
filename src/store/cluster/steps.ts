/** What is left to do in a directory, as commands that an engine runs one after the other or side by side. */
import type { StageProgress } from '../sketch/progress.ts';

/** One command, or one for each shard. */
export interface LaunchStep {
  name: string;
  /** Arguments of `eigensketch`. */
  args: string[];
  /** Shards with something to do, counted from 1, each run with `--shard i/count`; absent for a single command. */
  shards?: { own: number[]; count: number };
}

/** What a launch is told beside the directory. */
export interface LaunchOptions {
  directory: string;
  /** Arguments that name the operator. */
  operator: readonly string[];
  /** Processes or jobs to share the blocks among. */
  count: number;
  /** Arguments for `eigensketch certify`; undefined to leave the certificate out. */
  certify?: string[] | undefined;
}

/** The steps that are not done, in order. Each needs all before it. */
export function launchSteps(progress: readonly StageProgress[], options: LaunchOptions): LaunchStep[] {
  const { directory, operator, count, certify } = options;
  const steps: LaunchStep[] = [];
  for (const stage of progress) {
    if (stage.kind === 'derived') {
      if (!stage.done) steps.push({ name: stage.stage, args: ['recover', directory, '--stage', stage.stage] });
      continue;
    }
    const own = [...new Set(stage.missing.map((block) => (block % count) + 1))].sort((a, b) => a - b);
    if (own.length === 0) continue;
    steps.push({
      name: stage.stage,
      args: ['measure', directory, ...operator, '--stage', stage.stage],
      shards: { own, count },
    });
  }
  if (certify) steps.push({ name: 'certificate', args: ['certify', directory, ...operator, ...certify] });
  return steps;
}
