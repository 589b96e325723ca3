/** Options and steps that `seigh` and `certify` share. */
import { writeFile } from 'node:fs/promises';
import type { Certificate } from '../apost/certificate.ts';
import { ArgumentError } from '../core/errors.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { type Analysis, analysisOf } from '../report/analysis.ts';
import { toJson, toMarkdown } from '../report/tables.ts';
import type { SeighOptions } from '../seigh/options.ts';
import { planSketch } from '../seigh/plan.ts';
import { seigh } from '../seigh.ts';
import type { EighResult, Method } from '../spectrum/result.ts';
import { type CommandContext, type Flags, given, numberFlag, type OptionTable } from './command.ts';
import { operatorName } from './operator-file.ts';
import { progressBar } from './progress-bar.ts';

export const SKETCH_OPTIONS: OptionTable = {
  operator: { type: 'string' },
  dims: { type: 'string' },
  method: { type: 'string' },
  'test-matrix': { type: 'string' },
  rank: { type: 'string' },
  'power-iterations': { type: 'string' },
  'block-size': { type: 'string' },
  seed: { type: 'string' },
  'per-batch': { type: 'boolean' },
  name: { type: 'string' },
  out: { type: 'string' },
  json: { type: 'boolean' },
  help: { type: 'boolean', short: 'h' },
};

export const SKETCH_HELP = `  --operator FILE         module with a default export () => LinearOperator | Promise<LinearOperator>
  --dims K                columns of the sketch
  --method M              hmt (default), nystrom, oversampled or krylov
  --test-matrix T         gaussian (default) or rademacher
  --rank R                eigenpairs to keep (default: all)
  --power-iterations P    extra passes (hmt)
  --per-batch             standard errors over data batches (hmt; the operator must offer them)
  --block-size B          columns of one product
  --seed S                default 0
  --name NAME             what reports call the operator (default: the file's name)
  --out FILE              also write the analysis as JSON, for eigensketch report
  --json                  print the analysis as JSON instead of text
  --help                  this text`;

/** The options of `seigh` that were given. */
export function sketchOptions(where: string, flags: Flags, { signal }: CommandContext): SeighOptions {
  const number = (name: string): number | undefined => numberFlag(where, flags, name);
  const options = {
    method: flags.method as Method | undefined,
    testMatrix: flags['test-matrix'] as SeighOptions['testMatrix'],
    rank: number('rank'),
    powerIterations: number('power-iterations'),
    blockSize: number('block-size'),
    seed: number('seed'),
    perBatch: flags['per-batch'] as boolean | undefined,
    onProgress: progressBar(),
    signal,
  };
  return given(options) as SeighOptions;
}

/** Says on stderr what a run will cost, then runs it. @throws ArgumentError without --dims. */
export async function sketch(
  where: string,
  op: LinearOperator,
  flags: Flags,
  context: CommandContext,
): Promise<EighResult> {
  const dims = numberFlag(where, flags, 'dims');
  if (dims === undefined) throw new ArgumentError(`${where}: --dims is needed`);
  const options = sketchOptions(where, flags, context);
  const { method = 'hmt', powerIterations = 0 } = options;
  const [n] = op.shape;
  if (Number.isInteger(dims) && dims >= 1 && dims <= n) {
    const passes = method === 'hmt' ? { powerIterations } : {};
    const products = method === 'oversampled' ? 3 * dims + 1 : method === 'hmt' ? (2 + powerIterations) * dims : dims;
    const plan = planSketch({ n, dtype: op.dtype, method, products, psd: op.psd ?? false, ...passes });
    const megabytes = (plan.bytes / 2 ** 20).toPrecision(3);
    console.error(
      `${where}: ${dims} columns by ${method}: ${plan.numMatvecs} products, ${megabytes} MiB of tall blocks`,
    );
  }
  return seigh(op, dims, options);
}

/** Prints the analysis and writes it where asked. */
export async function deliver(flags: Flags, result: EighResult, certificate: Certificate | undefined): Promise<void> {
  const operator = (flags.name as string | undefined) ?? operatorName(flags.operator as string);
  const analysis: Analysis = analysisOf({ operator, result, certificate });
  process.stdout.write(flags.json ? toJson(analysis) : toMarkdown(analysis));
  if (typeof flags.out === 'string') await writeFile(flags.out, toJson(analysis));
}
