/** Where a command's operator comes from: a module of the user's, or a model and its data in files. */
import { ArgumentError } from '../core/errors.ts';
import { type Field, type Fields, optional } from '../core/parse.ts';
import type { LinearOperator } from '../linops/operator.ts';
import { optionName, pick, refuseGiven } from './command.ts';
import { MODEL_PROBLEM_FIELDS, type ModelProblemOptions, modelProblem } from './model-problem.ts';
import { loadOperator } from './operator-file.ts';
import { operatorField } from './sketching.ts';

const MODEL_FIELDS: Fields = MODEL_PROBLEM_FIELDS;

/** The options that say where the operator comes from. */
export const SOURCE_FIELDS: Record<'operator' | keyof typeof MODEL_PROBLEM_FIELDS, Field<unknown>> = {
  operator: optional(operatorField),
  ...(Object.fromEntries(
    Object.entries(MODEL_FIELDS).map(([name, field]) => [name, optional(field)]),
  ) as typeof MODEL_PROBLEM_FIELDS),
};

const NEEDED = ['model', 'data', 'labels'];

/** @throws ArgumentError unless there is an operator file, or a model with its data and labels */
export function checkSource(given: Readonly<Record<string, unknown>>): void {
  if (given.operator !== undefined) {
    const others = pick(given, MODEL_FIELDS);
    refuseGiven(others, {}, '--operator');
    return;
  }
  if (given.model === undefined) throw new ArgumentError('--operator or --model is needed', { option: 'operator' });
  const missing = NEEDED.find((name) => given[name] === undefined);
  if (missing !== undefined) {
    throw new ArgumentError(`--${optionName(missing)} is needed with --model`, { option: missing });
  }
}

/** The operator that checked options name. */
export function operatorOf(given: Readonly<Record<string, unknown>>): Promise<LinearOperator> {
  if (given.operator !== undefined) return loadOperator(given.operator as string);
  return modelProblem(pick(given, MODEL_FIELDS) as unknown as ModelProblemOptions);
}
