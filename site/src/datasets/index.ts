/** The data sets of the page by name. */
import type { Choice } from '../settings.ts';
import type { Dataset } from './dataset.ts';
import { digits } from './digits.ts';
import { regression } from './regression.ts';
import { spirals } from './spirals.ts';

export type { Dataset } from './dataset.ts';

export const DATASETS: Readonly<Record<Exclude<Choice<'data'>, 'own'>, (seed: number) => Dataset>> = {
  spirals,
  digits,
  regression,
};
