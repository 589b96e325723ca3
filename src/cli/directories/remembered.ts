/** The operator that a directory remembers. */
import { StoreError } from '../../core/errors.ts';
import { parseOptions } from '../../core/parse.ts';
import { descriptionPath, type SketchDirectory } from '../../store/sketch/directory.ts';
import { MODEL_PROBLEM_FIELDS } from '../model-problem.ts';
import type { OperatorSource } from '../operator-source.ts';

/** What a directory remembers of its operator. @throws StoreError for options of a model that are none */
export function rememberedSource(directory: SketchDirectory): OperatorSource | undefined {
  const { operator, problem } = directory.origin;
  if (problem === undefined) return operator === '' ? undefined : { operator };
  try {
    parseOptions(problem, MODEL_PROBLEM_FIELDS);
  } catch (cause) {
    const file = descriptionPath(directory);
    throw new StoreError(
      `${file}: damaged: its model problem is none: ${(cause as Error).message}`,
      { file },
      { cause },
    );
  }
  return problem as unknown as OperatorSource;
}
