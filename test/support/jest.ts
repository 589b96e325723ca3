/** The functions of tests, which whatever runs them puts into place: Jest, or `npm run test:mutants`. */
import type * as Jest from '@jest/globals';

const globals = globalThis as unknown as typeof Jest;

export const describe: typeof Jest.describe = globals.describe;
export const test: typeof Jest.test = globals.test;
export const expect: typeof Jest.expect = globals.expect;
export const beforeAll: typeof Jest.beforeAll = globals.beforeAll;
export const afterAll: typeof Jest.afterAll = globals.afterAll;
export const beforeEach: typeof Jest.beforeEach = globals.beforeEach;
export const afterEach: typeof Jest.afterEach = globals.afterEach;
export const jest: Pick<typeof Jest.jest, 'spyOn' | 'replaceProperty' | 'restoreAllMocks'> = globals.jest;
