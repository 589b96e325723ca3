/**
 * What `npm test` leaves out for its time: large tests and more repeats of statistical ones, which `npm run test:large` runs
 * alone, and most repeats, which `npm run test:all` has, with the large tests too.
 */

import process from 'node:process';
import { describe, test } from './jest.ts';
import { skippedTitle } from './skips.ts';

/** Whether statistical tests repeat as often as they can afford to. */
export const long: boolean = process.env.EIGENSKETCH_LONG === '1';

/** Whether large tests run. */
export const large: boolean = long || process.env.EIGENSKETCH_LONG === 'large';

/** How often a statistical test repeats: in `npm test`, in `npm run test:large` and in the long repeats. */
export const repeats = (few: number, more: number, most: number): number => (long ? most : large ? more : few);

/** Title of a test with `repeats`, which is among the large ones, too. */
export const repeatedTitle = (title: string): string => (large ? `large: ${title}` : title);

/** Title of a test that only the long repeats run. */
export const longTitle = (title: string): string =>
  long ? title : skippedTitle(title, 'it is among the long repeats, npm run test:long');

/** `npm run test:large` finds its tests by the beginning of this. */
export const largeTitle = (title: string): string =>
  large ? `large: ${title}` : skippedTitle(title, 'it is large, npm run test:large');

/** A test that `npm test` leaves out. */
export const testLarge = (title: string, body: () => Promise<void>, timeout?: number): void =>
  (large ? test : test.skip)(largeTitle(title), body, timeout);

/** A group of tests that `npm test` leaves out. */
export const describeLarge = (title: string, body: () => void): void =>
  (large ? describe : describe.skip)(largeTitle(title), body);
