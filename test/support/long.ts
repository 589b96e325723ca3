/** Whether this is `npm run test:all`, where statistical tests repeat as often as they can afford to. */
import process from 'node:process';

export const long: boolean = process.env.EIGENSKETCH_LONG === '1';
