/** The functions of tests, which whatever runs them puts into place: Jest, or `npm run test:mutants`. */
import type * as Jest from '@jest/globals';

const globals = globalThis as unknown as typeof Jest;

/**
 * The function that is in place when it is called: a process runs many files, each with functions of its own, while this module
 * and those that keep what it exports are loaded once.
 */
function inPlace<T extends object>(current: () => T): T {
  return new Proxy(current(), {
    apply: (_, self, args) => Reflect.apply(current() as never, self, args),
    get: (_, name) => {
      const value: unknown = Reflect.get(current(), name);
      return typeof value === 'function' ? inPlace(() => Reflect.get(current(), name) as object) : value;
    },
  });
}

export const describe: typeof Jest.describe = inPlace(() => globals.describe);
export const test: typeof Jest.test = inPlace(() => globals.test);
export const beforeAll: typeof Jest.beforeAll = inPlace(() => globals.beforeAll);
export const afterAll: typeof Jest.afterAll = inPlace(() => globals.afterAll);
export const beforeEach: typeof Jest.beforeEach = inPlace(() => globals.beforeEach);
export const afterEach: typeof Jest.afterEach = inPlace(() => globals.afterEach);
// the same for all files of a process
export const expect: typeof Jest.expect = globals.expect;
export const jest: Pick<typeof Jest.jest, 'spyOn' | 'replaceProperty' | 'restoreAllMocks'> = globals.jest;
