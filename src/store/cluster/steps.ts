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
  /** Undefined to leave the certificate out. */
  certify?: CertificateSteps | undefined;
}

/** What a launch is told of the certificate. */
export interface CertificateSteps {
  /** Of the test vectors and the products with them. */
  progress: readonly StageProgress[];
  /** Arguments of `eigensketch recover` that say which test vectors. */
  vectors: string[];
  /** Arguments for `eigensketch certify`. */
  args: string[];
}

/** The steps that are not done, in order. Each needs all before it. */
export function launchSteps(progress: readonly StageProgress[], options: LaunchOptions): LaunchStep[] {
  const { directory, operator, count, certify } = options;
  const steps: LaunchStep[] = [];
  for (const stage of [...progress, ...(certify?.progress ?? [])]) {
    if (stage.kind === 'derived') {
      const more = certify?.progress.includes(stage) ? certify.vectors : [];
      if (!stage.done) steps.push({ name: stage.stage, args: ['recover', directory, '--stage', stage.stage, ...more] });
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
  if (certify) steps.push({ name: 'certify', args: ['certify', directory, ...operator, ...certify.args] });
  return steps;
}
