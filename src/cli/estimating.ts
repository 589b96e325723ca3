/** What commands share that print one number with its interval. */
import type { Field } from '../core/parse.ts';
import { ceilingText, estimateText, floorText } from '../report/numbers.ts';
import { json } from './command.ts';
import { MODEL_USAGE, SOURCE_FIELDS } from './operator-source.ts';
import { QUIET } from './progress.ts';

/** The operator, and what is printed. */
export const ESTIMATING_FIELDS: typeof SOURCE_FIELDS & {
  readonly json: Field<boolean | undefined>;
  readonly quiet: Field<boolean | undefined>;
} = { ...SOURCE_FIELDS, json, quiet: QUIET };

/** Usage of a command that needs nothing but an operator. */
export const usageOf = (name: string): string[] => [
  `${name} --operator FILE [options]`,
  `${name} ${MODEL_USAGE} [options]`,
];

/** An estimate whose ends hold for every operator, or are likely. */
interface Estimate {
  estimate: number;
  lower: number;
  upper: number;
  certified: boolean;
  confidence: number;
}

/** '12.3, certified between 11.9 and 12.7, each end with probability 0.99'; ends are rounded outwards. */
export function estimateSentence({ estimate, lower, upper, certified, confidence }: Estimate): string {
  const ends = `between ${floorText(lower)} and ${ceilingText(upper)}`;
  return certified
    ? `${estimateText(estimate)}, certified ${ends}, each end with probability ${confidence}`
    : `${estimateText(estimate)}, likely ${ends} (each end at level ${confidence}, not certified)`;
}
