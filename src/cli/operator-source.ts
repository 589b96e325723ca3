/** Where a command's operator comes from: what --operator names, or a model and its data in files. */
import { basename, dirname, resolve } from 'node:path';
import { ArgumentError } from '../core/errors.ts';
import { described, type Field, type Fields, optional } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';
import type { OperatorOrigin } from '../store/sketch/directory.ts';
import { optionName, pick, refuseGiven } from './command.ts';
import { MODEL_PROBLEM_FIELDS, type ModelProblemOptions, modelProblem } from './model-problem.ts';
import { loadOperator, nameOfArgument, operatorField } from './operator-file.ts';

type Given = Readonly<Record<string, unknown>>;

const MODEL_FIELDS: Fields = MODEL_PROBLEM_FIELDS;

/** The options that say where the operator comes from. */
export const SOURCE_FIELDS: Record<'operator' | keyof typeof MODEL_PROBLEM_FIELDS, Field<unknown>> = {
  operator: described(optional(operatorField), operatorField.help!),
  ...(Object.fromEntries(
    Object.entries(MODEL_FIELDS).map(([name, field]) => [name, optional(field)]),
  ) as typeof MODEL_PROBLEM_FIELDS),
};

/** A source that is complete: a module, or a model with what belongs to it. */
export type OperatorSource = { readonly operator: string } | ModelProblemOptions;

const NEEDED = ['model', 'data', 'labels'];

/** What a usage line says of a model. */
export const MODEL_USAGE = '--model model.json --data x.npy --labels y.npy --loss NAME';

const isModule = (source: OperatorSource): source is { readonly operator: string } => 'operator' in source;

/**
 * The source that options name; undefined where they name none.
 * @throws ArgumentError for two, and for a model without its data and labels
 */
export function givenSource(given: Given): OperatorSource | undefined {
  const problem = pick(given, MODEL_FIELDS);
  if (given.operator !== undefined) {
    refuseGiven(problem, {}, '--operator');
    return { operator: given.operator as string };
  }
  if (Object.keys(problem).length === 0) return undefined;
  const missing = NEEDED.find((name) => problem[name] === undefined);
  if (missing === undefined) return problem as unknown as ModelProblemOptions;
  const others = missing === 'model' ? `--${optionName(Object.keys(problem)[0]!)}` : '--model';
  throw new ArgumentError(`--${missing} is needed with ${others}`, { option: missing });
}

/** The same where there must be one. @throws ArgumentError also for none */
export function sourceOf(given: Given): OperatorSource {
  const source = givenSource(given);
  if (source === undefined) throw new ArgumentError('--operator or --model is needed', { option: 'operator' });
  return source;
}

/** The operator of a source. */
export function operatorOf(source: OperatorSource): Promise<LinearOperator> {
  return isModule(source) ? loadOperator(source.operator) : modelProblem(source);
}

/** A source with paths that hold from everywhere. */
export function absolute(source: OperatorSource): OperatorSource {
  if (isModule(source)) return { operator: resolve(source.operator) };
  return { ...source, model: resolve(source.model), data: resolve(source.data), labels: resolve(source.labels) };
}

/** A source as a directory remembers it. */
export function originOf(source: OperatorSource): OperatorOrigin {
  return isModule(source) ? source : { operator: source.model, problem: { ...source } };
}

/** The arguments of a command line that name a source. */
export function argumentsOf(source: OperatorSource): string[] {
  return Object.entries(source).flatMap(([name, value]) => [`--${optionName(name)}`, String(value)]);
}

/** The name of an operator in reports: that of its file, or of the folder of a model.json. */
export function operatorName(source: OperatorSource): string {
  if (isModule(source)) return nameOfArgument(source.operator);
  const path = resolve(source.model);
  return basename(path) === 'model.json' ? basename(dirname(path)) : basename(path, '.json');
}
