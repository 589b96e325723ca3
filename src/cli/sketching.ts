/** Options and steps that `seigh` and `certify` share. */
import { writeFile } from 'node:fs/promises';
import type { Certificate } from '../apost/certificate.ts';
import { ArgumentError } from '../core/errors.ts';
import { described, type Field, type Fields, optional, text } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { type Analysis, analysisOf } from '../report/analysis.ts';
import { toJson, toMarkdown } from '../report/tables.ts';
import {
  dimsField,
  methodField,
  ownFields,
  parseSketchCall,
  parseSketchOptions,
  type SeighOptions,
  sketchFields,
} from '../seigh/options.ts';
import { costOfSketch } from '../seigh/plan.ts';
import type { EighResult } from '../spectrum/result.ts';
import { type CommandContext, json, outputFile, pick } from './command.ts';
import { operatorName, sourceOf } from './operator-source.ts';
import { QUIET, reporterOf } from './progress.ts';

const { store: _store, memory: _memory, ...inMemory } = sketchFields({});

/** The options of `seigh` for a sketch in memory. */
export const SKETCH_FIELDS: Fields = { method: methodField, ...inMemory, ...ownFields({}) };

/** What a command is about and what it prints. */
export const REPORTING_FIELDS: {
  readonly name: Field<string | undefined>;
  readonly out: Field<string | undefined>;
  readonly json: Field<boolean | undefined>;
  readonly quiet: Field<boolean | undefined>;
} = {
  name: described(optional(text), "what reports call the operator (default: the file's name)"),
  out: described(outputFile, 'also write the analysis as JSON, for eigensketch report'),
  json: described(json, 'print the analysis as JSON instead of text'),
  quiet: QUIET,
};

/** Columns of the sketch. */
export const DIMS: Field<number | undefined> = optional(dimsField({}));

type Given = Readonly<Record<string, unknown>>;

/** The options of a sketch, checked before its operator is known. @throws ArgumentError also without --dims. */
export function checkSketch(given: Given): SeighOptions {
  if (given.dims === undefined) throw new ArgumentError('--dims is needed', { option: 'dims' });
  const options = pick(given, SKETCH_FIELDS);
  parseSketchOptions(options, { dims: given.dims as number });
  return options as SeighOptions;
}

/** Says on stderr what a sketch will cost, then makes it. @throws ArgumentError as {@link checkSketch}. */
export async function sketch(
  command: string,
  op: LinearOperator,
  given: Given,
  { signal }: CommandContext,
): Promise<EighResult> {
  const options = checkSketch(given);
  const dims = given.dims as number;
  const call = parseSketchCall(op, dims, options);
  const cost = costOfSketch(dims, { ...call, dtype: op.dtype });
  const megabytes = (cost.bytes / 2 ** 20).toPrecision(3);
  if (given.quiet !== true) {
    console.error(
      `eigensketch ${command}: ${dims} columns by ${cost.method}: ${cost.numMatvecs} products, ${megabytes} MiB of tall blocks`,
    );
  }
  const { seigh } = await import('../seigh.ts');
  return seigh(op, dims, { ...options, onProgress: reporterOf(given), signal });
}

/** Prints the analysis and writes it where asked. */
export async function deliver(given: Given, result: EighResult, certificate: Certificate | undefined): Promise<void> {
  const { name, json, out } = given;
  const analysis: Analysis = analysisOf({
    operator: (name as string | undefined) ?? operatorName(sourceOf(given)),
    result,
    certificate,
  });
  process.stdout.write(json ? toJson(analysis) : toMarkdown(analysis));
  if (typeof out === 'string') await writeFile(out, toJson(analysis));
}
