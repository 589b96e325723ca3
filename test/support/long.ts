/**
 * What `npm test` leaves out for its time: large tests, which `npm run test:large` runs alone, and most repeats of statistical
 * tests, which `npm run test:all` has, with the large tests too.
 */

import process from 'node:process';
import { test } from '@jest/globals';
import { skippedTitle } from './skips.ts';

/** Whether statistical tests repeat as often as they can afford to. */
export const long: boolean = process.env.EIGENSKETCH_LONG === '1';

/** Whether large tests run. */
export const large: boolean = long || process.env.EIGENSKETCH_LONG === 'large';

/** Title of a test that only the long repeats run. */
export const longTitle = (title: string): string =>
  long ? title : skippedTitle(title, 'it is among the long repeats, npm run test:long');

/** `npm run test:large` finds its tests by the beginning of this. */
export const largeTitle = (title: string): string =>
  large ? `large: ${title}` : skippedTitle(title, 'it is large, npm run test:large');

/** A test that `npm test` leaves out. */
export const testLarge = (title: string, body: () => Promise<void>, timeout?: number): void =>
  (large ? test : test.skip)(largeTitle(title), body, timeout);
