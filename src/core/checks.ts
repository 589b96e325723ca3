/** Argument checks whose messages name the function, the argument, its range and what was given. */
import { ArgumentError } from './errors.ts';

function show(value: unknown): string {
  return typeof value === 'string' ? `'${value}'` : String(value);
}

/** @throws ArgumentError unless `value` is an integer in `lower..upper`; `context` (" for n = 83") ends the message. */
export function checkInteger(
  where: string,
  name: string,
  value: unknown,
  lower: number,
  upper: number,
  context = '',
): number {
  if (Number.isSafeInteger(value) && (value as number) >= lower && (value as number) <= upper) return value as number;
  const range = upper === Number.MAX_SAFE_INTEGER ? `at least ${lower}` : `in ${lower}..${upper}`;
  throw new ArgumentError(`${where}: ${name} must be an integer ${range}, got ${show(value)}${context}`, {
    [name]: value,
    lower,
    upper,
  });
}

/** @throws ArgumentError unless `value` is a number strictly between `lower` and `upper`. */
export function checkBetween(where: string, name: string, value: unknown, lower: number, upper: number): number {
  if (typeof value === 'number' && value > lower && value < upper) return value;
  throw new ArgumentError(`${where}: ${name} must be a number between ${lower} and ${upper}, got ${show(value)}`, {
    [name]: value,
  });
}

/** @throws ArgumentError unless `value` is one of `choices`. */
export function checkChoice<T extends string>(where: string, name: string, value: unknown, choices: readonly T[]): T {
  if ((choices as readonly unknown[]).includes(value)) return value as T;
  const list = choices.map((choice) => `'${choice}'`).join(', ');
  throw new ArgumentError(`${where}: ${name} must be one of ${list}, got ${show(value)}`, { [name]: value });
}

/** A seed: any integer from 0 to 2^53 - 1. @throws ArgumentError otherwise. */
export function checkSeed(where: string, value: unknown): number {
  return checkInteger(where, 'seed', value, 0, Number.MAX_SAFE_INTEGER);
}
