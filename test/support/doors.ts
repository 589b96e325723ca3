/** What tests of public functions expect of a refusal. */
import { expect } from './jest.ts';

/** What a call ends with, thrown at once or later. */
export async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

/** Checks that the failure is an error of the library that names the function once. */
export function expectRefusal(failure: unknown, name: string): asserts failure is Error {
  const error = failure as (Error & { code?: string }) | undefined;
  expect(`${error?.name}: ${error?.message}`).toMatch(
    new RegExp(`^(ArgumentError|ShapeError|NumericalError): ${name}: `),
  );
  // said once
  expect(error!.message.split(`${name}: `)).toHaveLength(2);
}
