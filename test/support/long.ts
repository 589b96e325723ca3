/** Whether this is `npm run test:all`, where statistical tests repeat as often as they can afford to. */

import process from 'node:process';
import { skippedTitle } from './skips.ts';

export const long: boolean = process.env.EIGENSKETCH_LONG === '1';

/** Title of a test that only the long repeats run. */
export const longTitle = (title: string): string =>
  long ? title : skippedTitle(title, 'it is among the long repeats, npm run test:long');
