/** Whether this is `npm run test:all`, where statistical tests repeat as often as they can afford to. */

import process from 'node:process';
import { test } from '@jest/globals';
import { skippedTitle } from './skips.ts';

export const long: boolean = process.env.EIGENSKETCH_LONG === '1';

/** Title of a test that only the long repeats run. */
export const longTitle = (title: string): string =>
  long ? title : skippedTitle(title, 'it is among the long repeats, npm run test:long');

/** A test that only the long repeats run. */
export const testLong = (title: string, body: () => Promise<void>, timeout?: number): void =>
  (long ? test : test.skip)(longTitle(title), body, timeout);
